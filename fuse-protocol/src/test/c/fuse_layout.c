/*
 * Prints what the Java wire code must agree with, one line each:
 *
 *     struct <name> <bytes>
 *     member <struct> <name> <offset> <bytes>
 *     opcode <name> <number>
 *     init <flag> <bit>
 *     constant <name> <value>
 *
 * Its output is kept as fuse-layout.txt; needs the header of FUSE 7.38 (Linux 6.2) or newer.
 */
#include <linux/fuse.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#if FUSE_KERNEL_MINOR_VERSION < 38
#error "linux/fuse.h older than 7.38"
#endif

/* Opcodes newer than 7.38; enumerators cannot be tested for, so by number. */
#define OPCODE_STATX 52 /* 7.39 */
#define OPCODE_COPY_FILE_RANGE_64 53 /* 7.45 */

/* INIT flags newer than some headers that say 7.38. */
#ifndef FUSE_CREATE_SUPP_GROUP
#define FUSE_CREATE_SUPP_GROUP (1ULL << 34) /* 7.38 */
#endif
#ifndef FUSE_DIRECT_IO_ALLOW_MMAP
#define FUSE_DIRECT_IO_ALLOW_MMAP (1ULL << 36) /* 7.39 */
#endif
#ifndef FUSE_PASSTHROUGH
#define FUSE_PASSTHROUGH (1ULL << 37) /* 7.40 */
#endif
#ifndef FUSE_NO_EXPORT_SUPPORT
#define FUSE_NO_EXPORT_SUPPORT (1ULL << 38) /* 7.40 */
#endif
#ifndef FUSE_HAS_RESEND
#define FUSE_HAS_RESEND (1ULL << 39) /* 7.40 */
#endif
#ifndef FUSE_ALLOW_IDMAP
#define FUSE_ALLOW_IDMAP (1ULL << 40) /* 7.41 */
#endif
#ifndef FUSE_OVER_IO_URING
#define FUSE_OVER_IO_URING (1ULL << 41) /* 7.42 */
#endif
#ifndef FUSE_REQUEST_TIMEOUT
#define FUSE_REQUEST_TIMEOUT (1ULL << 42) /* 7.43 */
#endif

/* As of 7.43: max_stack_depth came with 7.40, request_timeout with 7.43. */
struct init_out_7_43 {
    uint32_t major;
    uint32_t minor;
    uint32_t max_readahead;
    uint32_t flags;
    uint16_t max_background;
    uint16_t congestion_threshold;
    uint32_t max_write;
    uint32_t time_gran;
    uint16_t max_pages;
    uint16_t map_alignment;
    uint32_t flags2;
    uint32_t max_stack_depth;
    uint16_t request_timeout;
    uint16_t unused[11];
};

/* As of 7.40: backing_id was padding before. */
struct open_out_7_40 {
    uint64_t fh;
    uint32_t open_flags;
    int32_t backing_id;
};

/* As of 7.39, without the underscores. */
struct fuse_sx_time_7_39 {
    int64_t tv_sec;
    uint32_t tv_nsec;
    int32_t dummy;
};

struct fuse_statx_7_39 {
    uint32_t mask;
    uint32_t blksize;
    uint64_t attributes;
    uint32_t nlink;
    uint32_t uid;
    uint32_t gid;
    uint16_t mode;
    uint16_t padding;
    uint64_t ino;
    uint64_t size;
    uint64_t blocks;
    uint64_t attributes_mask;
    struct fuse_sx_time_7_39 atime;
    struct fuse_sx_time_7_39 btime;
    struct fuse_sx_time_7_39 ctime;
    struct fuse_sx_time_7_39 mtime;
    uint32_t rdev_major;
    uint32_t rdev_minor;
    uint32_t dev_major;
    uint32_t dev_minor;
    uint64_t spare[14];
};

struct fuse_statx_in_7_39 {
    uint32_t getattr_flags;
    uint32_t dummy;
    uint64_t fh;
    uint32_t sx_flags;
    uint32_t sx_mask;
};

