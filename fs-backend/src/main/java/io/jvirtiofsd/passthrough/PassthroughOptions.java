package io.jvirtiofsd.passthrough;

import io.jvirtiofsd.fuse.LockOptions;
import io.jvirtiofsd.fuse.SlotTable;
import io.jvirtiofsd.passthrough.rules.IdMaps;

/**
 * How a directory is shared; starts as {@link #defaults} and is refined by {@code with} methods.
 * <i>Immutable.</i>
 *
 * @param cache what the guest may keep
 * @param readOnly whether every change is refused with EROFS
 * @param maxDescriptors how many descriptors may be open for inodes that can be reopened
 * @param maxInodes how many inodes the guest may know at a time
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
        boolean preserveNoatime) {
    private static final int DEFAULT_MAX_DESCRIPTORS = 8192;

    /** Most bytes of the heap that an inode needs; its descriptor, while open, is a part of it. */
    public static final int INODE_BYTES = 256;

    /** As many inodes as have room in half of the heap. */
    public static int defaultMaxInodes() {
        return (int) Math.min(SlotTable.MOST, Runtime.getRuntime().maxMemory() / 2 / INODE_BYTES);
    }

    /** Cache policy "auto", writable. */
    public static PassthroughOptions defaults() {
        return new PassthroughOptions(
                CacheOptions.of(CachePolicy.AUTO),
                false,
                DEFAULT_MAX_DESCRIPTORS,
                defaultMaxInodes(),
                HandleMode.PREFER,
                true,
                XattrOptions.off(),
                IdMaps.identity(),
                LockOptions.NONE,
                false,
                false,
                false);
    }

    /** A policy alone, without what else {@link CacheOptions} may say. */
    public PassthroughOptions withCachePolicy(CachePolicy value) {
        return withCache(CacheOptions.of(value));
    }

    public PassthroughOptions withCache(CacheOptions value) {
        return new PassthroughOptions(
                value,
                readOnly,
                maxDescriptors,
                maxInodes,
                inodeFileHandles,
                announceSubmounts,
                xattrs,
                ids,
                locks,
                killpriv,
                projectIds,
                preserveNoatime);
    }

    public PassthroughOptions withReadOnly(boolean value) {
        return new PassthroughOptions(
                cache,
                value,
                maxDescriptors,
                maxInodes,
                inodeFileHandles,
                announceSubmounts,
                xattrs,
                ids,
                locks,
                killpriv,
                projectIds,
                preserveNoatime);
    }

    public PassthroughOptions withMaxDescriptors(int value) {
        return new PassthroughOptions(
                cache,
                readOnly,
                value,
                maxInodes,
                inodeFileHandles,
                announceSubmounts,
                xattrs,
                ids,
                locks,
                killpriv,
                projectIds,
                preserveNoatime);
    }

    public PassthroughOptions withMaxInodes(int value) {
        return new PassthroughOptions(
                cache,
                readOnly,
                maxDescriptors,
                value,
                inodeFileHandles,
                announceSubmounts,
                xattrs,
                ids,
                locks,
                killpriv,
                projectIds,
                preserveNoatime);
    }

    public PassthroughOptions withInodeFileHandles(HandleMode value) {
        return new PassthroughOptions(
                cache,
                readOnly,
                maxDescriptors,
                maxInodes,
                value,
                announceSubmounts,
                xattrs,
                ids,
                locks,
                killpriv,
                projectIds,
                preserveNoatime);
    }

    public PassthroughOptions withAnnounceSubmounts(boolean value) {
        return new PassthroughOptions(
                cache,
                readOnly,
                maxDescriptors,
                maxInodes,
                inodeFileHandles,
                value,
                xattrs,
                ids,
                locks,
                killpriv,
                projectIds,
                preserveNoatime);
    }

    public PassthroughOptions withXattrs(XattrOptions value) {
        return new PassthroughOptions(
                cache,
                readOnly,
                maxDescriptors,
                maxInodes,
                inodeFileHandles,
                announceSubmounts,
                value,
                ids,
                locks,
                killpriv,
                projectIds,
                preserveNoatime);
    }

    public PassthroughOptions withIds(IdMaps value) {
        return new PassthroughOptions(
                cache,
                readOnly,
                maxDescriptors,
                maxInodes,
                inodeFileHandles,
                announceSubmounts,
                xattrs,
                value,
                locks,
                killpriv,
                projectIds,
                preserveNoatime);
    }

    public PassthroughOptions withLocks(LockOptions value) {
        return new PassthroughOptions(
                cache,
                readOnly,
                maxDescriptors,
                maxInodes,
                inodeFileHandles,
                announceSubmounts,
                xattrs,
                ids,
                value,
                killpriv,
                projectIds,
                preserveNoatime);
    }

    public PassthroughOptions withKillpriv(boolean value) {
        return new PassthroughOptions(
                cache,
                readOnly,
                maxDescriptors,
                maxInodes,
                inodeFileHandles,
                announceSubmounts,
                xattrs,
                ids,
                locks,
                value,
                projectIds,
                preserveNoatime);
    }

    public PassthroughOptions withProjectIds(boolean value) {
        return new PassthroughOptions(
                cache,
                readOnly,
                maxDescriptors,
                maxInodes,
                inodeFileHandles,
                announceSubmounts,
                xattrs,
                ids,
                locks,
                killpriv,
                value,
                preserveNoatime);
    }

    public PassthroughOptions withPreserveNoatime(boolean value) {
        return new PassthroughOptions(
                cache,
                readOnly,
                maxDescriptors,
                maxInodes,
                inodeFileHandles,
                announceSubmounts,
                xattrs,
                ids,
                locks,
                killpriv,
                projectIds,
                value);
    }

    /** Whether the guest may keep what is written before it comes here. */
    public boolean writesBack() {
        return cache.writesBack() && !readOnly;
    }
}
