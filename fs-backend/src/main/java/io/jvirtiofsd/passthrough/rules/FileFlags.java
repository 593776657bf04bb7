package io.jvirtiofsd.passthrough.rules;

import io.jvirtiofsd.fuse.Errno;
import io.jvirtiofsd.fuse.ErrnoException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Which flags of files a guest may change. A project is the host's, for its quota bounds what the
 * guest may store: so Linux itself keeps it from containers, and so it is here unless an option
 * says otherwise. <i>Stateless.</i> Source: ioctl_iflags(2), ioctl_xfs_fsgetxattr(2).
 */
public final class FileFlags {
    public static final int GETFLAGS = 0x8008_6601; // linux/fs.h FS_IOC_GETFLAGS
    public static final int SETFLAGS = 0x4008_6602; // linux/fs.h FS_IOC_SETFLAGS
    public static final int FSGETXATTR = 0x801c_581f; // linux/fs.h FS_IOC_FSGETXATTR

    // FS_..._FL, linux/fs.h: what chattr(1) sets, but for journalled data (j), DAX (x), folded
    // case (F)
    private static final int FLAGS =
            0x1 // SECRM
                    | 0x2 // UNRM
                    | 0x4 // COMPR
                    | 0x8 // SYNC
                    | 0x10 // IMMUTABLE
                    | 0x20 // APPEND
                    | 0x40 // NODUMP
                    | 0x80 // NOATIME
                    | 0x400 // NOCOMP
                    | 0x8000 // NOTAIL
                    | 0x1_0000 // DIRSYNC
                    | 0x2_0000 // TOPDIR
                    | 0x80_0000; // NOCOW
    private static final int FLAGS_PROJINHERIT = 0x2000_0000; // linux/fs.h FS_PROJINHERIT_FL

    // FS_XFLAG_..., linux/fs.h
    private static final int XFLAGS =
            0x8 // IMMUTABLE
                    | 0x10 // APPEND
                    | 0x20 // SYNC
                    | 0x40 // NOATIME
                    | 0x80 // NODUMP
                    | 0x400 // NOSYMLINKS
                    | 0x800 // EXTSIZE
                    | 0x1000 // EXTSZINHERIT
                    | 0x2000 // NODEFRAG
                    | 0x1_0000; // COWEXTSIZE
    private static final int XFLAGS_PROJINHERIT = 0x200; // linux/fs.h FS_XFLAG_PROJINHERIT
    private static final int XFLAGS_HASATTR = 0x8000_0000; // linux/fs.h, told but never set
    private static final int PROJID_AT = 12; // linux/fs.h struct fsxattr

    private FileFlags() {}

    /**
     * Refuses what a guest may not change by FS_IOC_SETFLAGS or FS_IOC_FSSETXATTR.
     *
     * @throws ErrnoException EINVAL for a project, as in a user namespace; EOPNOTSUPP for a flag
     */
    public static void check(int command, byte[] before, byte[] after, boolean projects)
            throws ErrnoException {
        boolean flags = command == SETFLAGS;
        int inherit = flags ? FLAGS_PROJINHERIT : XFLAGS_PROJINHERIT;
        int changed = number(before, 0) ^ number(after, 0);
        boolean moved = !flags && number(before, PROJID_AT) != number(after, PROJID_AT);
        if (!projects && (moved || (changed & inherit) != 0)) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        int allowed = inherit | (flags ? FLAGS : XFLAGS | XFLAGS_HASATTR);
        if ((changed & ~allowed) != 0) {
            throw ErrnoException.of(Errno.EOPNOTSUPP);
        }
    }

    private static int number(byte[] value, int at) {
        return ByteBuffer.wrap(value).order(ByteOrder.LITTLE_ENDIAN).getInt(at);
    }
}
