package io.jvirtiofsd.fuse.server;

import static io.jvirtiofsd.fuse.server.TestGuest.bytes;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.fuse.Errno;
import io.jvirtiofsd.fuse.FeatureMode;
import io.jvirtiofsd.fuse.server.SessionRequests.InitIn;
import io.jvirtiofsd.fuse.server.SessionRequests.InitOut;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

/** INIT agrees on what both sides can do, and begins and ends sessions. */
class NegotiationTest {
    private static final int LINUX_7_2_FLAGS = 0x7bff_fffb;
    private static final int LINUX_7_2_FLAGS2 = 0x5ff;

    private final RecordingFileSystem files = new RecordingFileSystem();

    private TestGuest guest(FuseOptions options) {
        return new TestGuest(new FuseServer(files.fileSystem(), options).newWorker());
    }

    private TestGuest guest() {
        return guest(FuseOptions.defaults());
    }

    private static InitOut init(TestGuest.Answer answer) {
        assertEquals(0, answer.errno());
        return InitOut.read(answer.reader());
    }

    private static long flags(InitOut init) {
        return init.flags() & 0xffff_ffffL | (long) init.flags2() << 32;
    }

    @Test
    void linuxGetsWhatItNeeds() {
        InitOut init = init(guest().init(45, LINUX_7_2_FLAGS, LINUX_7_2_FLAGS2));
        assertEquals(7, init.major());
        assertEquals(45, init.minor());
        assertEquals(131_072, init.maxReadahead());
        assertEquals(1 << 20, init.maxWrite());
        assertEquals(256, init.maxPages());
        assertEquals(1, init.timeGran());
        long flags = flags(init);
        for (InitFlag flag :
                List.of(
                        InitFlag.ASYNC_READ,
                        InitFlag.BIG_WRITES,
                        InitFlag.ATOMIC_O_TRUNC,
                        InitFlag.AUTO_INVAL_DATA,
                        InitFlag.DO_READDIRPLUS,
                        InitFlag.READDIRPLUS_AUTO,
                        InitFlag.PARALLEL_DIROPS,
                        InitFlag.MAX_PAGES,
                        InitFlag.INIT_EXT,
                        InitFlag.NO_EXPORT_SUPPORT)) {
            assertTrue(flag.in(flags), flag.name());
        }
        for (InitFlag flag :
                List.of(
                        InitFlag.POSIX_LOCKS,
                        InitFlag.FLOCK_LOCKS,
                        InitFlag.WRITEBACK_CACHE,
                        InitFlag.CACHE_SYMLINKS,
                        InitFlag.HANDLE_KILLPRIV_V2,
                        InitFlag.DIRECT_IO_ALLOW_MMAP,
                        InitFlag.MAP_ALIGNMENT,
                        InitFlag.SECURITY_CTX)) {
            assertFalse(flag.in(flags), flag.name());
        }
    }

    @Test
    void nothingIsAcceptedThatWasNotOffered() {
        for (int bit = 0; bit < 32; bit++) {
            for (int bit2 = 0; bit2 < 32; bit2++) {
                InitOut init = init(guest().init(45, 1 << bit | 1 << 30, 1 << bit2));
                assertEquals(0, init.flags() & ~(1 << bit | 1 << 30));
                assertEquals(0, init.flags2() & ~(1 << bit2));
            }
        }
    }

    @Test
    void secondFlagsOnlyCountWithInitExt() {
        InitOut init = init(guest().init(45, LINUX_7_2_FLAGS & ~(1 << 30), -1));
        assertEquals(0, init.flags2());
    }

    @Test
    void shortInitOfOldGuestsIsEnough() {
        TestGuest guest = guest();
        byte[] body = bytes(7, 31, 65_536, LINUX_7_2_FLAGS);
        InitOut init = init(guest.send(Opcode.INIT, 0, body));
        assertEquals(31, init.minor());
        assertEquals(65_536, init.maxReadahead());
        assertEquals(0, init.flags2());
    }

    @Test
    void minorIsTheLowerOfBoth() {
        assertEquals(33, init(guest().init(33, 0, 0)).minor());
        assertEquals(45, init(guest().init(99, 0, 0)).minor());
    }

