package io.jvirtiofsd.passthrough.rules;

import io.jvirtiofsd.passthrough.PassthroughOptions;

/**
 * How users and groups of guest and host translate; part of {@link PassthroughOptions}.
 * <i>Immutable.</i>
 *
 * @param uids how users translate
 * @param gids how groups translate
 */
public record IdMaps(IdMap uids, IdMap gids) {
    /** Everybody is the same on both sides. */
    public static IdMaps identity() {
        return new IdMaps(IdMap.identity(), IdMap.identity());
    }

    /** Whether everybody is the same on both sides. */
    public boolean areIdentity() {
        return uids.isIdentity() && gids.isIdentity();
    }
}
