package io.jvirtiofsd.posix;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.guest.Daemon;
import io.jvirtiofsd.guest.ExecResult;
import io.jvirtiofsd.guest.Guest;
import io.jvirtiofsd.guest.GuestBuilder;
import io.jvirtiofsd.guest.GuestKit;
import io.jvirtiofsd.guest.NativePrograms;
import io.jvirtiofsd.guest.Processes;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Quotas of users, which not every kernel has: on one that has, in a guest. There the JVM and all
 * classes come from this machine, by a daemon of ours.
 */
class QuotasIT {
    private static final Duration LIMIT = Duration.ofMinutes(4);
    private static final int LIMIT_BYTES = 4 << 20;
    private static final int LIMIT_INODES = 100;

    @TempDir Path folder;

    @Test
    void quotasOfUsersBindWhoeverWritesToTheirFiles() throws Exception {
        Path image = folder.resolve("image");
        String make =
                "PATH=$PATH:/usr/sbin; truncate -s 64M %1$s && mke2fs -q -t ext4 -O quota -E"
                        + " quotatype=usrquota %1$s";
        ExecResult made = Processes.run(LIMIT, List.of("bash", "-c", make.formatted(image)));
        assertTrue(made.exitCode() == 0, made::text);
        Path program = NativePrograms.build(folder, "quota");
        try (Daemon daemon = Daemon.start(Path.of("/"), folder.resolve("s"), "--readonly");
                Guest guest =
                        new GuestBuilder(GuestKit.get(), folder)
                                .memoryMiB(1536)
                                .fsDevice(daemon.socket(), "host", 1, 128)
                                .arguments("-drive", "file=" + image + ",if=virtio,format=raw")
                                .boot()) {
            guest.check(
                    """
                    for module in /usr/lib/quota-modules/*.ko; do insmod $module; done
                    mkdir /host
                    mount -t virtiofs host /host
                    mount -t proc proc /host/proc
                    mount --bind /dev /host/dev
                    mount -o usrquota /dev/vdb /host/mnt
                    /host%s /dev/vdb 1000 %d %d
                    mkdir -m 777 /host/mnt/share
                    """
                            .formatted(program, LIMIT_BYTES, LIMIT_INODES));
            String java = Path.of(System.getProperty("java.home"), "bin/java").toString();
            String said =
                    guest.check(
                            "exec setpriv --bounding-set -sys_resource --inh-caps -sys_resource"
                                    + " chroot /host %s -XX:+UseSerialGC -Xmx256m".formatted(java)
                                    + " -XX:TieredStopAtLevel=1 -Djava.io.tmpdir=/mnt -cp '%s' %s"
                                            .formatted(
                                                    System.getProperty("java.class.path"),
                                                    QuotaScenario.class.getName())
                                    + " /mnt/share 2>&1",
                            LIMIT);
            assertTrue(said.contains("bound, but for what is root's: true"), said);
        }
    }
}