    @Test
    void guestsBeforeVirtioFsReplyEproto() {
        for (int minor : new int[] {0, 4, 22, 30}) {
            assertEquals(Errno.EPROTO, guest().init(minor, 0, 0).errno());
        }
        assertEquals(List.of(), files.calls());
    }

    @Test
    void olderMajorRepliesEproto() {
        for (int major : new int[] {0, 6}) {
            byte[] body = bytes(major, 45, 0, 0);
            assertEquals(Errno.EPROTO, guest().send(Opcode.INIT, 0, body).errno());
        }
    }

    @Test
    void newerMajorIsToldOursAndBeginsNothing() {
        for (int major : new int[] {8, Integer.MAX_VALUE, -1}) {
            TestGuest guest = guest();
            InitOut init = init(guest.send(Opcode.INIT, 0, bytes(major, 0, 0, -1)));
            assertEquals(7, init.major());
            assertEquals(45, init.minor());
            assertEquals(0, init.flags());
            assertEquals(Errno.EIO, guest.send(Opcode.STATFS, 1, bytes()).errno());
        }
        assertEquals(List.of(), files.calls());
    }

    @Test
    void readaheadIsNeverMoreThanOffered() {
        TestGuest guest = guest();
        assertEquals(0, init(guest.send(Opcode.INIT, 0, bytes(7, 45, 0, 0))).maxReadahead());
        int huge = init(guest.send(Opcode.INIT, 0, bytes(7, 45, -1, 0))).maxReadahead();
        assertEquals(1 << 20, huge);
    }

    @Test
    void withoutMaxPagesWritesAreOf32Pages() {
        InitOut init = init(guest().init(45, LINUX_7_2_FLAGS & ~(1 << 22), 0));
        assertEquals(32 * 4096, init.maxWrite());
    }

    @Test
    void optionsDecide() {
        FuseOptions options =
                FuseOptions.defaults()
                        .with(Feature.KEPT_SYMLINKS, true)
                        .with(Feature.READDIRPLUS, false)
                        .withMaxWriteBytes(5000);
        InitOut init = init(guest(options).init(45, LINUX_7_2_FLAGS, LINUX_7_2_FLAGS2));
        assertTrue(InitFlag.CACHE_SYMLINKS.in(flags(init)));
        assertFalse(InitFlag.DO_READDIRPLUS.in(flags(init)));
        assertFalse(InitFlag.READDIRPLUS_AUTO.in(flags(init)));
        assertEquals(5000, init.maxWrite());
        assertEquals(2, init.maxPages());
    }

    @Test
    void eachFeatureIsItsFlagsAndNoOthers() {
        long without = flagsWith(FuseOptions.defaults().with(Feature.SUBMOUNTS, false), false);
        for (Feature feature : Feature.values()) {
            FuseOptions options = FuseOptions.defaults().with(Feature.SUBMOUNTS, false);
            long opposite = feature == Feature.EXPORT ? InitFlag.NO_EXPORT_SUPPORT.mask() : 0;
            assertEquals(
                    (without | feature.mask()) & ~opposite,
                    flagsWith(options.with(feature, true), false),
                    feature.name());
        }
    }

    @Test
    void aGuestWithAWindowDoesNotOwnSizes() {
        FuseOptions options = FuseOptions.defaults().with(Feature.WRITEBACK, true);
        assertTrue(InitFlag.WRITEBACK_CACHE.in(flagsWith(options, false)));
        assertFalse(InitFlag.WRITEBACK_CACHE.in(flagsWith(options, true)));
    }

    private long flagsWith(FuseOptions options, boolean mapsFiles) {
        files.answer("mapsFiles", arguments -> mapsFiles);
        return flags(init(guest(options).init(45, LINUX_7_2_FLAGS, LINUX_7_2_FLAGS2)));
    }

    @Test
    void writeSizesOutsideTheRangeAreRefused() {
        FuseOptions defaults = FuseOptions.defaults();
        for (int bytes : new int[] {0, 4095, (1 << 20) + 1, -1}) {
            assertThrows(IllegalArgumentException.class, () -> defaults.withMaxWriteBytes(bytes));
        }
    }

    @Test
    void secondInitEndsTheFirstSession() {
        TestGuest guest = guest();
        guest.init();
        guest.init();
        assertEquals(List.of("begin(NEVER)", "close()", "begin(NEVER)"), files.calls());
    }

