package io.jvirtiofsd.bench;

import io.jvirtiofsd.fake.FuseClient;
import io.jvirtiofsd.guest.Daemon;
import io.jvirtiofsd.vhost.FakeDriver;
import io.jvirtiofsd.vhost.FakeFrontend;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.IntSupplier;

/** A daemon that is measured, a connection to it and a file opened through it. */
final class Side implements AutoCloseable {
    /** What {@link #request} knows. */
    static final List<String> REQUESTS =
            List.of("GETATTR", "LOOKUP", "READ 4k", "WRITE 4k", "CREATE");

    private static final byte[] BLOCK = new byte[4096];
    private static final byte[] NAME = "file".getBytes(StandardCharsets.UTF_8);
    private static final int O_RDWR = 2; // asm-generic/fcntl.h
    private static final int FILE_MODE = 0644;

    private final Daemon daemon;
    private final FakeFrontend frontend;
    private final FuseClient fuse;
    private final long node;
    private final long fh;

    /** Connects to a daemon that shares a {@linkplain #prepare prepared} directory, and owns it. */
    Side(Daemon daemon) throws IOException {
        this.daemon = daemon;
        frontend = new FakeFrontend(daemon.socket());
        frontend.negotiate(FakeFrontend.FEATURES, 0, 1, FakeDriver.memoryBytes(2));
        frontend.start(1, 128);
        fuse = new FuseClient(frontend, 1);
        fuse.init(0);
        node = fuse.lookup(FuseClient.ROOT, "file").nodeId();
        fh = fuse.open(node, O_RDWR);
    }

    /** From now on waits for answers asleep, as a guest does, or not. */
    void sleeping(boolean on) {
        frontend.queue(1).sleeping(on);
    }

    /** Puts into a directory what the requests are about. */
    static void prepare(Path share) throws IOException {
        Files.write(share.resolve("file"), new byte[1 << 20]);
    }

    /** A request of {@link #REQUESTS}, to be made again and again. */
    IntSupplier request(String name) {
        return switch (name) {
            case "GETATTR" -> () -> fuse.bareGetattr(node);
            case "LOOKUP" -> () -> fuse.bareLookup(FuseClient.ROOT, NAME);
            case "READ 4k" -> () -> fuse.bareRead(node, fh, 0, BLOCK.length);
            case "WRITE 4k" -> () -> fuse.bareWrite(node, fh, 0, BLOCK);
            case "CREATE" -> this::createAndRemove;
            default -> throw new IllegalArgumentException(name);
        };
    }

    /** CREATE with what undoes it: RELEASE, UNLINK and FORGET. */
    private int createAndRemove() {
        FuseClient.Created made = fuse.create(FuseClient.ROOT, "new", O_RDWR, FILE_MODE);
        fuse.release(made.node().nodeId(), made.fh());
        fuse.unlink(FuseClient.ROOT, "new");
        fuse.forget(made.node().nodeId(), 1);
        return 0;
    }

    FuseClient fuse() {
        return fuse;
    }

    /** Processor time of the daemon so far, in clock ticks. */
    long ticks() throws IOException {
        String[] stat =
                Files.readString(Path.of("/proc/" + daemon.servingPid() + "/stat")).split(" ");
        return Long.parseLong(stat[13]) + Long.parseLong(stat[14]);
    }

    /** Has the daemon save its session, load it, and go on. */
    void migrate(Path folder) throws IOException {
        int[] bases = frontend.stop();
        frontend.loadState(folder, frontend.saveState(folder));
        frontend.resume(bases);
        fuse.getattr(node);
    }

    /** Ends the session, and with it a daemon that does not keep listening. */
    void disconnect() throws IOException {
        frontend.close();
    }

    @Override
    public void close() throws IOException {
        disconnect();
        daemon.close();
    }
}
