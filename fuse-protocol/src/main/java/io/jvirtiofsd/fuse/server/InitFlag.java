package io.jvirtiofsd.fuse.server;

/**
 * The features that guest and server agree on at INIT: bit number, whether this server accepts it
 * when offered, and what accepting means.
 *
 * <p>Source: fuse.h, FUSE_INIT flags; bits from 32 on travel in {@code flags2}.
 */
enum InitFlag {
    // spotless:off
    ASYNC_READ          (0,  true),  // read-ahead sends several READs at once
    POSIX_LOCKS         (1,  false), // fcntl locks come to us: a Feature; else the guest keeps them
    FILE_OPS            (2,  false), // unused by Linux
    ATOMIC_O_TRUNC      (3,  true),  // O_TRUNC comes with OPEN instead of a SETATTR before it
    EXPORT_SUPPORT      (4,  false), // LOOKUP of "." and "..", for NFS handles: a Feature
    BIG_WRITES          (5,  true),  // WRITEs of more than a page
    DONT_MASK           (6,  false), // we apply the umask; goes with POSIX_ACL
    SPLICE_WRITE        (7,  false), // /dev/fuse only
    SPLICE_MOVE         (8,  false), // /dev/fuse only
    SPLICE_READ         (9,  false), // /dev/fuse only
    FLOCK_LOCKS         (10, false), // flock comes to us: a Feature; else the guest keeps it
    HAS_IOCTL_DIR       (11, false), // IOCTL on directories
    AUTO_INVAL_DATA     (12, true),  // page cache dropped when mtime changed; not with a DAX window
    DO_READDIRPLUS      (13, false), // READDIRPLUS is understood: a Feature
    READDIRPLUS_AUTO    (14, false), // and used where lookups follow: likewise
    ASYNC_DIO           (15, true),  // direct I/O in parallel
    WRITEBACK_CACHE     (16, false), // guest owns size and times of dirty files: a Feature
    NO_OPEN_SUPPORT     (17, false), // ENOSYS to OPEN would be understood
    PARALLEL_DIROPS     (18, true),  // LOOKUP and READDIR of one directory in parallel
    HANDLE_KILLPRIV     (19, false), // we would always clear suid and sgid; V2 tells when
    POSIX_ACL           (20, false), // ACL xattrs are interpreted; accepted when FuseOptions says so
    ABORT_ERROR         (21, false), // /dev/fuse only
    MAX_PAGES           (22, true),  // init_out.max_pages counts; else 32 pages a request
    CACHE_SYMLINKS      (23, false), // READLINK cached: a Feature
    NO_OPENDIR_SUPPORT  (24, false), // ENOSYS to OPENDIR is understood, and meant: a Feature
    EXPLICIT_INVAL_DATA (25, false), // page cache would only be dropped by notifications
    MAP_ALIGNMENT       (26, false), // init_out.map_alignment counts; accepted with a DAX window
    SUBMOUNTS           (27, false), // ATTR_SUBMOUNT is honoured: a Feature
    HANDLE_KILLPRIV_V2  (28, false), // we clear suid and sgid when told, and the guest goes on showing
                                     // the old mode until its attributes time out: a Feature
    SETXATTR_EXT        (29, true),  // setxattr_in of 16 bytes
    INIT_EXT            (30, true),  // flags2 counts
    SECURITY_CTX        (32, false), // security contexts come with creating requests; likewise
    HAS_INODE_DAX       (33, false), // ATTR_DAX is honoured; accepted with a DAX window
    CREATE_SUPP_GROUP   (34, true),  // a supplementary group comes with creating requests
    HAS_EXPIRE_ONLY     (35, false), // about notifications, which virtio-fs cannot send
    DIRECT_IO_ALLOW_MMAP(36, false), // shared mmap of FOPEN_DIRECT_IO files: a Feature
    PASSTHROUGH         (37, false), // needs descriptors in the guest's own kernel
    NO_EXPORT_SUPPORT   (38, true),  // file handles cannot be decoded; if EXPORT_SUPPORT is not
    HAS_RESEND          (39, false), // about notifications
    ALLOW_IDMAP         (40, true),  // idmapped mounts; only what creates says who asks
    OVER_IO_URING       (41, false), // /dev/fuse only
    REQUEST_TIMEOUT     (42, false); // guest would give up on slow requests
    // spotless:on

    private final int bit;
    private final boolean accepted;

    InitFlag(int bit, boolean accepted) {
        this.bit = bit;
        this.accepted = accepted;
    }

    int bit() {
        return bit;
    }

    /** Whether {@code flags} has this bit. */
    boolean in(long flags) {
        return (flags >>> bit & 1) != 0;
    }

    /** This bit alone. */
    long mask() {
        return 1L << bit;
    }

    /** All bits that are accepted without any option. */
    static long acceptedMask() {
        long mask = 0;
        for (InitFlag flag : values()) {
            mask |= flag.accepted ? flag.mask() : 0;
        }
        return mask;
    }
}
