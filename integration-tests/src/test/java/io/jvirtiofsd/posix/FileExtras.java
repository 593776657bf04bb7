package io.jvirtiofsd.posix;

import java.util.Set;

/**
 * What Linux keeps of a file beyond POSIX, by paths relative to a tree: extended attributes and the
 * flags of chattr(1). A failure is a {@code FuseErrorException} with the errno.
 */
interface FileExtras {
    int GETFLAGS = 0x80086601; // FS_IOC_GETFLAGS
    int SETFLAGS = 0x40086602; // FS_IOC_SETFLAGS

    void setXattr(String path, String name, byte[] value);

    byte[] xattr(String path, String name);

    Set<String> xattrs(String path);

    void removeXattr(String path, String name);

    int flags(int fd);

    void setFlags(int fd, int flags);
}
