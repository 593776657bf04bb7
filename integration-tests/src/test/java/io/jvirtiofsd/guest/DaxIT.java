package io.jvirtiofsd.guest;

import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Guests map files of the share in the DAX window. */
class DaxIT {
    private static final Duration LONG = Duration.ofMinutes(8);

    @TempDir Path folder;

    private final GuestKit kit = GuestKit.get();

    @Test
    void filesOfAllSizesAreTheSameThroughTheWindow() throws Exception {
        try (ShareRig rig = new ShareRig(folder, "s", "--tag=share", "--dax=always", "--trace");
                Guest guest = new GuestBuilder(kit, folder).genericDevice(rig.socket(), 1).boot()) {
            ShareRig.onHost(
                    "cd "
                            + rig.share()
                            + "; mkdir d; cd d; for s in 0 1 340 4095 4096 4097 8192 70000 2097151"
                            + " 2097152 2097153 5243909; do head -c $s /dev/urandom >f$s; done");
            guest.check("mount -t virtiofs -o dax=always share /mnt");
            System.out.println(guest.check("cd /mnt/d; ls -l; sha256sum *", LONG));
            System.out.println(ShareRig.onHost("cd " + rig.share() + "/d;  sha256sum *"));
            rig.assertSameOnBothSides(guest, "/mnt", "d");
            guest.check("umount /mnt");
            System.out.println(rig.daemon().log());
            System.out.println(guest.console());
        }
    }
}
