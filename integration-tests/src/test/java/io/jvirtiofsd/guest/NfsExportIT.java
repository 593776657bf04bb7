package io.jvirtiofsd.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A guest exports a share by NFS and is its own client, which asks for nodes that the guest has
 * forgotten. One guest, with a second share that has no file handles.
 */
class NfsExportIT {
    private static final Duration LONG = Duration.ofMinutes(4);
    private static final int ENTRIES = 1000; // nfs.py
    private static final int FILES = 20; // nfs.py

    private interface Step {
        void run() throws Exception;
    }

    @TempDir static Path folder;

    private static ShareRig rig;
    private static ShareRig without;
    private static Guest guest;

    @BeforeAll
    static void boot() throws IOException {
        rig = new ShareRig(folder, "share", "--xattr", "--trace");
        without = new ShareRig(folder, "without", "--inode-file-handles=never");
        Path many = Files.createDirectory(rig.share().resolve("many"));
        for (int i = 0; i < ENTRIES; i++) {
            Files.createFile(many.resolve("entry-" + i));
        }
        guest =
                new GuestBuilder(GuestKit.get(), folder)
                        .fsDevice(rig.socket(), "share", 2, 128)
                        .fsDevice(without.socket(), "without", 1, 128)
                        .boot();
        guest.check(ShareRig.script("nfs-server.sh"), LONG);
        mountShare();
        rig.mounted();
        unmountShare();
    }

    @AfterAll
    static void end() {
        if (guest != null) {
            guest.close();
        }
        Stream.of(rig, without).filter(Objects::nonNull).forEach(ShareRig::close);
    }

    /** Nothing of the share is in use on either side once the server has let go of it. */
    @AfterEach
    void unexport() {
        guest.check("! mountpoint -q /mnt || umount /mnt", LONG);
        unmountShare();
        rig.assertIdle();
    }

    private static void mountShare() {
        guest.check(
                "mkdir -p /export/share; mount -t virtiofs share /export/share;"
                        + " exportfs -o rw,fsid=77,no_subtree_check,no_root_squash"
                        + " 127.0.0.1:/export/share");
    }

    private static void unmountShare() {
        guest.check("exportfs -u 127.0.0.1:/export/share; exportfs -f; umount /export/share", LONG);
    }

    /** A client that asks for everything each time. */
    private static void mountClient(String version) {
        String where =
                version.equals("3")
                        ? "vers=3,nolock 127.0.0.1:/export/share"
                        : "vers=4.2 127.0.0.1:/share";
        guest.check("mount -t nfs -o actimeo=0,lookupcache=none,nordirplus," + where + " /mnt");
    }

    /** How often a node was found by its number alone. */
    private static long found() {
        return rig.daemon()
                .log()
                .lines()
                .filter(line -> line.contains(" name=\".\" -> ENTRY"))
                .count();
    }

    @ParameterizedTest
    @ValueSource(strings = {"4.2", "3"})
    void clientsFindWhatTheGuestHasForgotten(String version) {
        long before = found();
        mountShare();
        mountClient(version);
        guest.check(ShareRig.python("nfs.py", "work", "/mnt"), LONG);
        rig.assertSameOnBothSides(guest, "/mnt", "dir");
        guest.check("rm -r /mnt/dir", LONG);
        assertTrue(found() - before >= FILES, found() + " found, " + before + " before");
    }

    /** What a client has of {@code file} leads to, once {@code meanwhile} has happened. */
    private static String held(String file, Step meanwhile) throws Exception {
        CompletableFuture<ExecResult> holding =
                guest.start(ShareRig.python("nfs.py", "hold", file));
        guest.check("until [ -e /tmp/held ]; do sleep 0.1; done", LONG);
        meanwhile.run();
        guest.check("touch /tmp/go");
        return holding.get(LONG.toSeconds(), TimeUnit.SECONDS).text().strip();
    }

    @ParameterizedTest
    @ValueSource(strings = {"4.2", "3"})
    void whatTheHostHasRemovedIsNoOtherFile(String version) throws Exception {
        Path removed = Files.writeString(rig.share().resolve("removed-" + version), "removed");
        mountShare();
        mountClient(version);
        String file = "/mnt/" + removed.getFileName();
        assertEquals("removed", held(file, () -> {}));
        Step replace =
                () -> {
                    Files.delete(removed);
                    for (int i = 0; i < FILES; i++) { // some file gets its inode number
                        Files.writeString(rig.share().resolve("other-" + i), "other");
                    }
                    guest.check("cat /export/share/other-*");
                };
        assertEquals("ESTALE", held(file, replace));
    }

    @Test
    void whatWasKnownBeforeTheShareWasMountedAnewIsStale() throws Exception {
        Files.writeString(rig.share().resolve("file"), "content");
        mountShare();
        mountClient("4.2");
        Step again =
                () -> {
                    unmountShare();
                    mountShare();
                };
        assertEquals("ESTALE", held("/mnt/file", again));
        assertEquals("content", guest.check("cat /mnt/file"), "by its name");
    }

    @Test
    void anOverlayWithAnIndexIsOfOneMount() {
        mountShare();
        String mount =
                "mkdir -p /merged /export/share/{lower,upper,work}; mount -t overlay -o"
                        + " lowerdir=/export/share/lower,upperdir=/export/share/upper,"
                        + "workdir=/export/share/work,%s overlay /merged";
        String indexed = mount.formatted("index=on,nfs_export=on");
        for (int i = 0; i < 2; i++) {
            guest.check(indexed + "; umount /merged");
        }
        unmountShare();
        mountShare();
        String said = guest.run(indexed).text();
        assertTrue(said.contains("Stale file handle"), said);
        guest.check(mount.formatted("index=off") + "; umount /merged");
    }

    @Test
    void aShareWithoutHandlesIsNotExported() {
        mountShare();
        guest.check(
                "mkdir -p /export/without; mount -t virtiofs without /export/without;"
                        + " exportfs -o rw,fsid=78,no_subtree_check 127.0.0.1:/export/without");
        String said =
                guest.run("mount -t nfs -o vers=3,nolock 127.0.0.1:/export/without /mnt", LONG)
                        .text();
        assertTrue(said.contains("access denied by server"), said);
        guest.check("exportfs -u 127.0.0.1:/export/without; umount /export/without");
        assertEquals(List.of(), without.daemon().complaints());
    }
}
