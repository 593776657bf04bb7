package io.jvirtiofsd.bench;

import io.jvirtiofsd.fake.FuseClient;
import io.jvirtiofsd.fake.FuseErrorException;
import io.jvirtiofsd.guest.Daemon;
import io.jvirtiofsd.guest.GuestKit;
import io.jvirtiofsd.guest.Processes;
import io.jvirtiofsd.vhost.FakeDriver;
import io.jvirtiofsd.vhost.FakeFrontend;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Counts the system calls that a daemon makes for one request of each kind, as strace(1) shows
 * them: those that reach the file system or change the thread, without those by which a queue is
 * waited for and answered.
 */
public final class CallCounts {
    private static final int ROUNDS = 3;
    private static final int PAUSE_MILLIS = 10; // the daemon may have something left to do
    private static final int USER = 1000;
    private static final int O_WRONLY = 1; // asm-generic/fcntl.h
    private static final int FILE_MODE = 0100644;
    private static final String NAME = "user.bench";

    /** Of the queue: waiting for it, being woken and waking. */
    private static final Set<String> OF_THE_QUEUE =
            Set.of("futex", "epoll_wait", "epoll_pwait", "read", "write", "sched_yield", "ppoll");

    /** Thread, time and call at the beginning of a line; not where a call goes on. */
    private static final Pattern CALL = Pattern.compile("^(\\d+) +(\\d+\\.\\d+) (\\w+)\\(");

    /** A request, and what comes before and after it uncounted. */
    private record Row(String name, Runnable before, Runnable request, Runnable after) {}

    private final FuseClient fuse;
    private final long file;
    private long fh;
    private FuseClient.Created made;

    private CallCounts(FuseClient fuse) {
        this.fuse = fuse;
        this.file = fuse.lookup(FuseClient.ROOT, "file").nodeId();
    }

    /**
     * @param args the folder of another checkout, which is built, to count there, too
     */
    public static void main(String[] args) throws Exception {
        Path folder = Processes.temporaryFolder();
        Path share = Files.createDirectory(folder.resolve("share"));
        Files.setPosixFilePermissions(share, PosixFilePermissions.fromString("rwxrwxrwx"));
        Files.write(share.resolve("file"), new byte[1 << 20]);
        Files.write(share.resolve("other"), new byte[1]);
        List<Map<String, String>> columns = new ArrayList<>();
        columns.add(count(Daemon.start(share, folder.resolve("ours"), "--xattr"), "queue-1"));
        for (String checkout : args) {
            columns.add(
                    count(
                            Daemon.startOf(
                                    Path.of(checkout), share, folder.resolve("before"), "--xattr"),
                            "queue-1"));
        }
        columns.add(
                count(
                        Daemon.startPeer(GuestKit.get(), share, folder.resolve("peer"), "--xattr"),
                        ""));
        System.out.println("| request | ours | " + (args.length > 0 ? "before | " : "") + "peer |");
        for (String request : columns.get(0).keySet()) {
            StringBuilder line = new StringBuilder("| " + request + " |");
            columns.forEach(column -> line.append(' ').append(column.get(request)).append(" |"));
            System.out.println(line);
        }
    }

    /** The calls of each row; owns {@code daemon}, of which {@code thread} alone is looked at. */
    private static Map<String, String> count(Daemon daemon, String thread) throws Exception {
        try (daemon;
                FakeFrontend frontend = new FakeFrontend(daemon.socket())) {
            frontend.negotiate(FakeFrontend.FEATURES, 0, 1, FakeDriver.memoryBytes(2));
            frontend.start(1, 128);
            FuseClient fuse = new FuseClient(frontend, 1);
            fuse.init(0);
            CallCounts counts = new CallCounts(fuse);
            Map<String, String> results = new LinkedHashMap<>();
            for (Row row : counts.rows()) {
                results.put(row.name(), counts.traced(row, daemon.servingPid(), thread));
            }
            return results;
        }
    }

