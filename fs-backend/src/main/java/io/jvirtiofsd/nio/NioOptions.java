package io.jvirtiofsd.nio;

import io.jvirtiofsd.fuse.OpenReply;
import io.jvirtiofsd.fuse.SlotTable;

/**
 * How a tree of a Java file system is shared. <i>Immutable.</i>
 *
 * @param uid owner of what the provider names no numeric owner for
 * @param gid group of what the provider names no numeric group for
 * @param readOnly whether every change is refused with EROFS
 * @param validNanos how long the guest may keep names and attributes, in nanoseconds
 * @param negativeNanos how long the guest may keep that a name does not exist, in nanoseconds
 * @param maxNodes how many objects the guest may know at a time, and by how many names
 * @param openBytes how many bytes of the heap may be taken by what is open: names of directories,
 *     content
 * @param fileFlags FOPEN_ flags of files, see {@link OpenReply}
 * @param directoryFlags FOPEN_ flags of directories
 */
public record NioOptions(
        int uid,
        int gid,
        boolean readOnly,
        long validNanos,
        long negativeNanos,
        int maxNodes,
        long openBytes,
        int fileFlags,
        int directoryFlags) {
    /** Bytes of the heap that an object may need, with a long name. */
    public static final int NODE_BYTES = 1024;

    /** As many objects as have room in half of the heap. */
    public static int defaultMaxNodes() {
        return (int) Math.min(SlotTable.MOST, Runtime.getRuntime().maxMemory() / 2 / NODE_BYTES);
    }

    /** A quarter of the heap. */
    public static long defaultOpenBytes() {
        return Runtime.getRuntime().maxMemory() / 4;
    }

    /** Owned by root, writable, nothing kept by the guest. */
    public static NioOptions defaults() {
        return new NioOptions(0, 0, false, 0, 0, defaultMaxNodes(), defaultOpenBytes(), 0, 0);
    }
}
