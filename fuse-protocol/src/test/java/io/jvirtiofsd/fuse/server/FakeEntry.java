package io.jvirtiofsd.fuse.server;

import io.jvirtiofsd.fuse.Attributes;
import io.jvirtiofsd.fuse.Entry;

/** An entry with given values. */
record FakeEntry(long nodeId, long generation, long entryValidNanos, Attributes attributes)
        implements Entry {

    /** A node of {@code mode} that may be trusted for 2.25 seconds. */
    static FakeEntry of(long nodeId, int mode) {
        return new FakeEntry(nodeId, 7, 2_250_000_000L, FakeAttributes.of(mode));
    }

    /** A name that does not exist. */
    static FakeEntry negative(long entryValidNanos) {
        return new FakeEntry(0, 0, entryValidNanos, null);
    }
}
