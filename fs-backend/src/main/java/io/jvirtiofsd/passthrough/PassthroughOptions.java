package io.jvirtiofsd.passthrough;

import io.jvirtiofsd.fuse.LockOptions;
import io.jvirtiofsd.fuse.SlotTable;
import io.jvirtiofsd.passthrough.rules.IdMaps;

/**
 * How a directory is shared; made by the builder of the back-end's options, which checks the
 * ranges. <i>Immutable.</i>
 *
 * @param cache what the guest may keep
 * @param readOnly whether every change is refused with EROFS
 * @param maxDescriptors how many descriptors may be open for inodes that can be reopened, 0 or more
 * @param maxInodes how many inodes the guest may know at a time, 1 or more
 * @param inodeFileHandles whether inodes are kept by file handle
 * @param announceSubmounts whether the guest is told where other file systems are mounted
 * @param xattrs what of extended attributes the guest may use
 * @param ids how users and groups translate
 * @param locks which locks of the guest are locks of the host
 * @param killpriv whether set-user-ID, set-group-ID and capabilities are cleared here, not by the
 *     guest
 * @param projectIds whether the guest may change to which project of the host a file belongs
 * @param preserveNoatime whether O_NOATIME is never left out: then opening fails where it is not
 *     allowed
 * @param migration how a session goes to another process
 */
public record PassthroughOptions(
        CacheOptions cache,
        boolean readOnly,
        int maxDescriptors,
        int maxInodes,
        HandleMode inodeFileHandles,
        boolean announceSubmounts,
        XattrOptions xattrs,
        IdMaps ids,
        LockOptions locks,
        boolean killpriv,
        boolean projectIds,
        boolean preserveNoatime,
        MigrationOptions migration) {
    /** Most bytes of the heap that an inode needs; its descriptor, while open, is a part of it. */
    public static final int INODE_BYTES = 256;

    /** As many inodes as have room in half of the heap. */
    public static int defaultMaxInodes() {
        return (int) Math.min(SlotTable.MOST, Runtime.getRuntime().maxMemory() / 2 / INODE_BYTES);
    }

    /** Whether the guest may keep what is written before it comes here. */
    public boolean writesBack() {
        return cache.writesBack() && !readOnly;
    }
}