    @Test
    void destroyEndsTheSession() {
        TestGuest guest = guest();
        guest.init();
        assertEquals(16, guest.send(Opcode.DESTROY, 0, bytes()).length());
        assertEquals(List.of("begin(NEVER)", "close()"), files.calls());
        assertEquals(Errno.EIO, guest.send(Opcode.STATFS, 1, bytes()).errno());
        assertEquals(0, guest.init().errno());
    }

    @Test
    void resetEndsTheSessionOnce() {
        FuseServer server = new FuseServer(files.fileSystem(), FuseOptions.defaults());
        TestGuest guest = new TestGuest(server.newWorker());
        server.reset();
        guest.init();
        server.reset();
        server.reset();
        assertEquals(List.of("begin(NEVER)", "close()"), files.calls());
    }

    @Test
    void sessionThatCannotBeginIsNone() {
        TestGuest guest = guest();
        files.answer(
                "begin",
                arguments -> {
                    throw new IllegalStateException("on purpose");
                });
        assertEquals(Errno.EIO, guest.init().errno());
        assertEquals(Errno.EIO, guest.send(Opcode.STATFS, 1, bytes()).errno());
    }

    /** What a guest that offers everything agrees on with a server of these options. */
    private static Negotiated agreed(FuseOptions options) throws Exception {
        InitIn offer = new InitIn(7, 45, 131_072, LINUX_7_2_FLAGS, LINUX_7_2_FLAGS2);
        return Negotiated.of(offer, options, false);
    }

    private static Negotiated moved(Negotiated saved, FuseOptions there) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        saved.save(new DataOutputStream(out));
        return Negotiated.load(
                new DataInputStream(new ByteArrayInputStream(out.toByteArray())), there);
    }

    @Test
    void whatWasAgreedOnStaysInAnotherProcess() throws Exception {
        FuseOptions plain = FuseOptions.defaults();
        FuseOptions rich =
                plain.with(Feature.WRITEBACK, true)
                        .with(Feature.EXPORT, true)
                        .withPosixAcl(FeatureMode.AUTO)
                        .withMaxWriteBytes(1 << 20);
        for (FuseOptions options : List.of(plain, rich)) {
            Negotiated saved = agreed(options);
            assertEquals(saved, moved(saved, options));
        }
        assertEquals(agreed(plain), moved(agreed(plain), rich)); // which could do more

        IOException less = assertThrows(IOException.class, () -> moved(agreed(rich), plain));
        assertTrue(less.getMessage().contains("WRITEBACK_CACHE"), less.getMessage());
        assertTrue(less.getMessage().contains("POSIX_ACL"), less.getMessage());
        FuseOptions small = plain.withMaxWriteBytes(1 << 16);
        assertThrows(IOException.class, () -> moved(agreed(plain), small));
        assertEquals(agreed(small), moved(agreed(small), plain));
        FuseOptions labels = plain.withSecurityLabel(FeatureMode.ALWAYS);
        assertThrows(IOException.class, () -> moved(agreed(plain), labels));
    }

    @Test
    void whatNoServerAgreesOnIsRefused() throws Exception {
        FuseOptions options = FuseOptions.defaults();
        Negotiated real = agreed(options);
        for (Negotiated hostile :
                List.of(
                        new Negotiated(30, real.flags(), real.maxReadahead(), real.maxWrite()),
                        new Negotiated(46, real.flags(), real.maxReadahead(), real.maxWrite()),
                        new Negotiated(-1, real.flags(), real.maxReadahead(), real.maxWrite()),
                        new Negotiated(45, -1, real.maxReadahead(), real.maxWrite()),
                        new Negotiated(
                                45,
                                real.flags() | InitFlag.MAP_ALIGNMENT.mask(),
                                real.maxReadahead(),
                                real.maxWrite()),
                        new Negotiated(45, real.flags(), -1, real.maxWrite()),
                        new Negotiated(45, real.flags(), 1 << 30, real.maxWrite()),
                        new Negotiated(45, real.flags(), real.maxReadahead(), -1),
                        new Negotiated(45, real.flags(), real.maxReadahead(), 4095),
                        new Negotiated(45, real.flags(), real.maxReadahead(), 1 << 24))) {
            assertThrows(IOException.class, () -> moved(hostile, options), hostile::toString);
        }
    }
}
