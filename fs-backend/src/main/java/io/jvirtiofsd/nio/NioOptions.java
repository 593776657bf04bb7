package io.jvirtiofsd.nio;

import io.jvirtiofsd.fuse.OpenReply;

/**
 * How a tree of a Java file system is shared. <i>Immutable.</i>
 *
 * @param uid owner of what the provider names no numeric owner for
 * @param gid group of what the provider names no numeric group for
 * @param readOnly whether every change is refused with EROFS
 * @param validNanos how long the guest may keep names and attributes
 * @param fileFlags FOPEN_ flags of files, see {@link OpenReply}
 * @param directoryFlags FOPEN_ flags of directories
 */
public record NioOptions(
        int uid, int gid, boolean readOnly, long validNanos, int fileFlags, int directoryFlags) {

    /** Owned by root, writable, nothing kept by the guest. */
    public static NioOptions defaults() {
        return new NioOptions(0, 0, false, 0, 0, 0);
    }

    public NioOptions withReadOnly(boolean value) {
        return new NioOptions(uid, gid, value, validNanos, fileFlags, directoryFlags);
    }
}
