package io.jvirtiofsd.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What docs/troubleshooting.md says of machines that are not as they should be is what they show.
 * One guest, whose memory is not shared.
 */
class TroubleshootingIT {
    private static final Duration LIMIT = Duration.ofSeconds(60);

    @TempDir static Path folder;

    private static ShareRig rig;
    private static Guest guest;

    @BeforeAll
    static void boot() throws IOException {
        rig = new ShareRig(folder, "share");
        guest =
                new GuestBuilder(GuestKit.get(), folder)
                        .memoryByArguments()
                        .arguments("-m", "768M")
                        .fsDevice(rig.socket(), "share", 1, 128)
                        .boot();
    }

    @AfterAll
    static void end() {
        if (guest != null) {
            guest.kill(); // a process that waits for the device cannot be ended
        }
        if (rig != null) {
            rig.close();
        }
    }

    private static String fails(String mount) {
        ExecResult result = guest.run("dmesg -C; " + mount + "; code=$?; dmesg; exit $code");
        assertTrue(result.exitCode() != 0, result.text());
        return result.text();
    }

    @Test
    void aTagThatNoDeviceHasIsNotFound() {
        String said = fails("mount -t virtiofs other /mnt");
        assertTrue(said.contains("virtio-fs: tag <other> not found"), said);
    }

    @Test
    void withoutAWindowThereIsNoDax() {
        String said = fails("mount -t virtiofs -o dax share /mnt");
        assertTrue(said.contains("dax can't be enabled"), said);
    }

    @Test
    void withoutSharedMemoryTheFirstAccessHangs() throws Exception {
        guest.check("mount -t virtiofs share /mnt");
        guest.start("ls /mnt");
        guest.check("until ps -eo stat,args | grep -q '^D.* ls /mnt'; do sleep 0.1; done", LIMIT);
        String log = Files.readString(folder.resolve("qemu.log"));
        assertTrue(log.contains("Error starting vhost: 5"), log);
    }

    @Test
    void whereNobodyListensQemuCannotConnect() {
        Path socket = folder.resolve("nobody");
        ExecResult result =
                Processes.run(
                        LIMIT,
                        List.of(
                                GuestKit.get().qemu().toString(),
                                "-nodefaults",
                                "-display",
                                "none",
                                "-chardev",
                                "socket,id=share,path=" + socket));
        assertEquals(1, result.exitCode(), result.text());
        assertTrue(result.text().contains("Failed to connect to '" + socket), result.text());
    }
}
