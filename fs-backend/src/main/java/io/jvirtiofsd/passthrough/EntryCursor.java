package io.jvirtiofsd.passthrough;

import io.jvirtiofsd.fuse.Attributes;
import io.jvirtiofsd.fuse.Entry;
import io.jvirtiofsd.fuse.Name;
import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.linux.Scratch;

/**
 * The answer to the thread's last lookup, with the attributes of its last statx(2); and what else a
 * thread needs for its requests without allocating. An answer dies with the next lookup on the
 * thread, its attributes with the next statx(2).
 *
 * <p><i>Confined to its thread.</i>
 */
final class EntryCursor implements Entry {
    private static final int NAME_BYTES = 255; // linux/limits.h NAME_MAX

    private final StatxAttributes attributes;
    private final long validNanos;
    private final long negativeNanos;
    private final Name name = new Name();
    private final byte[] nameBytes = new byte[NAME_BYTES];
    private final int sessionGeneration;
    private long nodeId;
    private int generation;

    /**
     * @param sessionGeneration of all nodeIds but the roots of mounts, which have 0: Linux makes
     *     them without asking for one
     */
    EntryCursor(
            StatxAttributes attributes,
            long validNanos,
            long negativeNanos,
            int sessionGeneration) {
        this.attributes = attributes;
        this.validNanos = validNanos;
        this.negativeNanos = negativeNanos;
        this.sessionGeneration = sessionGeneration;
    }

    /** Makes this the entry of {@code inode}, with the attributes that statx(2) has just given. */
    EntryCursor at(Inode inode) {
        nodeId = inode.nodeId();
        attributes.of(inode);
        boolean root = inode.isPinned() || (attributes.flags() & Attributes.ATTR_SUBMOUNT) != 0;
        generation = root ? 0 : sessionGeneration;
        return this;
    }

    /** Makes this the entry of a name that does not exist. */
    EntryCursor none() {
        nodeId = 0;
        return this;
    }

    /**
     * The NUL-terminated name at {@code offset} of a block of directory entries; null for a longer
     * one than a guest may ask for, as NTFS and exFAT have them.
     */
    Name name(NativeMemory block, int offset) {
        int length = 0;
        for (byte next; (next = block.getByte(offset + length)) != 0; length++) {
            if (length == NAME_BYTES) {
                return null;
            }
            nameBytes[length] = next;
        }
        name.set(nameBytes, 0, length);
        return name;
    }

    /** A C string with the name's bytes, in the thread's first path slot. */
    static long path(Name name) {
        return Scratch.get().path(name.array(), name.offset(), name.length());
    }

    @Override
    public long nodeId() {
        return nodeId;
    }

    @Override
    public long generation() {
        return Integer.toUnsignedLong(generation);
    }

    @Override
    public long entryValidNanos() {
        return nodeId == 0 ? negativeNanos : validNanos;
    }

    @Override
    public StatxAttributes attributes() {
        return attributes;
    }
}
