package io.jvirtiofsd.fake;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.jvirtiofsd.linux.AlteredSyscalls;
import io.jvirtiofsd.linux.Syscalls;
import io.jvirtiofsd.passthrough.HandleMode;
import io.jvirtiofsd.passthrough.XattrOptions;
import io.jvirtiofsd.vhost.FakeFrontend;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The system calls that requests cost: docs/speed.md has the table, by strace(1). */
class CallsPerRequestTest {
    private static final int O_RDWR = 2;
    private static final int FILE_MODE = 0100644;
    private static final int WRITE_CACHE = 1;

    /** Of the queue, not of the request. */
    private static final Set<String> OF_THE_QUEUE =
            Set.of("read", "write", "epollWait", "geteuid", "getegid");

    @TempDir Path folder;

    private final List<String> made = new CopyOnWriteArrayList<>();
    private InProcess backEnd;
    private FakeFrontend frontend;
    private FuseClient fuse;
    private long file;

    @BeforeEach
    void connect() throws Exception {
        Syscalls syscalls =
                AlteredSyscalls.with(
                        (name, arguments, real) -> {
                            String thread = Thread.currentThread().getName();
                            if (thread.equals("queue-1") && !OF_THE_QUEUE.contains(name)) {
                                made.add(name);
                            }
                            return real.getAsLong();
                        });
        Path share = Files.createDirectory(folder.resolve("share"));
        Files.setPosixFilePermissions(share, PosixFilePermissions.fromString("rwxrwxrwx"));
        Files.writeString(share.resolve("file"), "content");
        backEnd =
                new InProcess(
                        syscalls,
                        share,
                        folder,
                        options ->
                                options.xattrs(XattrOptions.on())
                                        .inodeFileHandles(HandleMode.NEVER));
        frontend = FuseRig.connect(backEnd, FuseRig.FEATURES);
        fuse = new FuseClient(frontend, 1);
        fuse.init(0);
        file = fuse.lookup(FuseClient.ROOT, "file").nodeId();
    }

    @AfterEach
    void disconnect() throws Exception {
        frontend.close();
        backEnd.close();
    }

    private <T> T asserting(String calls, Supplier<T> request) {
        made.clear();
        T result = request.get();
        assertEquals(calls, String.join(" ", made));
        return result;
    }

    private void assertCalls(String calls, Runnable request) {
        asserting(
                calls,
                () -> {
                    request.run();
                    return null;
                });
    }

    @Test
    void oneCallIsEnoughForMost() {
        assertCalls("statx", () -> fuse.lookup(FuseClient.ROOT, "file"));
        assertCalls(
                "statx",
                () -> FuseRig.assertErrno(2, () -> fuse.lookup(FuseClient.ROOT, "missing")));
        assertCalls("statx", () -> fuse.getattr(file));
        assertCalls("fstatfs", fuse::statfs);
        long fh = asserting("statx openat", () -> fuse.open(file, O_RDWR));
        assertCalls("pwritev2", () -> fuse.write(file, fh, 0, new byte[9]));
        assertCalls("preadv2", () -> fuse.read(file, fh, 0, 9));
        assertCalls("fsync", () -> fuse.fsync(file, fh));
        assertCalls("close", () -> fuse.release(file, fh));
    }

    @Test
    void whatIsNewIsLookedUpWithoutAskingForTheName() {
        fuse.as(1000, 1001).mkdir(FuseClient.ROOT, "umask of its own", 0700);
        String asUser = "setresgid setresuid %s setresuid setresgid openat statx";
        assertCalls(
                asUser.formatted("mkdirat"), () -> fuse.mkdir(FuseClient.ROOT, "directory", 0700));
        assertCalls(
                asUser.formatted("mknodat"), () -> fuse.mknod(FuseClient.ROOT, "fifo", 0010600, 0));
        assertCalls(
                "setresgid setresuid openat setresuid setresgid statx openat statx",
                () -> fuse.create(FuseClient.ROOT, "by a user", O_RDWR, FILE_MODE));
        fuse.as(0, 0);
        assertCalls(
                "symlinkat openat statx", () -> fuse.symlink(FuseClient.ROOT, "link", "target"));
        assertCalls(
                "openat statx openat statx",
                () -> fuse.create(FuseClient.ROOT, "by root", O_RDWR, FILE_MODE));
    }

    @Test
    void changedAttributesAreAskedForOnce() {
        assertCalls("fchmodat statx", () -> fuse.setattr(file, 1, 0600, 0, 0, 0));
        assertCalls("openat ftruncate close statx", () -> fuse.setattr(file, 8, 0, 0, 0, 3));
    }

    @Test
    void flushAsksOnceAfterWhatWasWritten() {
        long fh = fuse.open(file, O_RDWR);
        long other = fuse.open(file, O_RDWR);
        assertCalls("", () -> fuse.flush(file, fh));
        fuse.write(file, fh, 0, new byte[9]);
        assertCalls("", () -> fuse.flush(file, other));
        assertCalls("dup close", () -> fuse.flush(file, fh));
        assertCalls("", () -> fuse.flush(file, fh));
        fuse.fallocate(file, fh, 0, 100, 0);
        assertCalls("dup close", () -> fuse.flush(file, fh));
    }

    /** The guest writes it by whatever handle. */
    @Test
    void flushAsksAlwaysOfWhatTheGuestHasCached() {
        long fh = fuse.open(file, O_RDWR);
        long other = fuse.open(file, O_RDWR);
        long reading = fuse.open(file, 0);
        fuse.write(file, other, 0, WRITE_CACHE, new byte[9]);
        assertCalls("dup close", () -> fuse.flush(file, fh));
        assertCalls("dup close", () -> fuse.flush(file, fh));
        assertCalls("", () -> fuse.flush(file, reading));
    }

    @Test
    void attributesOfAnOpenFileAreAskedForByItsDescriptor() {
        XattrCalls xattrs = new XattrCalls(fuse);
        xattrs.setShort(file, "user.x", new byte[] {7}, 0);
        assertCalls("getxattr", () -> xattrs.get(file, "user.x"));
        long fh = fuse.open(file, 1); // for writing only
        long other = fuse.open(file, 0);
        assertCalls("fgetxattr", () -> assertEquals(7, xattrs.get(file, "user.x")[0]));
        assertCalls("flistxattr", () -> xattrs.list(file));
        fuse.release(file, other);
        assertCalls("fgetxattr", () -> xattrs.get(file, "user.x"));
        fuse.release(file, fh);
        assertCalls("getxattr", () -> assertEquals(7, xattrs.get(file, "user.x")[0]));
        assertCalls("listxattr", () -> xattrs.list(file));
    }
}