struct fuse_statx_out_7_39 {
    uint64_t attr_valid;
    uint32_t attr_valid_nsec;
    uint32_t flags;
    uint64_t spare[2];
    struct fuse_statx_7_39 stat;
};

/* As of 7.45. */
struct fuse_copy_file_range_out_7_45 {
    uint64_t bytes_copied;
};

_Static_assert(sizeof(struct init_out_7_43) == sizeof(struct fuse_init_out), "size");
_Static_assert(offsetof(struct init_out_7_43, flags2) == offsetof(struct fuse_init_out, flags2),
               "offset");
_Static_assert(sizeof(struct open_out_7_40) == sizeof(struct fuse_open_out), "size");

#define STRUCT_AS(name, type) printf("struct %s %zu\n", name, sizeof(struct type))
#define MEMBER_AS(name, type, member)                                           \
    printf("member %s %s %zu %zu\n", name, #member, offsetof(struct type, member), \
           sizeof(((struct type *)0)->member))
#define STRUCT(type) STRUCT_AS(#type, type)
#define MEMBER(type, member) MEMBER_AS(#type, type, member)
#define OPCODE(name, value) printf("opcode %s %d\n", name, (int)(value))
#define INIT(name, value) printf("init %s %d\n", name, __builtin_ctzll((unsigned long long)(value)))
#define CONSTANT(name) printf("constant %s %d\n", #name, (int)(name))

