package io.jvirtiofsd.fuse.server;

import io.jvirtiofsd.fuse.FeatureMode;
import io.jvirtiofsd.fuse.LockOptions;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/**
 * What a {@link FuseServer} is told by its owner; starts as {@link #defaults} and is refined by
 * {@code with} methods. <i>Immutable.</i>
 *
 * @param maxWriteBytes largest WRITE to announce, 4096 to {@link #MAX_WRITE_BYTES}
 * @param features what is agreed on if offered
 * @param posixAcl whether guest and host interpret access control lists
 * @param securityLabel whether what is made gets the guest's security label at once
 * @param trace takes one line for each request; tracing costs nothing when empty
 */
public record FuseOptions(
        int maxWriteBytes,
        Set<Feature> features,
        FeatureMode posixAcl,
        FeatureMode securityLabel,
        Optional<Consumer<String>> trace) {
    /** 256 pages: what Linux guests allow unless told otherwise (fs.fuse.max_pages_limit). */
    public static final int MAX_WRITE_BYTES = 1 << 20;

    private static final int MIN_WRITE_BYTES = 4096; // Linux guests raise less to this

    public FuseOptions {
        if (maxWriteBytes < MIN_WRITE_BYTES || maxWriteBytes > MAX_WRITE_BYTES) {
            throw new IllegalArgumentException(
                    "maxWriteBytes must be 4096 to 1048576, not " + maxWriteBytes);
        }
        features = Set.copyOf(features);
    }

    /** 1 MiB writes, READDIRPLUS, submounts told; no ACLs, no labels, no trace. */
    public static FuseOptions defaults() {
        return new FuseOptions(
                MAX_WRITE_BYTES,
                EnumSet.of(Feature.READDIRPLUS, Feature.SUBMOUNTS),
                FeatureMode.NEVER,
                FeatureMode.NEVER,
                Optional.empty());
    }

    public FuseOptions withMaxWriteBytes(int bytes) {
        return new FuseOptions(bytes, features, posixAcl, securityLabel, trace);
    }

    public FuseOptions with(Feature feature, boolean on) {
        Set<Feature> changed = EnumSet.noneOf(Feature.class);
        changed.addAll(features);
        if (on) {
            changed.add(feature);
        } else {
            changed.remove(feature);
        }
        return new FuseOptions(maxWriteBytes, changed, posixAcl, securityLabel, trace);
    }

    public FuseOptions withLocks(LockOptions locks) {
        return with(Feature.POSIX_LOCKS, locks.posix()).with(Feature.FLOCK_LOCKS, locks.flock());
    }

    public FuseOptions withPosixAcl(FeatureMode mode) {
        return new FuseOptions(maxWriteBytes, features, mode, securityLabel, trace);
    }

    public FuseOptions withSecurityLabel(FeatureMode mode) {
        return new FuseOptions(maxWriteBytes, features, posixAcl, mode, trace);
    }

    public FuseOptions withTrace(Consumer<String> lines) {
        return new FuseOptions(
                maxWriteBytes, features, posixAcl, securityLabel, Optional.of(lines));
    }
}
