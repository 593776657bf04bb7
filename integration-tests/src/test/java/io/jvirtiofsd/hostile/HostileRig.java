package io.jvirtiofsd.hostile;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTimeout;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.backend.DaxOptions;
import io.jvirtiofsd.dax.GuardMode;
import io.jvirtiofsd.fake.FuseClient;
import io.jvirtiofsd.fake.InProcess;
import io.jvirtiofsd.fuse.LockOptions;
import io.jvirtiofsd.linux.OpenDescriptors;
import io.jvirtiofsd.linux.Waiting;
import io.jvirtiofsd.passthrough.XattrOptions;
import io.jvirtiofsd.vhost.FakeDriver;
import io.jvirtiofsd.vhost.FakeFrontend;
import io.jvirtiofsd.vhost.FakeShmem;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * One daemon in the test's own process, with everything switched on that a guest can ask for, and a
 * fresh front-end for each {@link HostileCase}. Owned by the test.
 *
 * <pre>
 * share/file    "content", open as {@link #fh}
 *       other   open as {@link #otherFh}
 *       dir/    open as {@link #dirFh}
 *       link    to "file"
 *       fifo
 * </pre>
 *
 * <p>After each case the daemon must answer a GETATTR and a LOOKUP in time, hold no descriptor, no
 * memory of a guest and no thread more than before, and have met no bug of its own.
 *
 * <p><i>Confined to the test's thread.</i>
 */
final class HostileRig implements AutoCloseable {
    static final int WINDOW_BYTES = 8 << 20;

    /** Bytes of each of the two regions that are the guest's memory, from address 0 on. */
    static final int REGION_BYTES = FakeDriver.memoryBytes(3);

    /** MAX_PAGES, MAP_ALIGNMENT, SETXATTR_EXT, INIT_EXT, both kinds of locks, groups (fuse.h). */
    static final long INIT_FLAGS =
            1L << 22 | 1L << 26 | 1L << 29 | 1L << 30 | 1L << 1 | 1L << 10 | 1L << 34;

    private static final int FIFO = 0010600;
    private static final int FILE = 0100600;
    private static final int O_RDWR = 2;
    private static final int NEEDS_RESET = 0x40; // virtio 1.3, 2.1
    private static final int RING_SIZE = 256;
    private static final Duration IN_TIME = Duration.ofSeconds(10);

    private final Path share;
    private final InProcess backEnd;
    private final PrintStream realErr = System.err;
    private final ByteArrayOutputStream log = new ByteArrayOutputStream();
    private final List<String> threads;
    private final long maps;
    private final int descriptors;

    private FakeFrontend frontend;
    private FakeShmem shmem;
    private FuseClient fuse;
    long file;
    long fh;
    long other;
    long otherFh;
    long dir;
    long dirFh;
    long link;
    long fifo;

    HostileRig(Path folder) throws IOException {
        share = Files.createDirectory(folder.resolve("share"));
        Files.writeString(share.resolve("file"), "content");
        Files.writeString(share.resolve("other"), "other");
        Files.createDirectory(share.resolve("dir"));
        Files.createSymbolicLink(share.resolve("link"), Path.of("file"));
        System.setErr(new PrintStream(new Tee(), true, StandardCharsets.UTF_8));
        DaxOptions dax = new DaxOptions(WINDOW_BYTES, 0, GuardMode.OFF);
        backEnd =
                new InProcess(
                        share,
                        folder,
                        options ->
                                options.dax(dax)
                                        .tag("hostile")
                                        .xattrs(XattrOptions.on())
                                        .locks(new LockOptions(true, true)));
        connect();
        fuse.mknod(FuseClient.ROOT, "fifo", FIFO, 0);
        reconnect();
        assertServes();
        threads = threads();
        maps = maps();
        descriptors = OpenDescriptors.count();
    }

    /** What the daemon logs, seen as it goes by. */
    private final class Tee extends java.io.OutputStream {
        @Override
        public void write(int b) {
            realErr.write(b);
            log.write(b);
        }

        @Override
        public void write(byte[] bytes, int from, int length) {
            realErr.write(bytes, from, length);
            log.write(bytes, from, length);
        }
    }

    private void connect() throws IOException {
        frontend = backEnd.connect();
        frontend.negotiate(FakeFrontend.FEATURES, 0, 2, REGION_BYTES);
        shmem = frontend.openWindow(false);
        frontend.start(2, RING_SIZE);
        fuse = new FuseClient(frontend, 1);
        fuse.init(INIT_FLAGS);
    }

    private void reconnect() throws IOException {
        frontend.close();
        connect();
        file = fuse.lookup(FuseClient.ROOT, "file").nodeId();
        other = fuse.lookup(FuseClient.ROOT, "other").nodeId();
        dir = fuse.lookup(FuseClient.ROOT, "dir").nodeId();
        link = fuse.lookup(FuseClient.ROOT, "link").nodeId();
        fifo = fuse.lookup(FuseClient.ROOT, "fifo").nodeId();
        fh = fuse.open(file, O_RDWR);
        otherFh = fuse.open(other, O_RDWR);
        dirFh = fuse.opendir(dir);
    }

    FakeFrontend frontend() {
        return frontend;
    }

    FakeShmem shmem() {
        return shmem;
    }

    /** The ring that is maltreated; others show that it is the only one. */
    FakeDriver ring() {
        return frontend.queue(1);
    }

    /** Requests over the ring that is maltreated. */
    FuseClient fuse() {
        return fuse;
    }

    Path share() {
        return share;
    }

    /** A descriptor of the guest's memory, borrowed. */
    int memory() {
        return frontend.memory().get(0).fd();
    }

    /** Does what {@code hostile} says, and checks what came of it and what it left behind. */
    void check(HostileCase hostile) throws Exception {
        log.reset();
        int before = OpenDescriptors.count();
        try {
            Consequence consequence = hostile.act().on(this);
            assertEquals(hostile.expected(), consequence);
            if (consequence.leavesRingsRunning()) {
                assertServes();
                if (consequence != Consequence.SERVED) {
                    OpenDescriptors.assertSettleAt(before, "what was refused is kept");
                }
            }
        } finally {
            reconnect();
        }
        assertServes();
        OpenDescriptors.assertSettleAt(descriptors);
        assertTrue(Waiting.until(() -> maps() <= maps), "memory of a guest is kept");
        assertTrue(
                Waiting.until(() -> threads().equals(threads)),
                () -> threads() + " instead of " + threads);
        assertEquals(List.of(), errors());
    }

    /** The ring that is never maltreated answers in time. */
    private void assertServes() {
        assertTimeout(
                IN_TIME,
                () -> {
                    FuseClient witness = new FuseClient(frontend, 2);
                    assertEquals(FuseClient.ROOT, witness.getattr(FuseClient.ROOT).nodeId());
                    assertEquals(FILE, witness.lookup(FuseClient.ROOT, "file").mode() & 0170600);
                });
    }

    /** What comes of what was made available on the ring, once something has. */
    Consequence ofRing() throws IOException {
        FakeDriver ring = ring();
        assertTrue(Waiting.until(() -> isBroken() || !ring.staysSilent(0)), "nothing comes of it");
        if (isBroken()) {
            assertEquals(NEEDS_RESET, frontend.ask(FakeFrontend.GET_STATUS)[0] & NEEDS_RESET);
            return Consequence.RING_BREAKS;
        }
        return ring.await() == 0 ? Consequence.UNANSWERED : Consequence.SERVED;
    }

    private boolean isBroken() {
        return Waiting.readable(frontend.syscalls(), ring().error().number(), 0);
    }

    /** The answer of one request over the maltreated ring. */
    Consequence ask(int opcode, long nodeId, byte[] arguments, int room) {
        int outcome = fuse.outcome(opcode, nodeId, arguments, room);
        return outcome < 0 ? Consequence.UNANSWERED : Consequence.errno(outcome);
    }

    private static List<String> threads() {
        return Thread.getAllStackTraces().keySet().stream()
                .map(Thread::getName)
                .filter(name -> name.matches("(vhost|queue|worker|dax|lock|descriptors)\\b.*"))
                .sorted()
                .toList();
    }

    /** Mappings of guests' memory, the front-end's own ones included. */
    private static long maps() {
        try {
            return Files.readAllLines(Path.of("/proc/self/maps")).stream()
                    .filter(line -> line.contains("memfd:"))
                    .count();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    /** What the daemon takes for a bug of its own. */
    private List<String> errors() {
        return log.toString(StandardCharsets.UTF_8)
                .lines()
                .filter(line -> line.contains(" ERROR "))
                .toList();
    }

    @Override
    public void close() throws IOException {
        frontend.close();
        backEnd.close();
        System.setErr(realErr);
    }
}
