package io.jvirtiofsd.fuse;

/**
 * The attributes of one inode, as {@code struct fuse_attr} carries them; made by a {@link Session}.
 *
 * <p><i>Confined to their thread</i>, on which they die when the session is called again: a file
 * system may return a record, or a cursor over memory that it reuses for each call. So the caller
 * reads them at once, or copies what it needs later. Source: fuse.h, {@code struct fuse_attr} and
 * {@code struct fuse_attr_out}.
 */
public interface Attributes {
    /** {@code ATTR_SUBMOUNT} of {@link #flags}: another file system is mounted here. */
    int ATTR_SUBMOUNT = 1; // fuse.h FUSE_ATTR_SUBMOUNT

    /** {@code ATTR_DAX} of {@link #flags}: map this file directly. */
    int ATTR_DAX = 2; // fuse.h FUSE_ATTR_DAX

    /** Inode number that stat(2) shows. */
    long ino();

    /** Size in bytes. */
    long size();

    /** Allocated 512-byte units. */
    long blocks();

    long atimeSeconds();

    int atimeNanos();

    long mtimeSeconds();

    int mtimeNanos();

    long ctimeSeconds();

    int ctimeNanos();

    /** Type and permission bits; the type never changes for a nodeId. */
    int mode();

    int nlink();

    int uid();

    int gid();

    /** Device number in the kernel's 32-bit encoding ({@code new_encode_dev}). */
    int rdev();

    /** Preferred I/O size in bytes. */
    int blksize();

    /** {@link #ATTR_SUBMOUNT} and {@link #ATTR_DAX}, or 0. */
    int flags();

    /** How long the guest may trust these attributes, in nanoseconds &ge; 0. */
    long validNanos();
}
