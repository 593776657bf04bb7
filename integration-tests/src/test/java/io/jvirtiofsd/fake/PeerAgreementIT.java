package io.jvirtiofsd.fake;

import static io.jvirtiofsd.passthrough.HandleMode.NEVER;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.jvirtiofsd.fake.FuseClient.Created;
import io.jvirtiofsd.guest.Daemon;
import io.jvirtiofsd.guest.GuestKit;
import io.jvirtiofsd.linux.Syscalls;
import io.jvirtiofsd.passthrough.XattrOptions;
import io.jvirtiofsd.passthrough.rules.XattrMap;
import io.jvirtiofsd.vhost.FakeDriver;
import io.jvirtiofsd.vhost.FakeFrontend;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The same requests to virtiofsd: it shows that the fake front-end speaks as others do, and that
 * our answers are what guests are used to.
 */
class PeerAgreementIT {
    private static final long FLAGS = 1 << 22; // fuse.h FUSE_MAX_PAGES
    private static final int STEPS = 20_000;

    @TempDir Path folder;

    private static FakeFrontend start(FakeFrontend frontend, long features, int regions)
            throws Exception {
        frontend.negotiate(features, 0, regions, FakeDriver.memoryBytes(2));
        frontend.start(1, 128);
        return frontend;
    }

    private Daemon peer(String name) throws Exception {
        Path share = Files.createDirectories(folder.resolve(name));
        return Daemon.startPeer(GuestKit.get(), share, folder.resolve(name + ".socket"));
    }

    @Test
    void thePeerIsServedByTheSameFrontEnd() throws Exception {
        for (long features : new long[] {-1L, ~FakeFrontend.F_EVENT_IDX}) {
            try (Daemon daemon = peer("peer" + features);
                    FakeFrontend frontend = start(new FakeFrontend(daemon.socket()), features, 3)) {
                FuseClient fuse = new FuseClient(frontend, 1);
                fuse.init(FLAGS);
                for (int piece : new int[] {40, 4096, Integer.MAX_VALUE}) {
                    for (boolean indirect : new boolean[] {false, true}) {
                        frontend.queue(1).pieces(piece).gap(2).spread(true).indirect(indirect);
                        exercise(fuse, indirect ? 20_000 : 1000);
                    }
                }
                frontend.resume(frontend.stop());
                exercise(fuse, 1000);
            }
        }
    }

    private static void exercise(FuseClient fuse, int bytes) {
        byte[] data = new byte[bytes];
        new Random(bytes).nextBytes(data);
        Created file = fuse.create(FuseClient.ROOT, "file", 2, 0100600);
        long node = file.node().nodeId();
        assertEquals(bytes, fuse.write(node, file.fh(), 0, data));
        assertArrayEquals(data, fuse.read(node, file.fh(), 0, bytes));
        assertEquals(bytes, fuse.getattr(node).size());
        fuse.release(node, file.fh());
        fuse.unlink(FuseClient.ROOT, "file");
        fuse.forget(node, 1);
    }

    @Test
    void answersAreThoseOfThePeer() throws Exception {
        compare(STEPS, XattrOptions.on(), "--xattr");
    }

    @Test
    void answersAreThoseOfThePeerUnderOtherNames() throws Exception {
        for (String rules : new String[] {":map::user.m.:", "/map/user./trusted.m./"}) {
            XattrOptions xattrs = XattrOptions.on().withMap(XattrMap.parse(rules));
            compare(STEPS / 4, xattrs, "--xattrmap=" + rules);
        }
    }

    @Test
    void whatIsMadeIsWhatThePeerMakes() throws Exception {
        String[] options = {"--posix-acl=auto", "--security-label=auto"};
        compare(
                CreationOverRingTest.OPTIONS,
                options,
                CreationScenario.FLAGS,
                (theirs, ours) ->
                        assertEquals(
                                String.join("\n", new CreationScenario(theirs).run()),
                                String.join("\n", new CreationScenario(ours).run())));
    }

    private void compare(int steps, XattrOptions xattrs, String peerOption) throws Exception {
        compare(
                xattrs,
                new String[] {peerOption},
                FLAGS,
                (theirs, ours) -> {
                    RandomGuest one = new RandomGuest(ours);
                    RandomGuest two = new RandomGuest(theirs);
                    for (int step = 0; step < steps; step++) {
                        assertEquals(
                                two.step(new Random(step)),
                                one.step(new Random(step)),
                                "step " + step);
                    }
                });
    }

    /** Calls {@code check} with the peer's client and ours. */
    private void compare(
            XattrOptions xattrs,
            String[] peerOptions,
            long flags,
            BiConsumer<FuseClient, FuseClient> check)
            throws Exception {
        Path place = Files.createTempDirectory(folder, "run");
        Path ours = Files.createDirectory(place.resolve("ours"));
        Path theirs = Files.createDirectory(place.resolve("theirs"));
        List<String> options = new ArrayList<>(List.of(peerOptions));
        options.add("--modcaps=+sys_admin");
        int umask = Syscalls.load().umask(0); // as the programs do
        try (InProcess backEnd =
                        new InProcess(
                                ours,
                                place,
                                all -> all.xattrs(xattrs).inodeFileHandles(NEVER)); // as the peer
                FakeFrontend ourFrontend = start(backEnd.connect(), -1L, 1);
                Daemon daemon =
                        Daemon.startPeer(
                                GuestKit.get(),
                                theirs,
                                place.resolve("peer"),
                                options.toArray(String[]::new));
                FakeFrontend theirFrontend = start(new FakeFrontend(daemon.socket()), -1L, 1)) {
            FuseClient ourFuse = new FuseClient(ourFrontend, 1);
            FuseClient theirFuse = new FuseClient(theirFrontend, 1);
            ourFuse.init(flags);
            theirFuse.init(flags);
            check.accept(theirFuse, ourFuse);
        } finally {
            Syscalls.load().umask(umask);
        }
    }
}
