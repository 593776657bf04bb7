package io.jvirtiofsd.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two guests, a daemon each, and the host lock files of one directory. */
class LocksIT {
    private static final Duration LONG = Duration.ofMinutes(3);
    private static final int ROUNDS = Amount.of(100, 300);

    @TempDir Path folder;

    @Test
    void twoGuestsAndTheHostExcludeEachOther() throws Exception {
        GuestKit kit = GuestKit.get();
        String[] options = {"--cache=never", "--posix-lock", "--flock"};
        try (ShareRig rig = new ShareRig(folder, "one", options);
                Daemon other = Daemon.start(rig.share(), folder.resolve("two"), options)) {
            NativePrograms.build(rig.share(), "lockcount");
            try (Guest one = boot(kit, rig.socket());
                    Guest two = boot(kit, other.socket())) {
                rig.mounted();
                for (String kind : List.of("fcntl", "flock")) {
                    everyoneCounts(rig, one, two, kind);
                    whoDiesLeavesNoLock(one, two, kind);
                }
                programsOfTheShellWait(one, two);
                one.check("umount /mnt");
                rig.assertIdle();
            }
            assertEquals(List.of(), other.complaints());
        }
    }

    private static Guest boot(GuestKit kit, Path socket) throws Exception {
        Path folder = Files.createTempDirectory(socket.getParent(), "guest");
        Guest guest = new GuestBuilder(kit, folder).fsDevice(socket, "share", 1, 128).boot();
        guest.check("mount -t virtiofs share /mnt");
        return guest;
    }

    /** Two processes in each guest, and one on the host, all add to the same number. */
    private static void everyoneCounts(ShareRig rig, Guest one, Guest two, String kind)
            throws Exception {
        String count = "lockcount /mnt/count-" + kind + " " + kind + " " + ROUNDS;
        String both = "/mnt/" + count + " & /mnt/" + count + " && wait $!";
        CompletableFuture<ExecResult> first = one.start(both);
        CompletableFuture<ExecResult> second = two.start(both);
        String share = rig.share().toString();
        ShareRig.onHost((share + "/" + count).replace("/mnt", share));
        for (CompletableFuture<ExecResult> guest : List.of(first, second)) {
            ExecResult result = guest.get(LONG.toSeconds(), TimeUnit.SECONDS);
            assertEquals(0, result.exitCode(), result.text());
        }
        String counted = Files.readString(rig.share().resolve("count-" + kind)).strip();
        assertEquals(String.valueOf(5 * ROUNDS), counted, kind);
    }

    private static void whoDiesLeavesNoLock(Guest one, Guest two, String kind) {
        String attempt = "/mnt/lockcount /mnt/held " + kind + " try";
        assertEquals("free", one.check(attempt), kind);
        one.check("/mnt/lockcount /mnt/held " + kind + " hold >/dev/null & echo $! >/tmp/holder");
        String taken = kind.equals("fcntl") ? "taken 7+3" : "taken";
        two.check("until [ \"$(" + attempt + ")\" = '" + taken + "' ]; do sleep 0.1; done");
        one.check("kill -9 $(cat /tmp/holder)");
        two.check("until [ \"$(" + attempt + ")\" = free ]; do sleep 0.1; done");
    }

    private static void programsOfTheShellWait(Guest one, Guest two) throws Exception {
        one.check("flock /mnt/shell sleep 2 & sleep 0.5");
        two.check("! flock -n /mnt/shell true");
        two.check("flock /mnt/shell true", LONG);
        two.check("flock -n /mnt/shell true");
    }
}
