package io.jvirtiofsd.fuse;

/**
 * Who asks: the parts of the request header that a file system may need.
 *
 * <p><i>Confined to the request</i>: reused afterwards. Source: fuse.h, {@code fuse_in_header}.
 */
public interface RequestContext {
    /** The request's id, unique among those in flight. */
    long unique();

    /** The caller's file-system user id in the guest; &minus;1 if it has none. */
    int uid();

    /** The caller's file-system group id in the guest; &minus;1 if it has none. */
    int gid();

    /** The caller's process id in the guest; 0 for the kernel itself. */
    int pid();
}