    private String traced(Row row, long pid, String thread) throws Exception {
        Path trace = Files.createTempFile("calls", ".strace");
        Process strace =
                new ProcessBuilder(
                                "strace",
                                "-f",
                                "-ttt",
                                "-s0",
                                "-o",
                                trace.toString(),
                                "-p",
                                Long.toString(pid))
                        .redirectErrorStream(true)
                        .start();
        strace.getInputStream().read(); // that it is attached
        Set<String> threads = threads(pid, thread);
        double begin = 0;
        double end = 0;
        for (int round = 0; round < ROUNDS; round++) { // what happens once does not count
            row.before().run();
            TimeUnit.MILLISECONDS.sleep(PAUSE_MILLIS);
            begin = now();
            row.request().run();
            end = now();
            TimeUnit.MILLISECONDS.sleep(PAUSE_MILLIS);
            row.after().run();
        }
        strace.destroy();
        strace.waitFor();
        List<String> calls = calls(trace, threads, begin, end);
        return calls.size() + " (" + String.join(" ", calls) + ")";
    }

    private static double now() {
        Instant now = Instant.now();
        return now.getEpochSecond() + now.getNano() / 1e9;
    }

    /** The ids of the threads with this name; of all if it is empty. */
    private static Set<String> threads(long pid, String name) throws IOException {
        Set<String> ids = new HashSet<>();
        try (var tasks = Files.newDirectoryStream(Path.of("/proc/" + pid + "/task"))) {
            for (Path task : tasks) {
                if (name.isEmpty() || Files.readString(task.resolve("comm")).strip().equals(name)) {
                    ids.add(task.getFileName().toString());
                }
            }
        }
        return ids;
    }

    private static List<String> calls(Path trace, Set<String> threads, double begin, double end)
            throws IOException {
        List<String> calls = new ArrayList<>();
        for (String line : Files.readAllLines(trace, StandardCharsets.ISO_8859_1)) {
            Matcher call = CALL.matcher(line);
            if (!call.find() || !threads.contains(call.group(1))) {
                continue;
            }
            double time = Double.parseDouble(call.group(2));
            if (time >= begin && time <= end && !OF_THE_QUEUE.contains(call.group(3))) {
                calls.add(call.group(3));
            }
        }
        return calls;
    }