static void structs(void)
{
    STRUCT(fuse_in_header);
    MEMBER(fuse_in_header, len);
    MEMBER(fuse_in_header, opcode);
    MEMBER(fuse_in_header, unique);
    MEMBER(fuse_in_header, nodeid);
    MEMBER(fuse_in_header, uid);
    MEMBER(fuse_in_header, gid);
    MEMBER(fuse_in_header, pid);
    MEMBER(fuse_in_header, total_extlen);
    MEMBER(fuse_in_header, padding);
    STRUCT(fuse_out_header);
    MEMBER(fuse_out_header, len);
    MEMBER(fuse_out_header, error);
    MEMBER(fuse_out_header, unique);
    STRUCT(fuse_attr);
    MEMBER(fuse_attr, ino);
    MEMBER(fuse_attr, size);
    MEMBER(fuse_attr, blocks);
    MEMBER(fuse_attr, atime);
    MEMBER(fuse_attr, mtime);
    MEMBER(fuse_attr, ctime);
    MEMBER(fuse_attr, atimensec);
    MEMBER(fuse_attr, mtimensec);
    MEMBER(fuse_attr, ctimensec);
    MEMBER(fuse_attr, mode);
    MEMBER(fuse_attr, nlink);
    MEMBER(fuse_attr, uid);
    MEMBER(fuse_attr, gid);
    MEMBER(fuse_attr, rdev);
    MEMBER(fuse_attr, blksize);
    MEMBER(fuse_attr, flags);
    STRUCT(fuse_entry_out);
    MEMBER(fuse_entry_out, nodeid);
    MEMBER(fuse_entry_out, generation);
    MEMBER(fuse_entry_out, entry_valid);
    MEMBER(fuse_entry_out, attr_valid);
    MEMBER(fuse_entry_out, entry_valid_nsec);
    MEMBER(fuse_entry_out, attr_valid_nsec);
    MEMBER(fuse_entry_out, attr);
    STRUCT(fuse_attr_out);
    MEMBER(fuse_attr_out, attr_valid);
    MEMBER(fuse_attr_out, attr_valid_nsec);
    MEMBER(fuse_attr_out, dummy);
    MEMBER(fuse_attr_out, attr);
    STRUCT_AS("fuse_open_out", open_out_7_40);
    MEMBER_AS("fuse_open_out", open_out_7_40, fh);
    MEMBER_AS("fuse_open_out", open_out_7_40, open_flags);
    MEMBER_AS("fuse_open_out", open_out_7_40, backing_id);
    STRUCT(fuse_write_out);
    MEMBER(fuse_write_out, size);
    MEMBER(fuse_write_out, padding);
    STRUCT(fuse_lseek_out);
    MEMBER(fuse_lseek_out, offset);
    STRUCT(fuse_kstatfs);
    MEMBER(fuse_kstatfs, blocks);
    MEMBER(fuse_kstatfs, bfree);
    MEMBER(fuse_kstatfs, bavail);
    MEMBER(fuse_kstatfs, files);
    MEMBER(fuse_kstatfs, ffree);
    MEMBER(fuse_kstatfs, bsize);
    MEMBER(fuse_kstatfs, namelen);
    MEMBER(fuse_kstatfs, frsize);
    MEMBER(fuse_kstatfs, padding);
    MEMBER(fuse_kstatfs, spare);
    STRUCT_AS("fuse_init_out", init_out_7_43);
    MEMBER_AS("fuse_init_out", init_out_7_43, major);
    MEMBER_AS("fuse_init_out", init_out_7_43, minor);
    MEMBER_AS("fuse_init_out", init_out_7_43, max_readahead);
    MEMBER_AS("fuse_init_out", init_out_7_43, flags);
    MEMBER_AS("fuse_init_out", init_out_7_43, max_background);
    MEMBER_AS("fuse_init_out", init_out_7_43, congestion_threshold);
    MEMBER_AS("fuse_init_out", init_out_7_43, max_write);
    MEMBER_AS("fuse_init_out", init_out_7_43, time_gran);
    MEMBER_AS("fuse_init_out", init_out_7_43, max_pages);
    MEMBER_AS("fuse_init_out", init_out_7_43, map_alignment);
    MEMBER_AS("fuse_init_out", init_out_7_43, flags2);
    MEMBER_AS("fuse_init_out", init_out_7_43, max_stack_depth);
    MEMBER_AS("fuse_init_out", init_out_7_43, request_timeout);
    MEMBER_AS("fuse_init_out", init_out_7_43, unused);
    STRUCT(fuse_dirent);
    MEMBER(fuse_dirent, ino);
    MEMBER(fuse_dirent, off);
    MEMBER(fuse_dirent, namelen);
    MEMBER(fuse_dirent, type);
    printf("member fuse_dirent name %zu 0\n", FUSE_NAME_OFFSET);
    STRUCT(fuse_direntplus);
    MEMBER(fuse_direntplus, entry_out);
    printf("member fuse_direntplus dirent %zu %zu\n",
           offsetof(struct fuse_direntplus, dirent), sizeof(struct fuse_dirent));
    STRUCT(fuse_forget_in);
    MEMBER(fuse_forget_in, nlookup);
    STRUCT(fuse_forget_one);
    MEMBER(fuse_forget_one, nodeid);
    MEMBER(fuse_forget_one, nlookup);
    STRUCT(fuse_batch_forget_in);
    MEMBER(fuse_batch_forget_in, count);
    MEMBER(fuse_batch_forget_in, dummy);
    STRUCT(fuse_getattr_in);
    MEMBER(fuse_getattr_in, getattr_flags);
    MEMBER(fuse_getattr_in, dummy);
    MEMBER(fuse_getattr_in, fh);
    STRUCT(fuse_setattr_in);
    MEMBER(fuse_setattr_in, valid);
    MEMBER(fuse_setattr_in, padding);
    MEMBER(fuse_setattr_in, fh);
    MEMBER(fuse_setattr_in, size);
    MEMBER(fuse_setattr_in, lock_owner);
    MEMBER(fuse_setattr_in, atime);
    MEMBER(fuse_setattr_in, mtime);
    MEMBER(fuse_setattr_in, ctime);
    MEMBER(fuse_setattr_in, atimensec);
    MEMBER(fuse_setattr_in, mtimensec);
    MEMBER(fuse_setattr_in, ctimensec);
    MEMBER(fuse_setattr_in, mode);
    MEMBER(fuse_setattr_in, unused4);
    MEMBER(fuse_setattr_in, uid);
    MEMBER(fuse_setattr_in, gid);
    MEMBER(fuse_setattr_in, unused5);
    STRUCT(fuse_mknod_in);
    MEMBER(fuse_mknod_in, mode);
    MEMBER(fuse_mknod_in, rdev);
    MEMBER(fuse_mknod_in, umask);
    MEMBER(fuse_mknod_in, padding);
    STRUCT(fuse_mkdir_in);
    MEMBER(fuse_mkdir_in, mode);
    MEMBER(fuse_mkdir_in, umask);
    STRUCT(fuse_rename_in);
    MEMBER(fuse_rename_in, newdir);
    STRUCT(fuse_rename2_in);
    MEMBER(fuse_rename2_in, newdir);
    MEMBER(fuse_rename2_in, flags);
    MEMBER(fuse_rename2_in, padding);
    STRUCT(fuse_link_in);
    MEMBER(fuse_link_in, oldnodeid);
    STRUCT(fuse_open_in);
    MEMBER(fuse_open_in, flags);
    MEMBER(fuse_open_in, open_flags);
    STRUCT(fuse_create_in);
    MEMBER(fuse_create_in, flags);
    MEMBER(fuse_create_in, mode);
    MEMBER(fuse_create_in, umask);
    MEMBER(fuse_create_in, open_flags);
    STRUCT(fuse_release_in);
    MEMBER(fuse_release_in, fh);
    MEMBER(fuse_release_in, flags);
    MEMBER(fuse_release_in, release_flags);
    MEMBER(fuse_release_in, lock_owner);
    STRUCT(fuse_flush_in);
    MEMBER(fuse_flush_in, fh);
    MEMBER(fuse_flush_in, unused);
    MEMBER(fuse_flush_in, padding);
    MEMBER(fuse_flush_in, lock_owner);
    STRUCT(fuse_read_in);
    MEMBER(fuse_read_in, fh);
    MEMBER(fuse_read_in, offset);
    MEMBER(fuse_read_in, size);
    MEMBER(fuse_read_in, read_flags);
    MEMBER(fuse_read_in, lock_owner);
    MEMBER(fuse_read_in, flags);
    MEMBER(fuse_read_in, padding);
    STRUCT(fuse_write_in);
    MEMBER(fuse_write_in, fh);
    MEMBER(fuse_write_in, offset);
    MEMBER(fuse_write_in, size);
    MEMBER(fuse_write_in, write_flags);
    MEMBER(fuse_write_in, lock_owner);
    MEMBER(fuse_write_in, flags);
    MEMBER(fuse_write_in, padding);
    STRUCT(fuse_fsync_in);
    MEMBER(fuse_fsync_in, fh);
    MEMBER(fuse_fsync_in, fsync_flags);
    MEMBER(fuse_fsync_in, padding);
    STRUCT(fuse_access_in);
    MEMBER(fuse_access_in, mask);
    MEMBER(fuse_access_in, padding);
    STRUCT(fuse_init_in);
    MEMBER(fuse_init_in, major);
    MEMBER(fuse_init_in, minor);
    MEMBER(fuse_init_in, max_readahead);
    MEMBER(fuse_init_in, flags);
    MEMBER(fuse_init_in, flags2);
    MEMBER(fuse_init_in, unused);
    STRUCT(fuse_interrupt_in);
    MEMBER(fuse_interrupt_in, unique);
    STRUCT(fuse_file_lock);
    MEMBER(fuse_file_lock, start);
    MEMBER(fuse_file_lock, end);
    MEMBER(fuse_file_lock, type);
    MEMBER(fuse_file_lock, pid);
    STRUCT(fuse_lk_in);
    MEMBER(fuse_lk_in, fh);
    MEMBER(fuse_lk_in, owner);
    MEMBER(fuse_lk_in, lk);
    MEMBER(fuse_lk_in, lk_flags);
    MEMBER(fuse_lk_in, padding);
    STRUCT(fuse_lk_out);
    MEMBER(fuse_lk_out, lk);
    STRUCT(fuse_lseek_in);
    MEMBER(fuse_lseek_in, fh);
    MEMBER(fuse_lseek_in, offset);
    MEMBER(fuse_lseek_in, whence);
    MEMBER(fuse_lseek_in, padding);
    STRUCT(fuse_fallocate_in);
    MEMBER(fuse_fallocate_in, fh);
    MEMBER(fuse_fallocate_in, offset);
    MEMBER(fuse_fallocate_in, length);
    MEMBER(fuse_fallocate_in, mode);
    MEMBER(fuse_fallocate_in, padding);
    STRUCT(fuse_copy_file_range_in);
    MEMBER(fuse_copy_file_range_in, fh_in);
    MEMBER(fuse_copy_file_range_in, off_in);
    MEMBER(fuse_copy_file_range_in, nodeid_out);
    MEMBER(fuse_copy_file_range_in, fh_out);
    MEMBER(fuse_copy_file_range_in, off_out);
    MEMBER(fuse_copy_file_range_in, len);
    MEMBER(fuse_copy_file_range_in, flags);
    STRUCT(fuse_setxattr_in);
    MEMBER(fuse_setxattr_in, size);
    MEMBER(fuse_setxattr_in, flags);
    MEMBER(fuse_setxattr_in, setxattr_flags);
    MEMBER(fuse_setxattr_in, padding);
    STRUCT(fuse_getxattr_in);
    MEMBER(fuse_getxattr_in, size);
    MEMBER(fuse_getxattr_in, padding);
    STRUCT(fuse_getxattr_out);
    MEMBER(fuse_getxattr_out, size);
    MEMBER(fuse_getxattr_out, padding);
    STRUCT(fuse_ioctl_in);
    MEMBER(fuse_ioctl_in, fh);
    MEMBER(fuse_ioctl_in, flags);
    MEMBER(fuse_ioctl_in, cmd);
    MEMBER(fuse_ioctl_in, arg);
    MEMBER(fuse_ioctl_in, in_size);
    MEMBER(fuse_ioctl_in, out_size);
    STRUCT(fuse_ioctl_out);
    MEMBER(fuse_ioctl_out, result);
    MEMBER(fuse_ioctl_out, flags);
    MEMBER(fuse_ioctl_out, in_iovs);
    MEMBER(fuse_ioctl_out, out_iovs);
    STRUCT(fuse_poll_in);
    MEMBER(fuse_poll_in, fh);
    MEMBER(fuse_poll_in, kh);
    MEMBER(fuse_poll_in, flags);
    MEMBER(fuse_poll_in, events);
    STRUCT(fuse_poll_out);
    MEMBER(fuse_poll_out, revents);
    MEMBER(fuse_poll_out, padding);
    STRUCT(fuse_syncfs_in);
    MEMBER(fuse_syncfs_in, padding);
    STRUCT_AS("fuse_sx_time", fuse_sx_time_7_39);
    MEMBER_AS("fuse_sx_time", fuse_sx_time_7_39, tv_sec);
    MEMBER_AS("fuse_sx_time", fuse_sx_time_7_39, tv_nsec);
    MEMBER_AS("fuse_sx_time", fuse_sx_time_7_39, dummy);
    STRUCT_AS("fuse_statx", fuse_statx_7_39);
    MEMBER_AS("fuse_statx", fuse_statx_7_39, mask);
    MEMBER_AS("fuse_statx", fuse_statx_7_39, blksize);
    MEMBER_AS("fuse_statx", fuse_statx_7_39, attributes);
    MEMBER_AS("fuse_statx", fuse_statx_7_39, nlink);
    MEMBER_AS("fuse_statx", fuse_statx_7_39, uid);
    MEMBER_AS("fuse_statx", fuse_statx_7_39, gid);
    MEMBER_AS("fuse_statx", fuse_statx_7_39, mode);
    MEMBER_AS("fuse_statx", fuse_statx_7_39, padding);
    MEMBER_AS("fuse_statx", fuse_statx_7_39, ino);
    MEMBER_AS("fuse_statx", fuse_statx_7_39, size);
    MEMBER_AS("fuse_statx", fuse_statx_7_39, blocks);
    MEMBER_AS("fuse_statx", fuse_statx_7_39, attributes_mask);
    MEMBER_AS("fuse_statx", fuse_statx_7_39, atime);
    MEMBER_AS("fuse_statx", fuse_statx_7_39, btime);
    MEMBER_AS("fuse_statx", fuse_statx_7_39, ctime);
    MEMBER_AS("fuse_statx", fuse_statx_7_39, mtime);
    MEMBER_AS("fuse_statx", fuse_statx_7_39, rdev_major);
    MEMBER_AS("fuse_statx", fuse_statx_7_39, rdev_minor);
    MEMBER_AS("fuse_statx", fuse_statx_7_39, dev_major);
    MEMBER_AS("fuse_statx", fuse_statx_7_39, dev_minor);
    MEMBER_AS("fuse_statx", fuse_statx_7_39, spare);
    STRUCT_AS("fuse_statx_in", fuse_statx_in_7_39);
    MEMBER_AS("fuse_statx_in", fuse_statx_in_7_39, getattr_flags);
    MEMBER_AS("fuse_statx_in", fuse_statx_in_7_39, dummy);
    MEMBER_AS("fuse_statx_in", fuse_statx_in_7_39, fh);
    MEMBER_AS("fuse_statx_in", fuse_statx_in_7_39, sx_flags);
    MEMBER_AS("fuse_statx_in", fuse_statx_in_7_39, sx_mask);
    STRUCT_AS("fuse_statx_out", fuse_statx_out_7_39);
    MEMBER_AS("fuse_statx_out", fuse_statx_out_7_39, attr_valid);
    MEMBER_AS("fuse_statx_out", fuse_statx_out_7_39, attr_valid_nsec);
    MEMBER_AS("fuse_statx_out", fuse_statx_out_7_39, flags);
    MEMBER_AS("fuse_statx_out", fuse_statx_out_7_39, spare);
    MEMBER_AS("fuse_statx_out", fuse_statx_out_7_39, stat);
    STRUCT_AS("fuse_copy_file_range_out", fuse_copy_file_range_out_7_45);
    MEMBER_AS("fuse_copy_file_range_out", fuse_copy_file_range_out_7_45, bytes_copied);
}

