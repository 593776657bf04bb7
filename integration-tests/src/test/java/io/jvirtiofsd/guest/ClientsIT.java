package io.jvirtiofsd.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Programs that start virtiofsd find this daemon in its place, unchanged and from their Debian
 * packages, it from its own, and their guests have virtiofs. They run in a root of their own, in
 * which there is no other virtiofsd. RecipesIT has systemd-vmspawn and virtme-ng, as the page
 * writes them.
 */
class ClientsIT {
    @TempDir Path shared;

    /** Runs a script in the root of the clients; what it printed. */
    private String run(String script) throws IOException {
        ExecResult result = ClientsRoot.run(shared, script);
        assertEquals(0, result.exitCode(), result.text());
        return result.text();
    }

    /**
     * As root in every way, with one that comes and goes while the guest runs ({@code hot}), and
     * the socket of the package's unit; saved and restored, and brought back to a snapshot, with a
     * file open; and as an ordinary user, whose ids newuidmap(1) gives.
     */
    @Test
    void libvirtStartsItInEveryWay() throws Exception {
        String said = run(ShareRig.script("libvirt.sh", ClientsRoot.KERNEL));
        for (String way :
                List.of(
                        "always",
                        "binary",
                        "chroot",
                        "hot",
                        "more",
                        "namespace",
                        "none",
                        "plain",
                        "socket")) {
            assertServed(way, "1234:1234", said);
        }
        assertServed("session", "101233:101233", said);
        assertFalse(said.contains("readonly/copy"), said);
        assertTrue(said.contains("\nplain/gone\n"), "no unplugging: " + said);
        assertTrue(said.contains("plain/held:first\nplain/held:last\n"), said);
        for (String step :
                List.of(
                        "Domain 't' saved to",
                        "Domain restored from",
                        "Domain 't' state saved by libvirt",
                        "Domain snapshot one created",
                        "Domain snapshot one reverted")) {
            assertTrue(said.contains(step), step + ": " + said);
        }
        List<String> refused = said.lines().filter(l -> l.startsWith("jvirtiofsd: ")).toList();
        assertEquals(1, refused.size(), said);
        String why = "jvirtiofsd: --uid-map and --gid-map can only be used by an ordinary user";
        assertTrue(refused.get(0).startsWith(why), said);
        assertTrue(said.endsWith("no complaints"), said);
    }

    private static void assertServed(String tag, String owner, String said) {
        assertTrue(said.contains(tag + "/mounts:" + tag + " /mnt virtiofs rw,"), said);
        assertTrue(said.contains(tag + "/copy " + owner + "\n"), said);
    }

    @Test
    void unitsAreWhatSystemdKnows() throws Exception {
        String verify = "systemd-analyze verify --man=no /usr/lib/systemd/system/jvirtiofsd@x.";
        assertEquals("", run(verify + "service && " + verify + "socket"));
    }

    /**
     * Makes a folder that can be booted, and notes then how its root is mounted; and one that it
     * has as a second share, in which it makes a copy of a file.
     */
    private Path bootable() throws IOException {
        Path root = shared.resolve("root");
        for (String folder :
                List.of(
                        "bin", "sbin", "usr", "etc", "proc", "sys", "dev", "run", "var", "tmp",
                        "bound")) {
            Files.createDirectories(root.resolve(folder));
        }
        Files.writeString(
                Files.createDirectory(shared.resolve("second")).resolve("file"), "of-the-host");
        Files.writeString(root.resolve("etc/os-release"), "ID=debian\n");
        Path init = root.resolve("sbin/init");
        Files.writeString(
                init,
                """
                #!/bin/sh
                mount -t proc proc /proc
                mount -t sysfs sysfs /sys
                grep ' / ' /proc/mounts >/root-mount
                echo of-the-guest >/answer
                for tag in $(cat /sys/fs/virtiofs/*/tag); do
                    mount -t virtiofs $tag /bound || continue
                    [ ! -e /bound/file ] || cat /bound/file >/bound/copy
                    umount /bound
                done
                sync
                poweroff -f
                """);
        assertTrue(init.toFile().setExecutable(true));
        Files.copy(
                GuestKit.get().clients().resolve("usr/bin/busybox"),
                root.resolve("bin/busybox"),
                StandardCopyOption.COPY_ATTRIBUTES);
        for (String program : List.of("sh", "mount", "umount", "cat", "grep", "sync", "poweroff")) {
            Files.createSymbolicLink(root.resolve("bin").resolve(program), Path.of("busybox"));
        }
        return root;
    }

    private void assertBooted(Path root) throws IOException {
        assertTrue(Files.readString(root.resolve("root-mount")).contains(" / virtiofs "));
        assertEquals("of-the-guest\n", Files.readString(root.resolve("answer")));
        assertEquals("of-the-host", Files.readString(shared.resolve("second/copy")));
    }

    /**
     * mkosi's own sandbox is around the daemon: /sys, /mnt and most of /etc are not there. The
     * second share's owner runs its daemon, as root of a namespace in which there is no other id.
     */
    @Test
    void mkosiBootsADirectoryByVirtiofs() throws Exception {
        Path root = bootable();
        Path second = shared.resolve("second");
        Files.setPosixFilePermissions(shared, PosixFilePermissions.fromString("rwxr-xr-x"));
        Files.setAttribute(second, "unix:uid", 1000);
        Files.setAttribute(second, "unix:gid", 1000);
        Files.writeString(
                shared.resolve("mkosi.conf"),
                """
                [Distribution]
                Distribution=debian
                [Output]
                Format=directory
                Output=root
                OutputDirectory=/shared
                [Runtime]
                Firmware=linux
                Linux=%s
                CPUs=1
                RAM=512M
                KVM=no
                VSock=no
                TPM=no
                Console=read-only
                Register=no
                RuntimeTrees=/shared/second:/bound
                """
                        .formatted(ClientsRoot.KERNEL));
        // If the daemon does not start mkosi waits for ever.
        run("cd /shared\ntimeout -k 1 120 mkosi vm");
        assertBooted(root);
        assertEquals(1000, Files.getAttribute(second.resolve("copy"), "unix:uid"));
    }
}
