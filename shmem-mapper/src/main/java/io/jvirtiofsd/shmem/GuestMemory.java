package io.jvirtiofsd.shmem;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/**
 * The guest's memory as the front-end has announced it: the only class that turns a number of the
 * guest or the front-end into a place in a region. The session owns the regions.
 *
 * <p><i>Immutable</i>: a change gives a new table. Source: vhost-user, "Memory regions".
 */
public final class GuestMemory {
    /** The most regions, enough for any machine: what QEMU can have memory slots. */
    public static final int MAX_REGIONS = 509;

    /** No memory. */
    public static final GuestMemory EMPTY = new GuestMemory(new GuestRegion[0]);

    private final GuestRegion[] byGpa;

    private GuestMemory(GuestRegion[] byGpa) {
        this.byGpa = byGpa;
    }

    /** This table and {@code region}, which must not overlap any other. */
    public GuestMemory with(GuestRegion region) throws GuestMemoryException {
        if (byGpa.length == MAX_REGIONS) {
            throw new GuestMemoryException("more than " + MAX_REGIONS + " memory regions");
        }
        for (GuestRegion other : byGpa) {
            if (other.isWindow()) {
                if (overlap(region.gpa(), region.bytes(), other.gpa(), other.bytes())) {
                    return without(other).with(region); // it has been moved away from here
                }
                continue;
            }
            if (overlap(region.gpa(), region.bytes(), other.gpa(), other.bytes())
                    || overlap(region.uva(), region.bytes(), other.uva(), other.bytes())) {
                throw new GuestMemoryException(region + " overlaps " + other);
            }
        }
        return plus(region);
    }

    private GuestMemory plus(GuestRegion region) {
        GuestRegion[] more = Arrays.copyOf(byGpa, byGpa.length + 1);
        more[byGpa.length] = region;
        Arrays.sort(more, Comparator.comparingLong(GuestRegion::gpa));
        return new GuestMemory(more);
    }

    private static boolean overlap(long a, long aBytes, long b, long bBytes) {
        return a < b + bBytes && b < a + aBytes;
    }

    /**
     * This table with the DAX window where {@code region} says, and nowhere else; without any if
     * null, or if there is other memory in that place.
     */
    public GuestMemory withWindow(GuestRegion region) {
        GuestRegion old = window();
        GuestMemory rest = old == null ? this : without(old);
        if (region == null) {
            return rest;
        }
        for (GuestRegion other : rest.byGpa) {
            if (overlap(region.gpa(), region.bytes(), other.gpa(), other.bytes())) {
                return rest;
            }
        }
        return rest.plus(region);
    }

    /** The DAX window, or null while nobody knows where the guest has it. */
    public GuestRegion window() {
        for (GuestRegion region : byGpa) {
            if (region.isWindow()) {
                return region;
            }
        }
        return null;
    }

    /** This table without {@code region}. */
    public GuestMemory without(GuestRegion region) {
        List<GuestRegion> fewer = new ArrayList<>(List.of(byGpa));
        fewer.remove(region);
        return new GuestMemory(fewer.toArray(GuestRegion[]::new));
    }

    /** The region with exactly these figures, or null. */
    public GuestRegion exactly(long gpa, long bytes, long uva) {
        GuestRegion region = find(gpa);
        return region != null
                        && region.gpa() == gpa
                        && region.bytes() == bytes
                        && region.uva() == uva
                ? region
                : null;
    }

    /** All regions but the window, by guest address. */
    public List<GuestRegion> regions() {
        return Arrays.stream(byGpa).filter(region -> !region.isWindow()).toList();
    }

    /** The region that holds guest address {@code gpa}, or null. */
    public GuestRegion find(long gpa) {
        int low = 0;
        int high = byGpa.length - 1;
        while (low <= high) {
            int middle = (low + high) >>> 1;
            GuestRegion region = byGpa[middle];
            long offset = gpa - region.gpa();
            if (offset < 0) {
                high = middle - 1;
            } else if (offset < region.bytes()) {
                return gpa < 0 ? null : region;
            } else {
                low = middle + 1;
            }
        }
        return null;
    }

    /** The region that holds all of {@code [uva, uva + length)}, or null. */
    public GuestRegion findUser(long uva, long length) {
        for (GuestRegion region : byGpa) {
            long offset = uva - region.uva();
            if (!region.isWindow()
                    && uva >= 0
                    && offset >= 0
                    && length <= region.bytes() - offset) {
                return region;
            }
        }
        return null;
    }
}
