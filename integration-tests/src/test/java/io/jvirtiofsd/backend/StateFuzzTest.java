package io.jvirtiofsd.backend;

import io.jvirtiofsd.fuse.server.FuseOptions;
import io.jvirtiofsd.fuse.server.FuseServer;
import io.jvirtiofsd.fuzz.DescriptorWatch;
import io.jvirtiofsd.fuzz.ErrorLog;
import io.jvirtiofsd.fuzz.Fuzzer;
import io.jvirtiofsd.linux.Reclaimer;
import io.jvirtiofsd.linux.Syscalls;
import io.jvirtiofsd.passthrough.MigrationOptions;
import io.jvirtiofsd.passthrough.PassthroughFileSystem;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.SequenceInputStream;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/**
 * Whatever the source of a migration hands over, the destination takes it or says why not; what it
 * has taken it can hand over in its turn; and nothing stays open.
 *
 * <p>An input is a state without its head: docs/migration.md.
 */
public final class StateFuzzTest {
    private static final byte[] HEAD = {'J', 'V', 'F', 'S', 'S', 'T', 'A', 'T', 0, 1};
    private static final Scratchpad SHARE = Scratchpad.make();
    private static final PassthroughFileSystem FILES;
    private static final FuseServer SERVER;
    private static final FuseDeviceState STATE;

    static {
        try {
            BackEndOptions options =
                    BackEndOptions.builder(SHARE.folder())
                            .fd(0)
                            .maxInodes(1000)
                            .migration(
                                    new MigrationOptions(
                                            MigrationOptions.Mode.FIND_PATHS,
                                            false,
                                            MigrationOptions.OnError.GUEST_ERROR))
                            .build();
            FILES =
                    PassthroughFileSystem.open(
                            Syscalls.load(),
                            new Reclaimer(),
                            SHARE.folder(),
                            options.files(),
                            Optional.empty());
            SERVER = new FuseServer(FILES, FuseOptions.defaults());
            STATE = new FuseDeviceState(SERVER);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /** For Jazzer, before the first input. */
    public static void fuzzerInitialize() {
        ErrorLog.watch();
    }

    /** For Jazzer. */
    public static void fuzzerTestOneInput(byte[] input) throws Exception {
        DescriptorWatch.play(() -> play(input));
        ErrorLog.check();
    }

    private static void play(byte[] input) throws IOException {
        try {
            STATE.load(
                    new SequenceInputStream(
                            new ByteArrayInputStream(HEAD), new ByteArrayInputStream(input)));
        } catch (IOException e) {
            return; // there is no session
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        STATE.save(out);
        STATE.load(new ByteArrayInputStream(out.toByteArray()));
        SERVER.reset();
    }

    /** For Jazzer, after the last input. */
    public static void fuzzerTearDown() throws IOException {
        FILES.close();
        SHARE.remove();
    }

    @Test
    void everyStateIsTakenOrRefused() throws Exception {
        Fuzzer.run(StateFuzzTest.class, "state");
    }
}
