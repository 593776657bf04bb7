package io.jvirtiofsd.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The harness itself, with the peer as back-end, so that a fault of ours cannot hide in it. */
class GuestIT {
    @TempDir Path folder;

    @Test
    void scriptsRunInAGuestThatMountsAShareOfThePeer() throws Exception {
        GuestKit kit = GuestKit.get();
        Path share = Files.createDirectory(folder.resolve("share"));
        Files.writeString(share.resolve("greeting"), "hello");
        try (Daemon daemon = Daemon.startPeer(kit, share, folder.resolve("s"));
                Guest guest =
                        new GuestBuilder(kit, folder)
                                .fsDevice(daemon.socket(), "share", 1, 128)
                                .boot()) {
            guest.check("mount -t virtiofs share /mnt");
            assertEquals("hello", guest.check("cat /mnt/greeting"));
            guest.check("echo from the guest >/mnt/answer");
            assertEquals("from the guest\n", Files.readString(share.resolve("answer")));
            assertEquals(3, guest.run("exit 3").exitCode());
            assertEquals(
                    "\0\r\n\u00ff",
                    new String(
                            guest.run("printf '\\0\\r\\n\\377'").output(),
                            StandardCharsets.ISO_8859_1));
            assertThrows(
                    IllegalStateException.class, () -> guest.run("sleep 5", Duration.ofMillis(50)));
            guest.start("head -c 64M /dev/urandom");
            guest.start("sleep 4; echo b >/proc/sysrq-trigger"); // cuts a line of the output
            guest.awaitBoot();
            assertEquals("hello", guest.check("mount -t virtiofs share /mnt; cat /mnt/greeting"));
        }
    }
}
