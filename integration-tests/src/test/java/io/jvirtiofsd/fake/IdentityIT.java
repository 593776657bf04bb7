package io.jvirtiofsd.fake;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.guest.Daemon;
import io.jvirtiofsd.guest.GuestKit;
import io.jvirtiofsd.linux.Syscalls;
import io.jvirtiofsd.passthrough.rules.IdMap;
import io.jvirtiofsd.passthrough.rules.IdMaps;
import io.jvirtiofsd.vhost.FakeDriver;
import io.jvirtiofsd.vhost.FakeFrontend;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Translated users and groups: rules of the command line mean what they mean to virtiofsd. */
class IdentityIT {
    private static final String[] RULES = {
        "guest:0:1000:10",
        "map:10:2000:10",
        "squash-guest:20:3000:10",
        "forbid-guest:100:1",
        "host:0:7:1",
        "squash-host:1000:9:20"
    };

    /** To be told of an input or output error is no help to who may not do something. */
    private static final String PEER_FORBIDS = "-> errno 5,";

    private static final String WE_FORBID = "-> errno 1,";

    private static final int EPERM = 1;
    private static final int SET_UID = 2; // fuse.h FATTR_UID

    @TempDir Path folder;
    private int umask;

    @BeforeEach
    void open() {
        umask = Syscalls.load().umask(0); // as the programs do
    }

    @AfterEach
    void restore() {
        Syscalls.load().umask(umask);
    }

    private static FakeFrontend connect(Daemon daemon) throws IOException {
        return connect(daemon.socket());
    }

    private static FakeFrontend connect(Path socket) throws IOException {
        FakeFrontend frontend = new FakeFrontend(socket);
        frontend.negotiate(-1L, 0, 1, FakeDriver.memoryBytes(2));
        frontend.start(1, 128); // virtiofsd has one request queue
        return frontend;
    }

    private static List<String> run(Daemon daemon, Path share) throws Exception {
        try (FakeFrontend frontend = connect(daemon)) {
            FuseClient fuse = new FuseClient(frontend, 1);
            fuse.init(1 << 22);
            return new IdentityScenario(fuse, share).run();
        }
    }

    private void compare(String name, String... options) throws Exception {
        Path place = Files.createDirectory(folder.resolve(name));
        Path ours = Files.createDirectory(place.resolve("ours"));
        Path theirs = Files.createDirectory(place.resolve("theirs"));
        String expected;
        try (Daemon daemon =
                Daemon.startPeer(GuestKit.get(), theirs, place.resolve("peer"), options)) {
            expected = String.join("\n", run(daemon, theirs)).replace(PEER_FORBIDS, WE_FORBID);
        }
        try (Daemon daemon = Daemon.start(ours, place.resolve("socket"), options)) {
            assertEquals(expected, String.join("\n", run(daemon, ours)), name);
        }
    }

    @Test
    void rulesMeanWhatThePeerMeans() throws Exception {
        compare("none");
        for (String rule : RULES) {
            compare(rule, "--translate-uid=" + rule);
        }
        String[] all = new String[2 * RULES.length];
        for (int i = 0; i < RULES.length; i++) {
            all[2 * i] = "--translate-uid=" + RULES[i];
            all[2 * i + 1] = "--translate-gid=" + RULES[i];
        }
        compare("all", all);
    }

    /** What docs/semantics.md says of it. */
    @Test
    void whoIsNotRootOwnsEverythingAndShowsAsTheGuestsRoot() throws Exception {
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxrwxrwx"));
        Path share = Files.createDirectory(folder.resolve("share"));
        Files.setAttribute(share, "unix:uid", 4000);
        Files.setAttribute(share, "unix:gid", 4000);
        try (Daemon daemon =
                        Daemon.startUnder(
                                "exec setpriv --reuid=4000 --regid=4000 --clear-groups",
                                share,
                                folder.resolve("socket"),
                                "--uid-map=:0:4000:1:",
                                "--gid-map=:0:4000:1:");
                FakeFrontend frontend = connect(daemon)) {
            FuseClient fuse = new FuseClient(frontend, 1);
            fuse.init(1 << 22);
            FuseClient.Node made = fuse.mknod(FuseClient.ROOT, "made", 0100600, 0);
            assertEquals(0, made.uid());
            assertEquals(0, made.gid());
            assertEquals(4000, Files.getAttribute(share.resolve("made"), "unix:uid"));
            assertEquals(0, fuse.setattr(made.nodeId(), SET_UID, 0, 0, 0, 0).uid());
            assertForbidden(() -> fuse.setattr(made.nodeId(), SET_UID, 0, 5, 0, 0));
            assertForbidden(() -> fuse.as(5, 0).mkdir(FuseClient.ROOT, "others", 0700));
            fuse.as(0, 0);
            Files.createFile(share.resolve("foreign"));
            FuseClient.Node foreign = fuse.lookup(FuseClient.ROOT, "foreign");
            assertEquals(65534, foreign.uid());
            assertForbidden(() -> fuse.setattr(foreign.nodeId(), SET_UID, 0, 0, 0, 0));
        }
    }

    private static void assertForbidden(Runnable request) {
        assertEquals(EPERM, assertThrows(FuseErrorException.class, request::run).errno());
    }

    @Test
    void aNamespaceIsAMapWithoutOthers() throws Exception {
        Path share = Files.createDirectory(folder.resolve("share"));
        IdMaps ids =
                new IdMaps(
                        IdMap.parseNamespace(List.of(":0:1000:20:")),
                        IdMap.parseNamespace(List.of(":0:2000:20:")));
        // By the program itself root is refused, since this alone does not confine anybody.
        try (InProcess daemon = new InProcess(share, folder, options -> options.ids(ids));
                FakeFrontend frontend = connect(daemon.socket())) {
            FuseClient fuse = new FuseClient(frontend, 1);
            fuse.init(1 << 22);
            List<String> lines = new IdentityScenario(fuse, share).run();
            for (String line :
                    List.of(
                            "create 5 -> 5:5, on the host 1005:2005",
                            "create 25 -> errno 1, on the host absent",
                            "host's 1005 -> 5:65534 5:65534, on the host 1005:1005",
                            "host's 0 -> 65534:65534 65534:65534, on the host 0:0",
                            "chown 15 -> 15:5, on the host 1015:2005",
                            "both 25 -> errno 1, on the host 1015:2015")) {
                assertTrue(lines.contains(line), line + " is not in " + lines);
            }
        }
    }
}
