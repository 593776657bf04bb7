package io.jvirtiofsd.vhost;

import io.jvirtiofsd.linux.Reclaimer;
import io.jvirtiofsd.linux.Syscalls;
import io.jvirtiofsd.shmem.GuestMemory;
import io.jvirtiofsd.shmem.GuestMemoryException;
import io.jvirtiofsd.shmem.GuestRegion;
import java.util.ArrayList;
import java.util.List;

/**
 * The session's memory table and the messages that change it; the owner of all regions.
 *
 * <p>{@link #current} is read by the queue threads inside their brackets; regions that leave the
 * table are retired. Everything else belongs to the control thread. Source: vhost-user.rst, "Memory
 * region description".
 */
final class MemoryRegions implements AutoCloseable {
    private static final int REGION_BYTES = 32;
    private static final int TABLE_HEADER_BYTES = 8;
    private static final int MAX_TABLE_REGIONS = 8; // VHOST_MEMORY_BASELINE_NREGIONS

    private final Syscalls syscalls;
    private final Reclaimer reclaimer;
    private final Runnable changed;
    private volatile GuestMemory current = GuestMemory.EMPTY;

    /**
     * @param changed called when a new table is in force and before regions of the old one are
     *     retired, so that rings can be found anew
     */
    MemoryRegions(Syscalls syscalls, Reclaimer reclaimer, Runnable changed) {
        this.syscalls = syscalls;
        this.reclaimer = reclaimer;
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
                GuestRegion region = map(message, TABLE_HEADER_BYTES + i * REGION_BYTES);
                added.add(region);
                next = next.with(region);
            }
        } catch (GuestMemoryException e) {
            added.forEach(GuestRegion::close);
            throw new Refusal(e.getMessage(), e);
        }
        List<GuestRegion> removed = current.regions();
        install(next, removed);
    }

    /** ADD_MEM_REG. */
    void add(Message message) throws Refusal {
        if (message.fdCount() != 1) {
            throw new Refusal("memory region with " + message.fdCount() + " descriptors");
        }
        GuestRegion region = null;
        try {
            region = map(message, TABLE_HEADER_BYTES);
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

    /** Takes the next descriptor of {@code message} for the region described at {@code at}. */
    private GuestRegion map(Message message, int at) throws GuestMemoryException {
        return GuestRegion.map(
                syscalls,
                message.takeFd(),
                message.u64(at),
                message.u64(at + 8),
                message.u64(at + 16),
                message.u64(at + 24));
    }

    private void install(GuestMemory next, List<GuestRegion> removed) {
        current = next;
        changed.run();
        removed.forEach(reclaimer::retire);
    }

    @Override
    public void close() {
        install(GuestMemory.EMPTY, current.regions());
    }
}
