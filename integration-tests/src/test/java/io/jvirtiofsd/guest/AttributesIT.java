package io.jvirtiofsd.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Extended attributes, access lists, flags and nameless files, as a guest's programs see them. */
class AttributesIT {
    private static final Duration LONG = Duration.ofMinutes(3);

    @TempDir static Path folder;

    private static ShareRig auto;
    private static ShareRig never;
    private static ShareRig mounts;
    private static Guest guest;

    @BeforeAll
    static void boot() throws IOException {
        String chattr = "--modcaps=+linux_immutable";
        auto = new ShareRig(folder, "auto", "--posix-acl=auto", chattr);
        never = new ShareRig(folder, "never", "--posix-acl=always", "--cache=never", chattr);
        // Mounts made later come into a sandbox only where the host shares them: ContainmentIT.
        mounts = new ShareRig(folder, "mounts", "--sandbox=none");
        guest =
                new GuestBuilder(GuestKit.get(), folder)
                        .fsDevice(auto.socket(), "auto", 1, 128)
                        .fsDevice(never.socket(), "never", 2, 128)
                        .fsDevice(mounts.socket(), "mounts", 1, 128)
                        .boot();
    }

    @AfterAll
    static void end() {
        if (guest != null) {
            guest.close();
        }
        Stream.of(auto, never, mounts).filter(Objects::nonNull).forEach(ShareRig::close);
    }

    /** A failed test leaves its mount to nobody. */
    @AfterEach
    void unmountAnyway() {
        guest.check("! mountpoint -q /mnt || umount -Rl /mnt");
    }

    private static String resource(String name) throws Exception {
        try (InputStream in = AttributesIT.class.getResourceAsStream("/guest/" + name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    /** What the host's own file system says is kept in attributes.txt. */
    @Test
    void aGuestIsToldWhatTheHostWouldSay() throws Exception {
        String host = resource("attributes.txt").strip();
        // A guest that can map ids does not say who lists (docs/semantics.md).
        String expected = host.replace("user lists: []", "user lists: ['trusted.b']");
        assertNotEquals(host, expected);
        String script = resource("attributes.py");
        for (ShareRig rig : new ShareRig[] {auto, never}) {
            String tag = rig == auto ? "auto" : "never";
            Files.writeString(rig.share().resolve("script.py"), script);
            guest.check("mount -t virtiofs " + tag + " /mnt");
            rig.mounted();
            assertEquals(expected, guest.check("python3 /mnt/script.py /mnt", LONG), tag);
            guest.check("umount /mnt");
            rig.assertIdle();
        }
    }

    @Test
    void mountsOfTheHostAreMountsInTheGuestAndFilesHaveTheirBirthTime() throws Exception {
        String share = mounts.share().toString();
        String mount = "mkdir " + share + "/tmp && mount -t tmpfs tmpfs " + share + "/tmp";
        int result = Processes.run(LONG, List.of("bash", "-c", mount)).exitCode();
        assumeTrue(result == 0 || System.getenv("CI") != null, "no right to mount");
        assertEquals(0, result);
        try {
            Files.writeString(mounts.share().resolve("file"), "1");
            Files.writeString(mounts.share().resolve("tmp/file"), "2");
            guest.check("mount -t virtiofs mounts /mnt");
            mounts.mounted();
            assertEquals("12", guest.check("cat /mnt/file /mnt/tmp/file"));
            guest.check("[ $(stat -c %d /mnt/file) != $(stat -c %d /mnt/tmp/file) ]");
            assertEquals("2", guest.check("grep -c virtiofs /proc/mounts"));
            guest.check("echo more >/mnt/tmp/new; sync -f /mnt/tmp/new");
            String birth = "stat -c %W " + share + "/file";
            assertEquals(ShareRig.onHost(birth).strip(), guest.check("stat -c %W /mnt/file"));
            guest.check("umount -R /mnt");
            mounts.assertIdle();
        } finally {
            ShareRig.onHost("umount -l " + share + "/tmp");
        }
    }
}
