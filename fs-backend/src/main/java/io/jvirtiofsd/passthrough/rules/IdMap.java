package io.jvirtiofsd.passthrough.rules;

import io.jvirtiofsd.fuse.Errno;
import io.jvirtiofsd.fuse.ErrnoException;
import java.util.List;

/**
 * Which user ids (or group ids) of the guest are which on the host, and the other way round; part
 * of {@link IdMaps}. An id that no rule names is itself.
 *
 * <p>Ids are 32 bits unsigned; looking one up allocates nothing. <i>Immutable.</i>
 */
public final class IdMap {
    private static final IdMap IDENTITY = new IdMap(IdRanges.NONE, IdRanges.NONE);

    private final IdRanges toHost;
    private final IdRanges toGuest;

    IdMap(IdRanges toHost, IdRanges toGuest) {
        this.toHost = toHost;
        this.toGuest = toGuest;
    }

    /** Every id is itself. */
    public static IdMap identity() {
        return IDENTITY;
    }

    /**
     * Reads rules "guest:GUEST:HOST:COUNT", "host:HOST:GUEST:COUNT", "map:GUEST:HOST:COUNT",
     * "squash-guest:GUEST:HOST:COUNT", "squash-host:HOST:GUEST:COUNT" and
     * "forbid-guest:GUEST:COUNT".
     *
     * @throws IllegalArgumentException if one is none of these, or two speak of the same id in the
     *     same direction
     */
    public static IdMap parse(List<String> rules) {
        return IdRules.parse(rules);
    }

    /**
     * Reads ranges of a user namespace, ":GUEST:HOST:COUNT:" with any separator. As in such a
     * namespace, the guest cannot use other ids, and ids of the host outside of it show as 65534.
     *
     * @throws IllegalArgumentException if one is no such range, or two speak of the same id in the
     *     same direction
     */
    public static IdMap parseNamespace(List<String> ranges) {
        return IdRules.parseNamespace(ranges);
    }

    /** Whether every id is itself. */
    public boolean isIdentity() {
        return toHost.isEmpty() && toGuest.isEmpty();
    }

    /** The host's id for the guest's {@code id}; EPERM if the guest may not use it. */
    public int toHost(int id) throws ErrnoException {
        long mapped = toHost.of(id);
        if (mapped == IdRanges.FORBIDDEN) {
            throw ErrnoException.of(Errno.EPERM);
        }
        return (int) mapped;
    }

    /** What the guest sees of the host's {@code id}. */
    public int toGuest(int id) {
        return (int) toGuest.of(id);
    }
}
