package io.jvirtiofsd.fuse;

/**
 * The attributes of one inode, as {@code struct fuse_statx} carries them; they live as long as
 * {@link Attributes}.
 *
 * <p>Source: fuse.h 7.39, {@code struct fuse_statx}; statx(2).
 */
public interface FullAttributes extends Attributes {
    /** The STATX_ bits of the fields that mean something. */
    int mask();

    /** STATX_ATTR_ bits. */
    long attributes();

    /** The bits of {@link #attributes} that the file system knows about. */
    long attributesMask();

    /** When the inode was made. */
    long btimeSeconds();

    int btimeNanos();

    /** The device that a device node stands for. */
    int rdevMajor();

    int rdevMinor();

    /** The device that holds the inode. */
    int devMajor();

    int devMinor();
}
