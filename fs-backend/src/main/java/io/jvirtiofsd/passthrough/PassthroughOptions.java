package io.jvirtiofsd.passthrough;

/**
 * How a directory is shared; starts as {@link #defaults} and is refined by {@code with} methods.
 * <i>Immutable.</i>
 *
 * @param cachePolicy what the guest may cache
 * @param readOnly whether every change is refused with EROFS
 * @param maxDescriptors how many descriptors may be open for inodes that can be reopened
 * @param xattrs what of extended attributes the guest may use
 */
public record PassthroughOptions(
        CachePolicy cachePolicy, boolean readOnly, int maxDescriptors, XattrOptions xattrs) {
    private static final int DEFAULT_MAX_DESCRIPTORS = 8192;

    /** Cache policy "auto", writable. */
    public static PassthroughOptions defaults() {
        return new PassthroughOptions(
                CachePolicy.AUTO, false, DEFAULT_MAX_DESCRIPTORS, XattrOptions.off());
    }

    public PassthroughOptions withCachePolicy(CachePolicy value) {
        return new PassthroughOptions(value, readOnly, maxDescriptors, xattrs);
    }

    public PassthroughOptions withReadOnly(boolean value) {
        return new PassthroughOptions(cachePolicy, value, maxDescriptors, xattrs);
    }

    public PassthroughOptions withMaxDescriptors(int value) {
        return new PassthroughOptions(cachePolicy, readOnly, value, xattrs);
    }

    public PassthroughOptions withXattrs(XattrOptions value) {
        return new PassthroughOptions(cachePolicy, readOnly, maxDescriptors, value);
    }
}
