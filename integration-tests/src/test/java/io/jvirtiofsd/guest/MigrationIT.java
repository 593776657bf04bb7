package io.jvirtiofsd.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A busy guest goes from one QEMU and daemon to others, and its programs notice nothing. */
class MigrationIT {
    private static final int MOVES = Amount.of(2, 40);
    private static final Duration PROGRESS = Duration.ofMinutes(3);
    private static final String[] KINDS = {"verify", "unlinked", "listing", "history", "database"};

    @TempDir Path folder;
    private int started;

    /** A daemon; each second one hands file handles over instead of paths. */
    private Daemon daemon(Path share, Path socket) {
        return Daemon.start(
                share,
                socket,
                "--xattr",
                started++ % 2 == 0
                        ? "--migration-mode=find-paths"
                        : "--migration-mode=file-handles");
    }

    /** Waits until each kind of work has come round once more. */
    private static void awaitProgress(Guest guest) {
        guest.check(
                """
                mkdir -p /tmp/rounds; rm -rf /tmp/before
                cp -r /tmp/rounds /tmp/before
                for kind in %s; do
                    until [ "$(cat /tmp/rounds/$kind)" != "$(cat /tmp/before/$kind)" ]; do
                        sleep 0.1
                    done 2>/dev/null
                done
                """
                        .formatted(String.join(" ", KINDS)),
                PROGRESS);
    }

    @Test
    void aBusyGuestMovesThereAndBack() throws Exception {
        Path share = Files.createDirectory(folder.resolve("share"));
        Path empty = Files.createDirectory(folder.resolve("empty"));
        try (MigratingGuest moving =
                new MigratingGuest(GuestKit.get(), folder, 2, socket -> daemon(share, socket))) {
            moving.guest().check("mount -t virtiofs share /mnt");
            moving.guest()
                    .check(
                            "(%s) </dev/null >/dev/null 2>&1 &"
                                    .formatted(ShareRig.script("migration.sh", "/mnt")));
            awaitProgress(moving.guest());
            for (int move = 1; move <= MOVES; move++) {
                moving.migrate();
                awaitProgress(moving.guest());
                assertEquals("", moving.guest().check("cat /tmp/wrong"));
                assertEquals(List.of(), moving.daemon().complaints());
            }

            // Another share does not have the files: all stays where it is.
            String log = moving.migrateInVain(socket -> Daemon.start(empty, socket, "--xattr"));
            assertTrue(log.contains("cannot take over"), log);
            awaitProgress(moving.guest());

            moving.migrate();
            moving.guest()
                    .check(
                            "touch /tmp/end; cd /tmp/rounds; until [ $(grep -lx end * | wc -l) = %d ];"
                                            .formatted(KINDS.length)
                                    + " do sleep 0.1; done",
                            PROGRESS);
            assertEquals("", moving.guest().check("cat /tmp/wrong"));
            assertSame(share, moving.guest());
        }
    }

    private static void assertSame(Path share, Guest guest) throws IOException {
        assertEquals(
                ShareRig.onHost(ShareRig.script("checksums.sh", share.toString())),
                guest.check(ShareRig.script("checksums.sh", "/mnt")));
    }
}
