package io.jvirtiofsd.passthrough;

/**
 * What the guest keeps, and whether its programs get past that; starts as {@link #of} a policy.
 * <i>Immutable.</i>
 *
 * @param policy how long names, attributes and data are kept
 * @param readdirplus whether directory listings may carry attributes
 * @param writeback whether the guest may keep what is written, where the policy lets it keep data
 * @param directIo whether O_DIRECT of the guest's programs is passed on to the host
 * @param sharedMmap whether files whose data is not kept can be mapped shared all the same
 * @param negativeNanos how long the guest may keep that a name does not exist, in nanoseconds, 0 or
 *     more
 */
public record CacheOptions(
        CachePolicy policy,
        boolean readdirplus,
        boolean writeback,
        boolean directIo,
        boolean sharedMmap,
        long negativeNanos) {

    /** Options with {@code policy}; the guest may list with attributes, all else is off. */
    public static CacheOptions of(CachePolicy policy) {
        return new CacheOptions(policy, true, false, false, false, 0);
    }

    /** These, but for {@link #writeback}. */
    public CacheOptions withWriteback(boolean value) {
        return new CacheOptions(policy, readdirplus, value, directIo, sharedMmap, negativeNanos);
    }

    /** These, but for {@link #directIo}. */
    public CacheOptions withDirectIo(boolean value) {
        return new CacheOptions(policy, readdirplus, writeback, value, sharedMmap, negativeNanos);
    }

    /** These, but for {@link #sharedMmap}. */
    public CacheOptions withSharedMmap(boolean value) {
        return new CacheOptions(policy, readdirplus, writeback, directIo, value, negativeNanos);
    }

    /** These, but for {@link #negativeNanos}. */
    public CacheOptions withNegativeNanos(long value) {
        return new CacheOptions(policy, readdirplus, writeback, directIo, sharedMmap, value);
    }

    /** Whether {@link #writeback} means anything under this policy. */
    public boolean writesBack() {
        return writeback && policy.keepsData();
    }

    /** Whether listings carry attributes; nobody would believe them under "never". */
    public boolean usesReaddirplus() {
        return readdirplus && policy.validNanos() > 0;
    }
}
