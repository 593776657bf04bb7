package io.jvirtiofsd.bench;

import io.jvirtiofsd.fake.FuseClient;
import io.jvirtiofsd.fake.InProcess;
import io.jvirtiofsd.guest.Processes;
import io.jvirtiofsd.vhost.FakeDriver;
import io.jvirtiofsd.vhost.FakeFrontend;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * Requests end to end through a real socket, real eventfds and shared memory, one at a time: what a
 * guest's system call waits for, kick and interrupt included. Bytes allocated include the client's.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class RequestBenchmark {
    private static final int BLOCK = 4096;

    private Path folder;
    private InProcess backEnd;
    private FakeFrontend frontend;
    private FuseClient fuse;
    private long node;
    private long fh;

    @Setup
    public void prepare() throws IOException {
        folder = Processes.temporaryFolder();
        Path share = Files.createDirectory(folder.resolve("share"));
        Files.write(share.resolve("file"), new byte[1 << 20]);
        backEnd = new InProcess(share, folder, options -> options);
        frontend = backEnd.connect();
        frontend.negotiate(FakeFrontend.FEATURES, 0, 1, FakeDriver.memoryBytes(2));
        frontend.start(1, 128);
        fuse = new FuseClient(frontend, 1);
        fuse.init(0);
        node = fuse.lookup(FuseClient.ROOT, "file").nodeId();
        fh = fuse.open(node, 0);
    }

    @TearDown
    public void clean() throws IOException {
        frontend.close();
        backEnd.close();
    }

    @Benchmark
    public int getattr() {
        return fuse.bareGetattr(node);
    }

    @Benchmark
    public int read4k() {
        return fuse.bareRead(node, fh, 0, BLOCK);
    }
}
