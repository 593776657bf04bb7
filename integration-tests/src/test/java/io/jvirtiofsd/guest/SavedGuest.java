package io.jvirtiofsd.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A guest that has booted and was saved: many can be started from it, one after the other, each in
 * a part of the time that a boot takes. Their file system device is plugged in then.
 */
final class SavedGuest {
    private final GuestKit kit;
    private final Path folder;
    private final Path state;
    private final Monitor monitor;

    /** Boots a guest, saves its state in {@code folder} and ends it. */
    SavedGuest(GuestKit kit, Path folder) throws IOException {
        this.kit = kit;
        this.folder = folder;
        this.state = folder.resolve("state");
        this.monitor = new Monitor(folder.resolve("monitor"));
        Guest guest = machine().boot();
        try {
            monitor.tell("migrate file:" + state);
            String said = monitor.tell("info migrate");
            while (said.matches("(?s).*Status:\\s+(setup|active|device)\\b.*")) {
                said = monitor.tell("info migrate");
            }
            assertTrue(said.contains("completed"), said);
        } finally {
            guest.kill();
        }
    }

    private GuestBuilder machine() {
        return new GuestBuilder(kit, folder)
                .arguments(monitor.arguments())
                .arguments("-device", "pcie-root-port,id=slot1,chassis=1");
    }

    /** A guest in the state that was saved, with a device for the daemon at {@code socket}. */
    Guest start(Path socket, String tag) throws IOException {
        Files.deleteIfExists(monitor.socket()); // of an earlier guest, whose QEMU was killed
        Guest guest =
                machine()
                        .arguments("-incoming", "file:" + state)
                        .arguments("-chardev", "socket,id=fs,path=" + socket)
                        .resume();
        monitor.tell(
                "device_add vhost-user-fs-pci,chardev=fs,tag=%s,bus=slot1,num-request-queues=2"
                        .formatted(tag));
        assertEquals(
                "",
                guest.check(
                        "until ls /sys/bus/virtio/drivers/virtiofs | grep -q virtio; do sleep 0.1;"
                                + " done"));
        return guest;
    }
}
