package io.jvirtiofsd.backend;

import com.google.common.jimfs.Configuration;
import com.google.common.jimfs.Jimfs;
import io.jvirtiofsd.fuse.DaxMode;
import io.jvirtiofsd.fuse.Session;
import io.jvirtiofsd.fuse.server.FuseOptions;
import io.jvirtiofsd.fuse.server.FuseServer;
import io.jvirtiofsd.fuzz.ErrorLog;
import io.jvirtiofsd.fuzz.Fuzzer;
import io.jvirtiofsd.linux.Reclaimer;
import io.jvirtiofsd.nio.NioFileSystem;
import io.jvirtiofsd.nio.NioOptions;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileSystem;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/**
 * Whatever requests a guest puts into its ring, a file system of Java answers each in its form, and
 * nothing fails that should not. Each input has a file system in memory of its own, with one file.
 *
 * <p>An input is that of {@link FuzzedGuest}.
 */
public final class NioRequestsFuzzTest {
    private static final Configuration UNIX =
            Configuration.unix().toBuilder().setAttributeViews("unix").setMaxSize(1 << 20).build();

    private static FileSystem memory; // of the input

    private static final FuzzedGuest GUEST =
            new FuzzedGuest(new FuseServer(new Fresh(), FuseOptions.defaults()), new Reclaimer());

    /** The file system of the input that is being played. */
    private static final class Fresh implements io.jvirtiofsd.fuse.FileSystem {
        private static final NioOptions OPTIONS =
                new NioOptions(0, 0, false, 0, 0, 1000, 1 << 20, 0, 0);

        @Override
        public Session begin(DaxMode mode) {
            try {
                return NioFileSystem.open(memory.getPath("/share"), OPTIONS).begin(mode);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        @Override
        public void close() {
            // the input closes it
        }
    }

    /** For Jazzer, before the first input. */
    public static void fuzzerInitialize() {
        ErrorLog.watch();
    }

    /** For Jazzer. */
    public static void fuzzerTestOneInput(byte[] input) throws Exception {
        try (FileSystem fresh = Jimfs.newFileSystem(UNIX)) {
            Path share = Files.createDirectory(fresh.getPath("/share"));
            Files.write(share.resolve("file"), new byte[100]);
            memory = fresh;
            GUEST.play(input);
        }
        ErrorLog.check();
    }

    @Test
    void everyRequestIsAnswered() throws Exception {
        Fuzzer.run(NioRequestsFuzzTest.class, "requests");
    }
}
