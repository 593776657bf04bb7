package io.jvirtiofsd.fuse;

import java.util.Optional;
import java.util.function.Consumer;

/**
 * What a {@link FuseServer} is told by its owner; starts as {@link #defaults} and is refined by
 * {@code with} methods. <i>Immutable.</i>
 *
 * @param maxWriteBytes largest WRITE to announce, 4096 to {@link #MAX_WRITE_BYTES}
 * @param readdirplus whether directory listings may carry attributes
 * @param cacheSymlinks whether the guest may keep link targets without asking again
 * @param posixAcl whether guest and host interpret access control lists
 * @param securityLabel whether what is made gets the guest's security label at once
 * @param submounts whether the guest may be told where other file systems are mounted
 * @param locks which locks of the guest the file system keeps
 * @param trace takes one line for each request; tracing costs nothing when empty
 */
public record FuseOptions(
        int maxWriteBytes,
        boolean readdirplus,
        boolean cacheSymlinks,
        FeatureMode posixAcl,
        FeatureMode securityLabel,
        boolean submounts,
        LockOptions locks,
        Optional<Consumer<String>> trace) {
    /** 256 pages: what Linux guests allow unless told otherwise (fs.fuse.max_pages_limit). */
    public static final int MAX_WRITE_BYTES = 1 << 20;

    private static final int MIN_WRITE_BYTES = 4096; // Linux guests raise less to this

    public FuseOptions {
        if (maxWriteBytes < MIN_WRITE_BYTES || maxWriteBytes > MAX_WRITE_BYTES) {
            throw new IllegalArgumentException(
                    "maxWriteBytes must be 4096 to 1048576, not " + maxWriteBytes);
        }
    }

    /**
     * 1 MiB writes, READDIRPLUS, no caching of links, no ACLs, no labels, submounts told, no locks,
     * no trace.
     */
    public static FuseOptions defaults() {
        return new FuseOptions(
                MAX_WRITE_BYTES,
                true,
                false,
                FeatureMode.NEVER,
                FeatureMode.NEVER,
                true,
                LockOptions.NONE,
                Optional.empty());
    }

    public FuseOptions withMaxWriteBytes(int bytes) {
        return new FuseOptions(
                bytes,
                readdirplus,
                cacheSymlinks,
                posixAcl,
                securityLabel,
                submounts,
                locks,
                trace);
    }

    public FuseOptions withReaddirplus(boolean on) {
        return new FuseOptions(
                maxWriteBytes, on, cacheSymlinks, posixAcl, securityLabel, submounts, locks, trace);
    }

    public FuseOptions withCacheSymlinks(boolean on) {
        return new FuseOptions(
                maxWriteBytes, readdirplus, on, posixAcl, securityLabel, submounts, locks, trace);
    }

    public FuseOptions withPosixAcl(FeatureMode mode) {
        return new FuseOptions(
                maxWriteBytes,
                readdirplus,
                cacheSymlinks,
                mode,
                securityLabel,
                submounts,
                locks,
                trace);
    }

    public FuseOptions withSecurityLabel(FeatureMode mode) {
        return new FuseOptions(
                maxWriteBytes, readdirplus, cacheSymlinks, posixAcl, mode, submounts, locks, trace);
    }

    public FuseOptions withSubmounts(boolean on) {
        return new FuseOptions(
                maxWriteBytes,
                readdirplus,
                cacheSymlinks,
                posixAcl,
                securityLabel,
                on,
                locks,
                trace);
    }

    public FuseOptions withLocks(LockOptions value) {
        return new FuseOptions(
                maxWriteBytes,
                readdirplus,
                cacheSymlinks,
                posixAcl,
                securityLabel,
                submounts,
                value,
                trace);
    }

    public FuseOptions withTrace(Consumer<String> lines) {
        return new FuseOptions(
                maxWriteBytes,
                readdirplus,
                cacheSymlinks,
                posixAcl,
                securityLabel,
                submounts,
                locks,
                Optional.of(lines));
    }
}
