package io.jvirtiofsd.passthrough;

import io.jvirtiofsd.fuse.LockOptions;

/**
 * How a directory is shared; starts as {@link #defaults} and is refined by {@code with} methods.
 * <i>Immutable.</i>
 *
 * @param cachePolicy what the guest may cache
 * @param readOnly whether every change is refused with EROFS
 * @param maxDescriptors how many descriptors may be open for inodes that can be reopened
 * @param inodeFileHandles whether inodes are kept by file handle
 * @param announceSubmounts whether the guest is told where other file systems are mounted
 * @param xattrs what of extended attributes the guest may use
 * @param ids how users and groups translate
 * @param locks which locks of the guest are locks of the host
 */
public record PassthroughOptions(
        CachePolicy cachePolicy,
        boolean readOnly,
        int maxDescriptors,
        HandleMode inodeFileHandles,
        boolean announceSubmounts,
        XattrOptions xattrs,
        IdMaps ids,
        LockOptions locks) {
    private static final int DEFAULT_MAX_DESCRIPTORS = 8192;

    /** Cache policy "auto", writable. */
    public static PassthroughOptions defaults() {
        return new PassthroughOptions(
                CachePolicy.AUTO,
                false,
                DEFAULT_MAX_DESCRIPTORS,
                HandleMode.PREFER,
                true,
                XattrOptions.off(),
                IdMaps.identity(),
                LockOptions.NONE);
    }

    public PassthroughOptions withCachePolicy(CachePolicy value) {
        return new PassthroughOptions(
                value,
                readOnly,
                maxDescriptors,
                inodeFileHandles,
                announceSubmounts,
                xattrs,
                ids,
                locks);
    }

    public PassthroughOptions withReadOnly(boolean value) {
        return new PassthroughOptions(
                cachePolicy,
                value,
                maxDescriptors,
                inodeFileHandles,
                announceSubmounts,
                xattrs,
                ids,
                locks);
    }

    public PassthroughOptions withMaxDescriptors(int value) {
        return new PassthroughOptions(
                cachePolicy,
                readOnly,
                value,
                inodeFileHandles,
                announceSubmounts,
                xattrs,
                ids,
                locks);
    }

    public PassthroughOptions withXattrs(XattrOptions value) {
        return new PassthroughOptions(
                cachePolicy,
                readOnly,
                maxDescriptors,
                inodeFileHandles,
                announceSubmounts,
                value,
                ids,
                locks);
    }

    public PassthroughOptions withIds(IdMaps value) {
        return new PassthroughOptions(
                cachePolicy,
                readOnly,
                maxDescriptors,
                inodeFileHandles,
                announceSubmounts,
                xattrs,
                value,
                locks);
    }

    public PassthroughOptions withAnnounceSubmounts(boolean value) {
        return new PassthroughOptions(
                cachePolicy, readOnly, maxDescriptors, inodeFileHandles, value, xattrs, ids, locks);
    }

    public PassthroughOptions withInodeFileHandles(HandleMode value) {
        return new PassthroughOptions(
                cachePolicy,
                readOnly,
                maxDescriptors,
                value,
                announceSubmounts,
                xattrs,
                ids,
                locks);
    }

    public PassthroughOptions withLocks(LockOptions value) {
        return new PassthroughOptions(
                cachePolicy,
                readOnly,
                maxDescriptors,
                inodeFileHandles,
                announceSubmounts,
                xattrs,
                ids,
                value);
    }
}
