package io.jvirtiofsd.ivshmem;

import java.util.OptionalInt;
import java.util.function.IntPredicate;

/**
 * Which id the next peer gets: they go up from 0 and around, so that one comes again as late as
 * possible. <i>Confined to the server's thread.</i> Source: ivshmem-spec.rst, server protocol.
 */
final class PeerIds {
    private int next;

    /**
     * An id that is not {@code taken}; empty if all are.
     *
     * @param taken whether an id is a peer's, or one that somebody may take for a peer's yet
     */
    OptionalInt choose(IntPredicate taken) {
        for (int tries = 0; tries <= Notice.MOST_ID; tries++) {
            int id = next;
            next = id == Notice.MOST_ID ? 0 : id + 1;
            if (!taken.test(id)) {
                return OptionalInt.of(id);
            }
        }
        return OptionalInt.empty();
    }
}
