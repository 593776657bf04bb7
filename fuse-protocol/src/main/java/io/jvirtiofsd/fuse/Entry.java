package io.jvirtiofsd.fuse;

/**
 * The answer to a lookup: the nodeId that a name stands for, already counted as one lookup, and its
 * attributes. It dies, as {@link Attributes} do, when the {@link Session} is called again on the
 * same thread. <i>Confined to its thread.</i>
 *
 * <p>Source: fuse.h, {@code struct fuse_entry_out}.
 */
public interface Entry {
    /** The nodeId, or 0 for a name that does not exist (only from a lookup). */
    long nodeId();

    /** Tells two uses of one nodeId apart; 0 where nodeIds are never reused. */
    long generation();

    /** How long the guest may trust the name, in nanoseconds &ge; 0. */
    long entryValidNanos();

    /** Attributes of the node; not asked for when {@link #nodeId} is 0. */
    Attributes attributes();
}
