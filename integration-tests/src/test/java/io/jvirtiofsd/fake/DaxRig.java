package io.jvirtiofsd.fake;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.jvirtiofsd.backend.BackEndOptions;
import io.jvirtiofsd.backend.DaxOptions;
import io.jvirtiofsd.dax.FakeWindow;
import io.jvirtiofsd.linux.Syscalls;
import io.jvirtiofsd.vhost.FakeDriver;
import io.jvirtiofsd.vhost.FakeFrontend;
import io.jvirtiofsd.vhost.FakeShmem;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.UnaryOperator;

/**
 * A share served in the test's own process to a front-end with a DAX window of four ranges, and a
 * session begun.
 */
final class DaxRig implements AutoCloseable {
    static final int RANGE = 2 << 20;
    static final int WINDOW = 4 * RANGE;
    static final int READ = 2; // fuse.h FUSE_SETUPMAPPING_FLAG_READ
    static final int WRITE = 1; // fuse.h FUSE_SETUPMAPPING_FLAG_WRITE

    private static final int SETUPMAPPING = 48;
    private static final int REMOVEMAPPING = 49;
    private static final long INIT_FLAGS =
            1L << 22 | 1L << 26 | 1L << 30; // MAX_PAGES, MAP_ALIGNMENT

    final Path share;
    final InProcess backEnd;
    FakeFrontend frontend;
    FakeShmem shmem;
    FuseClient fuse;
    long initFlags;

    DaxRig(Path folder) throws IOException {
        this(folder, options -> options, false);
    }

    DaxRig(Path folder, UnaryOperator<BackEndOptions.Builder> settings, boolean pastEnd)
            throws IOException {
        this(Syscalls.load(), folder, settings, pastEnd);
    }

    DaxRig(
            Syscalls syscalls,
            Path folder,
            UnaryOperator<BackEndOptions.Builder> settings,
            boolean pastEnd)
            throws IOException {
        share = folder.resolve("share");
        DaxOptions dax = DaxOptions.always(WINDOW);
        backEnd =
                new InProcess(syscalls, share, folder, options -> settings.apply(options.dax(dax)));
        connect(pastEnd);
    }

    /** A front-end with hiprio and two request queues, started. */
    void connect(boolean pastEnd) throws IOException {
        connect(pastEnd, 0);
    }

    /** One that does not acknowledge {@code refusedProtocol} of the protocol features. */
    void connect(boolean pastEnd, long refusedProtocol) throws IOException {
        frontend = backEnd.connect();
        frontend.negotiate(FuseRig.FEATURES, refusedProtocol, 2, FakeDriver.memoryBytes(3));
        shmem = frontend.openWindow(pastEnd);
        frontend.start(2, 256);
        begin();
    }

    /** Begins a session, ending the one before. */
    void begin() {
        fuse = new FuseClient(frontend, 1);
        initFlags = fuse.init(INIT_FLAGS);
    }

    FakeWindow window() {
        return shmem.window();
    }

    /** Makes a file of random bytes. */
    byte[] file(String name, int size) throws IOException {
        byte[] bytes = new byte[size];
        new Random(size).nextBytes(bytes);
        Files.write(share.resolve(name), bytes);
        return bytes;
    }

    long lookup(String name) {
        return fuse.lookup(FuseClient.ROOT, name).nodeId();
    }

    /** As Linux does: 2 MiB of a file to one range of the window. */
    void setup(long nodeId, long fileOffset, int range) {
        setup(nodeId, fileOffset, RANGE, READ, (long) range * RANGE);
    }

    void setup(long nodeId, long fileOffset, long length, long flags, long windowOffset) {
        setup(fuse, nodeId, fileOffset, length, flags, windowOffset);
    }

    static void setup(
            FuseClient client,
            long nodeId,
            long fileOffset,
            long length,
            long flags,
            long windowOffset) {
        byte[] arguments =
                FakeFrontend.buffer(40)
                        .putLong(-1)
                        .putLong(fileOffset)
                        .putLong(length)
                        .putLong(flags)
                        .putLong(windowOffset)
                        .array();
        client.raw(SETUPMAPPING, nodeId, arguments, 0);
    }

    /** Pairs of offset and length. */
    void remove(long... ranges) {
        removeCounted(ranges.length / 2, ranges);
    }

    void removeCounted(int count, long... ranges) {
        ByteBuffer arguments = FakeFrontend.buffer(4 + 8 * ranges.length).putInt(count);
        for (long number : ranges) {
            arguments.putLong(number);
        }
        fuse.raw(REMOVEMAPPING, FuseClient.ROOT, arguments.array(), 0);
    }

    /** The window shows at {@code windowOffset} what {@code bytes} holds from {@code from} on. */
    void assertShows(byte[] bytes, int from, long windowOffset) {
        byte[] expected = Arrays.copyOfRange(bytes, from, Math.min(bytes.length, from + RANGE));
        byte[] seen = window().load(windowOffset, expected.length);
        assertEquals(expected.length, seen.length, "bytes that can be read");
        assertEquals(-1, Arrays.mismatch(expected, seen), "first byte that differs");
    }

    byte[] onHost(String name) throws IOException {
        return Files.readAllBytes(share.resolve(name));
    }

    void assertOnHost(byte[] expected, String name) throws IOException {
        assertArrayEquals(expected, onHost(name));
    }

    @Override
    public void close() throws IOException {
        assertEquals(List.of(), window().violations());
        frontend.close();
        backEnd.close();
    }
}
