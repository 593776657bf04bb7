package io.jvirtiofsd.nio;

import io.jvirtiofsd.fuse.Attributes;
import io.jvirtiofsd.fuse.Entry;

/** The answer to a lookup, counted already. <i>Immutable.</i> */
record NioEntry(long nodeId, long entryValidNanos, Attributes attributes) implements Entry {
    @Override
    public long generation() {
        return 0; // nodeIds are never reused
    }
}
