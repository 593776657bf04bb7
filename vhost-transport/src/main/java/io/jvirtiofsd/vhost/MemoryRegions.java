package io.jvirtiofsd.vhost;

import io.jvirtiofsd.dax.DaxWindow;
import io.jvirtiofsd.linux.Fd;
import io.jvirtiofsd.linux.FileId;
import io.jvirtiofsd.linux.LinuxException;
import io.jvirtiofsd.linux.Reclaimer;
import io.jvirtiofsd.linux.Syscalls;
import io.jvirtiofsd.shmem.GuestMemory;
import io.jvirtiofsd.shmem.GuestMemoryException;
import io.jvirtiofsd.shmem.GuestRegion;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * The session's memory table and the messages that change it; the owner of all regions.
 *
 * <p>Queue threads see a table through the rings that were found in it; regions that leave the
 * table are retired. <i>Confined to the control thread.</i> Source: vhost-user.rst, "Memory region
 * description".
 */
final class MemoryRegions implements AutoCloseable {
    private static final int REGION_BYTES = 32;
    private static final int TABLE_HEADER_BYTES = 8;
    private static final int MAX_TABLE_REGIONS = 8; // VHOST_MEMORY_BASELINE_NREGIONS

    private final Syscalls syscalls;
    private final Reclaimer reclaimer;
    private final Optional<DaxWindow> window;
    private final Consumer<GuestMemory> changed;
    private GuestMemory current = GuestMemory.EMPTY;

    /**
     * @param changed called with a new table when it is in force and before regions of the old one
     *     are retired, so that rings can be found anew
     */
    MemoryRegions(
            Syscalls syscalls,
            Reclaimer reclaimer,
            Optional<DaxWindow> window,
            Consumer<GuestMemory> changed) {
        this.syscalls = syscalls;
        this.reclaimer = reclaimer;
        this.window = window;
        this.changed = changed;
    }

    GuestMemory current() {
        return current;
    }

    /** SET_MEM_TABLE: replaces the whole table at once. */
    void replace(Message message) throws Refusal {
        int count = message.size() < TABLE_HEADER_BYTES ? -1 : message.u32(0);
        if (count < 0
                || count > MAX_TABLE_REGIONS
                || message.size() < TABLE_HEADER_BYTES + count * REGION_BYTES
                || message.fdCount() != count) {
            throw new Refusal(
                    "memory table of %d bytes with %d descriptors"
                            .formatted(message.size(), message.fdCount()));
        }
        List<GuestRegion> added = new ArrayList<>();
        GuestMemory next = GuestMemory.EMPTY;
        try {
            for (int i = 0; i < count; i++) {
                int at = TABLE_HEADER_BYTES + i * REGION_BYTES;
                Fd fd = message.takeFd();
                if (isPieceOfWindow(message, at, fd)) {
                    fd.close(); // reached through the window as a whole
                    continue;
                }
                GuestRegion region = map(message, at, fd);
                added.add(region);
                next = next.with(region);
            }
        } catch (GuestMemoryException e) {
            added.forEach(GuestRegion::close);
            throw new Refusal(e.getMessage(), e);
        }
        List<GuestRegion> removed = current.regions();
        install(next.withWindow(current.window()), removed);
    }

    /**
     * ADD_MEM_REG. QEMU announces each piece that it maps in the DAX window as memory, too. These
     * are refused: once accepted, QEMU 11.1 crashes when the device starts again after a stop with
     * maps, as on every reboot. Buffers in the window are found nevertheless, by the window's
     * place.
     */
    void add(Message message) throws Refusal {
        if (message.fdCount() != 1) {
            throw new Refusal("memory region with " + message.fdCount() + " descriptors");
        }
        GuestRegion region = null;
        Fd fd = message.takeFd();
        if (isPieceOfWindow(message, TABLE_HEADER_BYTES, fd)) {
            fd.close();
            throw Refusal.expected("a piece of the window, which is known as a whole");
        }
        try {
            region = map(message, TABLE_HEADER_BYTES, fd);
            install(current.with(region), List.of());
        } catch (GuestMemoryException e) {
            if (region != null) {
                region.close();
            }
            throw new Refusal(e.getMessage(), e);
        }
    }

    /** REM_MEM_REG: the offset in the file is not looked at, since QEMU sends 0. */
    void remove(Message message) throws Refusal {
        int at = TABLE_HEADER_BYTES;
        GuestRegion region =
                current.exactly(message.u64(at), message.u64(at + 8), message.u64(at + 16));
        if (region == null) {
            throw new Refusal("removes a memory region that is not there");
        }
        install(current.without(region), List.of(region));
    }

    /** Takes {@code fd} for the region described at {@code at} of {@code message}. */
    private GuestRegion map(Message message, int at, Fd fd) throws GuestMemoryException {
        return GuestRegion.map(
                syscalls,
                fd,
                message.u64(at),
                message.u64(at + 8),
                message.u64(at + 16),
                message.u64(at + 24));
    }

    /**
     * Whether a region is one of our own files that the front-end has mapped in the window; if so,
     * notes where the guest has the window.
     */
    private boolean isPieceOfWindow(Message message, int at, Fd fd) {
        if (window.isEmpty()) {
            return false;
        }
        FileId file;
        try {
            file = FileId.of(syscalls, fd);
        } catch (LinuxException e) {
            return false;
        }
        DaxWindow dax = window.get();
        if (!dax.isMapped(file)) {
            return false;
        }
        long offset = dax.pieceAt(file, message.u64(at + 24), message.u64(at + 8));
        if (offset >= 0) {
            locateWindow(message.u64(at) - offset);
        }
        return true;
    }

    private void locateWindow(long gpa) {
        DaxWindow dax = window.orElseThrow();
        if (gpa < 0 || gpa > Long.MAX_VALUE - dax.bytes()) {
            return;
        }
        GuestRegion known = current.window();
        if (known == null || known.gpa() != gpa) {
            GuestRegion place = GuestRegion.window(syscalls, gpa, dax.bytes(), dax.mirrorAddress());
            install(current.withWindow(place), List.of());
        }
        dax.located();
    }

    private void install(GuestMemory next, List<GuestRegion> removed) {
        current = next;
        changed.accept(next);
        removed.forEach(reclaimer::retire);
    }

    @Override
    public void close() {
        install(GuestMemory.EMPTY, current.regions());
    }
}