    private List<Row> rows() {
        List<Row> rows = new ArrayList<>();
        Runnable nothing = () -> {};
        Runnable forget = () -> fuse.forget(made.node().nodeId(), 1);
        rows.add(
                new Row(
                        "LOOKUP, known",
                        nothing,
                        () -> fuse.lookup(FuseClient.ROOT, "file"),
                        () -> fuse.forget(file, 1)));
        rows.add(
                new Row(
                        "LOOKUP, new",
                        nothing,
                        () -> note(fuse.lookup(FuseClient.ROOT, "other")),
                        forget));
        rows.add(
                new Row(
                        "LOOKUP, missing",
                        nothing,
                        () -> failing(() -> fuse.lookup(FuseClient.ROOT, "missing")),
                        nothing));
        rows.add(new Row("GETATTR", nothing, () -> fuse.getattr(file), nothing));
        rows.add(
                new Row(
                        "OPEN",
                        nothing,
                        () -> fh = fuse.open(file, 2),
                        () -> fuse.release(file, fh)));
        Runnable open = () -> fh = fuse.open(file, 2);
        Runnable release = () -> fuse.release(file, fh);
        rows.add(new Row("READ", open, () -> fuse.read(file, fh, 0, 4096), release));
        rows.add(new Row("WRITE", open, () -> fuse.write(file, fh, 0, new byte[4096]), release));
        rows.add(new Row("FLUSH, nothing written", open, () -> fuse.flush(file, fh), release));
        rows.add(
                new Row(
                        "FLUSH after WRITE",
                        () -> {
                            open.run();
                            fuse.write(file, fh, 0, new byte[4096]);
                        },
                        () -> fuse.flush(file, fh),
                        release));
        rows.add(new Row("FSYNC", open, () -> fuse.fsync(file, fh), release));
        rows.add(new Row("RELEASE", open, release, nothing));
        Runnable remove =
                () -> {
                    fuse.as(0, 0);
                    fuse.release(made.node().nodeId(), made.fh());
                    fuse.unlink(FuseClient.ROOT, "new");
                    forget.run();
                };
        Runnable create = () -> made = fuse.create(FuseClient.ROOT, "new", O_WRONLY, FILE_MODE);
        rows.add(new Row("CREATE by root", nothing, create, remove));
        rows.add(new Row("CREATE by a user", () -> fuse.as(USER, USER), create, remove));
        Runnable rmdir =
                () -> {
                    fuse.as(0, 0);
                    fuse.rmdir(FuseClient.ROOT, "new");
                    forget.run();
                };
        Runnable mkdir = () -> note(fuse.mkdir(FuseClient.ROOT, "new", 0755));
        rows.add(new Row("MKDIR by root", nothing, mkdir, rmdir));
        rows.add(new Row("MKDIR by a user", () -> fuse.as(USER, USER), mkdir, rmdir));
        Runnable unlink =
                () -> {
                    fuse.unlink(FuseClient.ROOT, "new");
                    forget.run();
                };
        rows.add(
                new Row(
                        "SYMLINK by root",
                        nothing,
                        () -> note(fuse.symlink(FuseClient.ROOT, "new", "target")),
                        unlink));
        rows.add(
                new Row(
                        "UNLINK",
                        () -> note(fuse.mknod(FuseClient.ROOT, "new", FILE_MODE, 0)),
                        () -> fuse.unlink(FuseClient.ROOT, "new"),
                        forget));
        rows.add(
                new Row(
                        "RENAME",
                        () -> note(fuse.mknod(FuseClient.ROOT, "new", FILE_MODE, 0)),
                        () -> fuse.rename(FuseClient.ROOT, "new", FuseClient.ROOT, "newer", 0),
                        () -> {
                            fuse.unlink(FuseClient.ROOT, "newer");
                            forget.run();
                        }));
        rows.add(
                new Row(
                        "SETATTR, mode",
                        nothing,
                        () -> fuse.setattr(file, 1, FILE_MODE, 0, 0, 0),
                        nothing));
        rows.add(
                new Row(
                        "SETATTR, size",
                        nothing,
                        () -> fuse.setattr(file, 8, 0, 0, 0, 1 << 20),
                        nothing));
        rows.add(new Row("SETXATTR", nothing, this::setxattr, nothing));
        rows.add(new Row("GETXATTR", nothing, () -> getxattr(NAME), nothing));
        rows.add(new Row("GETXATTR, open file", open, () -> getxattr(NAME), release));
        rows.add(
                new Row(
                        "GETXATTR, missing",
                        nothing,
                        () -> failing(() -> getxattr("security.capability")),
                        nothing));
        rows.add(
                new Row("LISTXATTR", nothing, () -> fuse.raw(23, file, size(1024), 1024), nothing));
        rows.add(new Row("REMOVEXATTR", this::setxattr, this::removexattr, nothing));
        rows.add(new Row("STATFS", nothing, fuse::statfs, nothing));
        rows.add(
                new Row(
                        "OPENDIR",
                        nothing,
                        () -> fh = fuse.opendir(FuseClient.ROOT),
                        () -> fuse.releasedir(FuseClient.ROOT, fh)));
        rows.add(
                new Row(
                        "READDIRPLUS of 2 new names",
                        () -> fh = fuse.opendir(FuseClient.ROOT),
                        () -> fuse.readdir(FuseClient.ROOT, fh, 0, 4096, true),
                        () -> fuse.releasedir(FuseClient.ROOT, fh)));
        return rows;
    }

    private void note(FuseClient.Node node) {
        made = new FuseClient.Created(node, 0);
    }

    private static void failing(Runnable request) {
        try {
            request.run();
        } catch (FuseErrorException expected) {
            return;
        }
    }

    private void setxattr() {
        byte[] name = (NAME + "\0").getBytes(StandardCharsets.US_ASCII);
        ByteBuffer in = ByteBuffer.allocate(8 + name.length + 5).order(ByteOrder.LITTLE_ENDIAN);
        fuse.raw(21, file, in.putInt(5).putInt(0).put(name).array(), 0);
    }

    private void getxattr(String of) {
        byte[] name = (of + "\0").getBytes(StandardCharsets.US_ASCII);
        ByteBuffer in = ByteBuffer.allocate(8 + name.length).order(ByteOrder.LITTLE_ENDIAN);
        fuse.raw(22, file, in.putInt(1024).putInt(0).put(name).array(), 1024);
    }

    private void removexattr() {
        fuse.raw(24, file, (NAME + "\0").getBytes(StandardCharsets.US_ASCII), 0);
    }

    private static byte[] size(int bytes) {
        return ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putInt(bytes).array();
    }
}