static void numbers(void)
{
    OPCODE("LOOKUP", FUSE_LOOKUP);
    OPCODE("FORGET", FUSE_FORGET);
    OPCODE("GETATTR", FUSE_GETATTR);
    OPCODE("SETATTR", FUSE_SETATTR);
    OPCODE("READLINK", FUSE_READLINK);
    OPCODE("SYMLINK", FUSE_SYMLINK);
    OPCODE("MKNOD", FUSE_MKNOD);
    OPCODE("MKDIR", FUSE_MKDIR);
    OPCODE("UNLINK", FUSE_UNLINK);
    OPCODE("RMDIR", FUSE_RMDIR);
    OPCODE("RENAME", FUSE_RENAME);
    OPCODE("LINK", FUSE_LINK);
    OPCODE("OPEN", FUSE_OPEN);
    OPCODE("READ", FUSE_READ);
    OPCODE("WRITE", FUSE_WRITE);
    OPCODE("STATFS", FUSE_STATFS);
    OPCODE("RELEASE", FUSE_RELEASE);
    OPCODE("FSYNC", FUSE_FSYNC);
    OPCODE("SETXATTR", FUSE_SETXATTR);
    OPCODE("GETXATTR", FUSE_GETXATTR);
    OPCODE("LISTXATTR", FUSE_LISTXATTR);
    OPCODE("REMOVEXATTR", FUSE_REMOVEXATTR);
    OPCODE("FLUSH", FUSE_FLUSH);
    OPCODE("INIT", FUSE_INIT);
    OPCODE("OPENDIR", FUSE_OPENDIR);
    OPCODE("READDIR", FUSE_READDIR);
    OPCODE("RELEASEDIR", FUSE_RELEASEDIR);
    OPCODE("FSYNCDIR", FUSE_FSYNCDIR);
    OPCODE("GETLK", FUSE_GETLK);
    OPCODE("SETLK", FUSE_SETLK);
    OPCODE("SETLKW", FUSE_SETLKW);
    OPCODE("ACCESS", FUSE_ACCESS);
    OPCODE("CREATE", FUSE_CREATE);
    OPCODE("INTERRUPT", FUSE_INTERRUPT);
    OPCODE("BMAP", FUSE_BMAP);
    OPCODE("DESTROY", FUSE_DESTROY);
    OPCODE("IOCTL", FUSE_IOCTL);
    OPCODE("POLL", FUSE_POLL);
    OPCODE("NOTIFY_REPLY", FUSE_NOTIFY_REPLY);
    OPCODE("BATCH_FORGET", FUSE_BATCH_FORGET);
    OPCODE("FALLOCATE", FUSE_FALLOCATE);
    OPCODE("READDIRPLUS", FUSE_READDIRPLUS);
    OPCODE("RENAME2", FUSE_RENAME2);
    OPCODE("LSEEK", FUSE_LSEEK);
    OPCODE("COPY_FILE_RANGE", FUSE_COPY_FILE_RANGE);
    OPCODE("SETUPMAPPING", FUSE_SETUPMAPPING);
    OPCODE("REMOVEMAPPING", FUSE_REMOVEMAPPING);
    OPCODE("SYNCFS", FUSE_SYNCFS);
    OPCODE("TMPFILE", FUSE_TMPFILE);
    OPCODE("STATX", OPCODE_STATX);
    OPCODE("COPY_FILE_RANGE_64", OPCODE_COPY_FILE_RANGE_64);
    OPCODE("CUSE_INIT", CUSE_INIT);
    OPCODE("INIT_SWAPPED", FUSE_INIT_BSWAP_RESERVED);
    INIT("ASYNC_READ", FUSE_ASYNC_READ);
    INIT("POSIX_LOCKS", FUSE_POSIX_LOCKS);
    INIT("FILE_OPS", FUSE_FILE_OPS);
    INIT("ATOMIC_O_TRUNC", FUSE_ATOMIC_O_TRUNC);
    INIT("EXPORT_SUPPORT", FUSE_EXPORT_SUPPORT);
    INIT("BIG_WRITES", FUSE_BIG_WRITES);
    INIT("DONT_MASK", FUSE_DONT_MASK);
    INIT("SPLICE_WRITE", FUSE_SPLICE_WRITE);
    INIT("SPLICE_MOVE", FUSE_SPLICE_MOVE);
    INIT("SPLICE_READ", FUSE_SPLICE_READ);
    INIT("FLOCK_LOCKS", FUSE_FLOCK_LOCKS);
    INIT("HAS_IOCTL_DIR", FUSE_HAS_IOCTL_DIR);
    INIT("AUTO_INVAL_DATA", FUSE_AUTO_INVAL_DATA);
    INIT("DO_READDIRPLUS", FUSE_DO_READDIRPLUS);
    INIT("READDIRPLUS_AUTO", FUSE_READDIRPLUS_AUTO);
    INIT("ASYNC_DIO", FUSE_ASYNC_DIO);
    INIT("WRITEBACK_CACHE", FUSE_WRITEBACK_CACHE);
    INIT("NO_OPEN_SUPPORT", FUSE_NO_OPEN_SUPPORT);
    INIT("PARALLEL_DIROPS", FUSE_PARALLEL_DIROPS);
    INIT("HANDLE_KILLPRIV", FUSE_HANDLE_KILLPRIV);
    INIT("POSIX_ACL", FUSE_POSIX_ACL);
    INIT("ABORT_ERROR", FUSE_ABORT_ERROR);
    INIT("MAX_PAGES", FUSE_MAX_PAGES);
    INIT("CACHE_SYMLINKS", FUSE_CACHE_SYMLINKS);
    INIT("NO_OPENDIR_SUPPORT", FUSE_NO_OPENDIR_SUPPORT);
    INIT("EXPLICIT_INVAL_DATA", FUSE_EXPLICIT_INVAL_DATA);
    INIT("MAP_ALIGNMENT", FUSE_MAP_ALIGNMENT);
    INIT("SUBMOUNTS", FUSE_SUBMOUNTS);
    INIT("HANDLE_KILLPRIV_V2", FUSE_HANDLE_KILLPRIV_V2);
    INIT("SETXATTR_EXT", FUSE_SETXATTR_EXT);
    INIT("INIT_EXT", FUSE_INIT_EXT);
    INIT("SECURITY_CTX", FUSE_SECURITY_CTX);
    INIT("HAS_INODE_DAX", FUSE_HAS_INODE_DAX);
    INIT("CREATE_SUPP_GROUP", FUSE_CREATE_SUPP_GROUP);
    INIT("HAS_EXPIRE_ONLY", FUSE_HAS_EXPIRE_ONLY);
    INIT("DIRECT_IO_ALLOW_MMAP", FUSE_DIRECT_IO_ALLOW_MMAP);
    INIT("PASSTHROUGH", FUSE_PASSTHROUGH);
    INIT("NO_EXPORT_SUPPORT", FUSE_NO_EXPORT_SUPPORT);
    INIT("HAS_RESEND", FUSE_HAS_RESEND);
    INIT("ALLOW_IDMAP", FUSE_ALLOW_IDMAP);
    INIT("OVER_IO_URING", FUSE_OVER_IO_URING);
    INIT("REQUEST_TIMEOUT", FUSE_REQUEST_TIMEOUT);
    CONSTANT(FATTR_MODE);
    CONSTANT(FATTR_UID);
    CONSTANT(FATTR_GID);
    CONSTANT(FATTR_SIZE);
    CONSTANT(FATTR_ATIME);
    CONSTANT(FATTR_MTIME);
    CONSTANT(FATTR_FH);
    CONSTANT(FATTR_ATIME_NOW);
    CONSTANT(FATTR_MTIME_NOW);
    CONSTANT(FATTR_LOCKOWNER);
    CONSTANT(FATTR_CTIME);
    CONSTANT(FATTR_KILL_SUIDGID);
    CONSTANT(FOPEN_DIRECT_IO);
    CONSTANT(FOPEN_KEEP_CACHE);
    CONSTANT(FOPEN_CACHE_DIR);
    CONSTANT(FOPEN_NOFLUSH);
    CONSTANT(FOPEN_PARALLEL_DIRECT_WRITES);
    CONSTANT(FUSE_WRITE_CACHE);
    CONSTANT(FUSE_WRITE_LOCKOWNER);
    CONSTANT(FUSE_WRITE_KILL_SUIDGID);
    CONSTANT(FUSE_READ_LOCKOWNER);
    CONSTANT(FUSE_RELEASE_FLUSH);
    CONSTANT(FUSE_RELEASE_FLOCK_UNLOCK);
    CONSTANT(FUSE_GETATTR_FH);
    CONSTANT(FUSE_FSYNC_FDATASYNC);
    CONSTANT(FUSE_OPEN_KILL_SUIDGID);
    CONSTANT(FUSE_ATTR_DAX);
    CONSTANT(FUSE_ATTR_SUBMOUNT);
    CONSTANT(FUSE_SETXATTR_ACL_KILL_SGID);
}

int main(void)
{
    structs();
    numbers();
    return 0;
}
