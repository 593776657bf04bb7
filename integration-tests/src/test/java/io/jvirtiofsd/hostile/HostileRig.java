package io.jvirtiofsd.hostile;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTimeout;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.backend.DaxOptions;
import io.jvirtiofsd.dax.GuardMode;
import io.jvirtiofsd.fake.FuseClient;
import io.jvirtiofsd.fake.InProcess;
import io.jvirtiofsd.fuse.LockOptions;
import io.jvirtiofsd.linux.Fcntl;
import io.jvirtiofsd.linux.LinuxException;
import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.linux.OpenDescriptors;
import io.jvirtiofsd.linux.Scratch;
import io.jvirtiofsd.linux.Syscalls;
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
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * One daemon in the test's own process, with everything switched on that a guest can ask for, and a
 * fresh front-end for each {@link HostileCase}. Owned by the test.
 *
 * <pre>
 * share/file    "content", open as {@link #fh}
 *       page    4096 bytes
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
    private static final String FAULT = "java.lang.InternalError: a fault occurred";
    private static final Duration IN_TIME = Duration.ofSeconds(10);

    private final Path share;
    private final InProcess backEnd;
    private final PrintStream realErr = System.err;
    private final ByteArrayOutputStream log = new ByteArrayOutputStream();
    private final Set<Thread> others = Set.of(all()); // of a daemon before, which may end late
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
    long page;
    long dir;
    long dirFh;
    long link;
    long fifo;

    HostileRig(Path folder) throws IOException {
        share = Files.createDirectory(folder.resolve("share"));
        Files.writeString(share.resolve("file"), "content");
        Files.writeString(share.resolve("other"), "other");
        Files.write(share.resolve("page"), new byte[4096]);
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
        int made = Syscalls.load().mknodat(Fcntl.AT_FDCWD, path(share.resolve("fifo")), FIFO, 0);
        LinuxException.check(made, "fifo");
        reconnect(FakeFrontend.FEATURES);
        fuse.raw(FuseOpcode.SETUPMAPPING.code, page, MappingTable.good(), 0);
        reconnect(FakeFrontend.FEATURES);
        assertServes();
        threads = threads(); // with those that are made when first needed
        maps = maps();
        descriptors = OpenDescriptors.count();
    }

    private static long path(Path path) {
        byte[] bytes = path.toString().getBytes(StandardCharsets.UTF_8);
        return Scratch.get().path(bytes, 0, bytes.length);
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

    /** Another front-end takes the place of this one; {@code features} are the virtio ones. */
    void reconnect(long features) throws IOException {
        if (frontend != null) {
            frontend.close();
        }
        frontend = backEnd.connect();
        frontend.negotiate(features, 0, 2, REGION_BYTES);
        shmem = frontend.openWindow(false);
        frontend.start(2, RING_SIZE);
        fuse = new FuseClient(frontend, 1);
        begin();
    }

    /** Begins another session with the same front-end. */
    private void begin() {
        fuse.init(INIT_FLAGS);
        file = fuse.lookup(FuseClient.ROOT, "file").nodeId();
        other = fuse.lookup(FuseClient.ROOT, "other").nodeId();
        page = fuse.lookup(FuseClient.ROOT, "page").nodeId();
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

    /**
     * Does what {@code hostile} says, and checks what came of it and what it left behind.
     *
     * @param reconnecting whether it was to the front-end's connection; else to the FUSE session
     */
    void check(HostileCase hostile, boolean reconnecting) throws Exception {
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
            assertEquals(List.of(), shmem.window().violations());
        } finally {
            if (reconnecting) {
                reconnect(FakeFrontend.FEATURES);
            } else {
                begin();
            }
        }
        assertServes();
        OpenDescriptors.assertSettleAt(descriptors);
        assertTrue(!reconnecting || Waiting.until(() -> maps() <= maps), "memory is kept");
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

    /** Whether a chain is given back, instead of breaking its ring. */
    boolean isGivenBack() {
        FakeDriver ring = ring();
        assertTrue(Waiting.until(() -> isBroken() || !ring.staysSilent(0)), "nothing comes of it");
        return !isBroken();
    }

    /**
     * What comes of the chain that was made available on the ring, once something has.
     *
     * @param answer where in the first region its answer is to be
     */
    Consequence ofRing(int answer) throws IOException {
        if (!isGivenBack()) {
            assertEquals(NEEDS_RESET, frontend.ask(FakeFrontend.GET_STATUS)[0] & NEEDS_RESET);
            return Consequence.RING_BREAKS;
        }
        int used = ring().await();
        if (used == 0) {
            return Consequence.UNANSWERED;
        }
        NativeMemory memory = frontend.memory().get(0).view();
        assertEquals(used, memory.getInt(answer));
        return Consequence.errno(-memory.getInt(answer + 4));
    }

    private boolean isBroken() {
        return Waiting.readable(frontend.syscalls(), ring().error().number(), 0);
    }

    /** Whether the ring breaks, soon. */
    boolean isRingBroken() {
        return Waiting.until(this::isBroken);
    }

    /** The answer of one request over the maltreated ring. */
    Consequence ask(int opcode, long nodeId, byte[] arguments, int room) {
        int outcome = fuse.outcome(opcode, nodeId, arguments, room);
        return outcome < 0 ? Consequence.UNANSWERED : Consequence.errno(outcome);
    }

    private static Thread[] all() {
        Thread[] some = new Thread[1000];
        return Arrays.copyOf(some, Thread.enumerate(some));
    }

    private List<String> threads() {
        return Stream.of(all())
                .filter(thread -> !others.contains(thread))
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

    /**
     * What the daemon takes for a bug of its own, but for faults of the guest's memory; and what
     * has ended a thread, which would end the daemon.
     */
    private List<String> errors() {
        List<String> lines = log.toString(StandardCharsets.UTF_8).lines().toList();
        return IntStream.range(0, lines.size())
                .filter(i -> lines.get(i).matches(".* ERROR .*|Exception in thread.*"))
                .mapToObj(i -> String.join("\n", lines.subList(i, lines.size())))
                .filter(error -> !error.matches("(?s)[^\n]* ERROR [^\n]*\n" + FAULT + ".*"))
                .toList();
    }

    @Override
    public void close() throws IOException {
        frontend.close();
        backEnd.close();
        System.setErr(realErr);
    }
}
