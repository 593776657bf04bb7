package io.jvirtiofsd.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.jvirtiofsd.dax.DaxWindow;
import io.jvirtiofsd.dax.FakeWindow;
import io.jvirtiofsd.dax.GuardMode;
import io.jvirtiofsd.fuse.server.Feature;
import io.jvirtiofsd.fuse.server.FuseOptions;
import io.jvirtiofsd.fuse.server.FuseServer;
import io.jvirtiofsd.fuzz.ErrorLog;
import io.jvirtiofsd.fuzz.Fuzzer;
import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.linux.Reclaimer;
import io.jvirtiofsd.linux.Syscalls;
import io.jvirtiofsd.passthrough.DaxPolicy;
import io.jvirtiofsd.passthrough.PassthroughFileSystem;
import io.jvirtiofsd.passthrough.XattrOptions;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/**
 * Whatever requests a guest puts into its ring, a directory of the host answers each in its form,
 * nothing fails that should not, and the front-end is asked for nothing that it may not be, nor
 * keeps a map. The directory is emptied after each input, and has one file again.
 *
 * <p>An input is that of {@link FuzzedGuest}.
 */
public final class HostRequestsFuzzTest {
    private static final Syscalls SYSCALLS = Syscalls.load();
    private static final int WINDOW_BYTES = 4 << 20;

    /** No file grows beyond this; more would take memory. */
    private static final long FILE_BYTES = 16 << 20;

    private static final int RLIMIT_FSIZE = 1; // asm-generic/resource.h

    private static final Scratchpad SHARE = Scratchpad.make();
    private static final Reclaimer RECLAIMER = new Reclaimer();
    private static final FakeWindow FRONT_END;
    private static final DaxWindow WINDOW;
    private static final PassthroughFileSystem FILES;
    private static final FuzzedGuest GUEST;

    static {
        try {
            FRONT_END = new FakeWindow(WINDOW_BYTES, false);
            WINDOW = DaxWindow.open(SYSCALLS, WINDOW_BYTES, GuardMode.OFF);
            WINDOW.attach(FRONT_END);
            BackEndOptions options =
                    BackEndOptions.builder(SHARE.folder())
                            .fd(0)
                            .maxDescriptors(100)
                            .maxInodes(1000)
                            .xattrs(XattrOptions.on())
                            .build();
            FILES =
                    PassthroughFileSystem.open(
                            SYSCALLS,
                            RECLAIMER,
                            SHARE.folder(),
                            options.files(),
                            Optional.of(new DaxPolicy(WINDOW, 0)));
            GUEST =
                    new FuzzedGuest(
                            new FuseServer(
                                    FILES,
                                    FuseOptions.defaults()
                                            .with(Feature.EXPORT, FILES.findsForgotten())),
                            RECLAIMER);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /** For Jazzer, before the first input. */
    public static void fuzzerInitialize() {
        ErrorLog.watch();
        NativeMemory limit = NativeMemory.allocate(16);
        limit.putLong(0, FILE_BYTES);
        limit.putLong(8, FILE_BYTES);
        assertEquals(0, SYSCALLS.prlimit(0, RLIMIT_FSIZE, limit.address(), 0));
    }

    /** For Jazzer. */
    public static void fuzzerTestOneInput(byte[] input) throws Exception {
        GUEST.play(input);
        assertEquals(List.of(), FRONT_END.violations());
        assertEquals(0, FRONT_END.maps());
        SHARE.empty();
        ErrorLog.check();
    }

    /** For Jazzer, after the last input. */
    public static void fuzzerTearDown() throws IOException {
        FILES.close();
        WINDOW.close();
        FRONT_END.close();
        SHARE.remove();
    }

    @Test
    void everyRequestIsAnswered() throws Exception {
        Fuzzer.run(HostRequestsFuzzTest.class, "requests");
    }
}
