package io.jvirtiofsd.fake;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.jvirtiofsd.backend.BackEndOptions;
import io.jvirtiofsd.vhost.FakeFrontend;
import java.io.IOException;
import java.nio.file.Path;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.function.Executable;

/** A share served in the test's own process, with a front-end connected and a session begun. */
public final class FuseRig implements AutoCloseable {
    static final long FEATURES = FakeFrontend.FEATURES;

    private static final long MAX_PAGES = 1 << 22; // fuse.h FUSE_MAX_PAGES: WRITEs of up to 1 MiB

    private final Path share;
    private final InProcess backEnd;
    private final FakeFrontend frontend;
    private final FuseClient fuse;

    FuseRig(Path folder) throws IOException {
        this(folder, options -> options, FEATURES);
    }

    FuseRig(Path folder, UnaryOperator<BackEndOptions.Builder> settings, long features)
            throws IOException {
        this(folder.resolve("share"), folder, settings, features);
    }

    /** Shares {@code share}, a directory of any provider, on a socket in {@code folder}. */
    public FuseRig(Path share, Path folder) throws IOException {
        this(share, folder, options -> options, FEATURES);
    }

    public FuseRig(
            Path share, Path folder, UnaryOperator<BackEndOptions.Builder> settings, long features)
            throws IOException {
        this.share = share;
        backEnd = new InProcess(share, folder, settings);
        frontend = connect(backEnd, features);
        fuse = new FuseClient(frontend, 1);
        fuse.init(MAX_PAGES);
    }

    /** A front-end with memory in two regions, hiprio and two request queues, started. */
    static FakeFrontend connect(InProcess backEnd, long features) throws IOException {
        return FakeFrontend.started(backEnd.socket(), features);
    }

    Path share() {
        return share;
    }

    InProcess backEnd() {
        return backEnd;
    }

    FakeFrontend frontend() {
        return frontend;
    }

    public FuseClient fuse() {
        return fuse;
    }

    /** {@code request} is answered with {@code errno}. */
    public static void assertErrno(int errno, Executable request) {
        assertEquals(errno, assertThrows(FuseErrorException.class, request).errno());
    }

    @Override
    public void close() throws IOException {
        frontend.close();
        backEnd.close();
    }
}
