package io.jvirtiofsd.nio;

import io.jvirtiofsd.fuse.Attributes;
import io.jvirtiofsd.fuse.Entry;

/**
 * The answer to a lookup, counted already; nodeId 0 and no attributes if there is no such name.
 * <i>Immutable.</i>
 */
record NioEntry(long nodeId, long entryValidNanos, Attributes attributes) implements Entry {
    @Override
    public long generation() {
        return 0; // nodeIds are never reused
    }
}
