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
 * One guest, whose memory is not shared, and one whose kernel has no virtio-fs.
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
    void aKernelWithoutVirtioFsDoesNotKnowTheType() throws Exception {
        GuestBuilder machine =
                new GuestBuilder(GuestKit.get(), Files.createDirectory(folder.resolve("other")))
                        .kernelArgument("initcall_blacklist=virtio_fs_init");
        try (Guest other = machine.boot()) {
            ExecResult result = other.run("mount -t virtiofs share /mnt");
            assertEquals(32, result.exitCode(), result.text());
            assertTrue(result.text().contains("unknown filesystem type 'virtiofs'"), result.text());
        }
    }

    /** By the profile that Debian has for libvirt, and a program in it as libvirt is. */
    @Test
    void appArmorLetsLibvirtExecuteWhatIsInUsrBin() throws Exception {
        String profile = "etc/apparmor.d/usr.sbin.libvirtd";
        guest.check(
                """
                set -e
                cat >/%1$s <<'END'
                %2$s
                END
                mount -t securityfs securityfs /sys/kernel/security
                apparmor_parser --replace --skip-cache /%1$s
                mkdir -p /opt/bin
                cp /usr/bin/true /opt/bin/jvirtiofsd
                cp /usr/bin/true /usr/bin/jvirtiofsd
                ln -s /opt/bin/jvirtiofsd /usr/bin/linked
                """
                        .formatted(
                                profile,
                                Files.readString(GuestKit.get().clients().resolve(profile))));
        String execute = "aa-exec -p libvirtd -- /bin/bash -c '%s; exit $?'";
        guest.check(execute.formatted("/usr/bin/jvirtiofsd"));
        for (String program : List.of("/opt/bin/jvirtiofsd", "/usr/bin/linked")) {
            ExecResult result = guest.run(execute.formatted(program));
            assertEquals(126, result.exitCode(), result.text());
            assertTrue(result.text().contains(program + ": Permission denied"), result.text());
        }
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
