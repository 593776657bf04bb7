package io.jvirtiofsd.fuse;

import java.util.function.Function;

/**
 * The table of FUSE operations, one row each: number, fixed arguments, names, answer, handler.
 *
 * <p>A row without handler is known by name only and answers ENOSYS, which tells the guest never to
 * ask again. Source: fuse.h, {@code enum fuse_opcode}.
 */
enum Opcode {
    // spotless:off
    LOOKUP         (1,  NoneIn.BYTES,          NoneIn::read,          Names.ONE_OR_DOTS,     Reply.ENTRY,  NodeOperations::lookup),
    FORGET         (2,  ForgetIn.BYTES,        ForgetIn::read,        Names.NONE,            Reply.NONE,   NodeOperations::forget),
    GETATTR        (3,  GetattrIn.BYTES,       GetattrIn::read,       Names.NONE,            Reply.ATTR,   NodeOperations::getattr),
    SETATTR        (4,  SetattrIn.BYTES,       SetattrIn::read,       Names.NONE,            Reply.ATTR,   NodeOperations::setattr),
    READLINK       (5,  NoneIn.BYTES,          NoneIn::read,          Names.NONE,            Reply.DATA,   NodeOperations::readlink),
    SYMLINK        (6,  NoneIn.BYTES,          NoneIn::read,          Names.NAME_AND_TARGET, Reply.ENTRY,  NameOperations::symlink),
    MKNOD          (8,  MknodIn.BYTES,         MknodIn::read,         Names.ONE,             Reply.ENTRY,  NameOperations::mknod),
    MKDIR          (9,  MkdirIn.BYTES,         MkdirIn::read,         Names.ONE,             Reply.ENTRY,  NameOperations::mkdir),
    UNLINK         (10, NoneIn.BYTES,          NoneIn::read,          Names.ONE,             Reply.EMPTY,  NameOperations::unlink),
    RMDIR          (11, NoneIn.BYTES,          NoneIn::read,          Names.ONE,             Reply.EMPTY,  NameOperations::rmdir),
    RENAME         (12, RenameIn.BYTES,        RenameIn::read,        Names.TWO,             Reply.EMPTY,  NameOperations::rename),
    LINK           (13, LinkIn.BYTES,          LinkIn::read,          Names.ONE,             Reply.ENTRY,  NameOperations::link),
    OPEN           (14, OpenIn.BYTES,          OpenIn::read,          Names.NONE,            Reply.OPEN,   FileOperations::open),
    READ           (15, ReadIn.BYTES,          ReadIn::read,          Names.NONE,            Reply.DATA,   FileOperations::read),
    WRITE          (16, WriteIn.BYTES,         WriteIn::read,         Names.NONE,            Reply.WRITE,  FileOperations::write),
    STATFS         (17, NoneIn.BYTES,          NoneIn::read,          Names.NONE,            Reply.STATFS, NodeOperations::statfs),
    RELEASE        (18, ReleaseIn.BYTES,       ReleaseIn::read,       Names.NONE,            Reply.EMPTY,  FileOperations::release),
    FSYNC          (20, FsyncIn.BYTES,         FsyncIn::read,         Names.NONE,            Reply.EMPTY,  FileOperations::fsync),
    SETXATTR       (21, SetxattrIn.BYTES,      SetxattrIn::read,      Names.XATTR_AND_VALUE, Reply.EMPTY,  XattrOperations::set),
    GETXATTR       (22, GetxattrIn.BYTES,      GetxattrIn::read,      Names.XATTR,           Reply.DATA,   XattrOperations::get),
    LISTXATTR      (23, GetxattrIn.BYTES,      GetxattrIn::read,      Names.NONE,            Reply.DATA,   XattrOperations::list),
    REMOVEXATTR    (24, NoneIn.BYTES,          NoneIn::read,          Names.XATTR,           Reply.EMPTY,  XattrOperations::remove),
    FLUSH          (25, FlushIn.BYTES,         FlushIn::read,         Names.NONE,            Reply.EMPTY,  FileOperations::flush),
    INIT           (26, InitIn.SHORT_BYTES,    InitIn::read,          Names.NONE,            Reply.INIT,   SessionOperations::init),
    OPENDIR        (27, OpenIn.BYTES,          OpenIn::read,          Names.NONE,            Reply.OPEN,   DirectoryOperations::opendir),
    READDIR        (28, ReadIn.BYTES,          ReadIn::read,          Names.NONE,            Reply.DATA,   DirectoryOperations::readdir),
    RELEASEDIR     (29, ReleaseIn.BYTES,       ReleaseIn::read,       Names.NONE,            Reply.EMPTY,  DirectoryOperations::releasedir),
    FSYNCDIR       (30, FsyncIn.BYTES,         FsyncIn::read,         Names.NONE,            Reply.EMPTY,  DirectoryOperations::fsyncdir),
    GETLK          (31, LkIn.BYTES,            LkIn::read,            Names.NONE,            Reply.LOCK,   LockOperations::getlk),
    SETLK          (32, LkIn.BYTES,            LkIn::read,            Names.NONE,            Reply.EMPTY,  LockOperations::setlk),
    SETLKW         (33, LkIn.BYTES,            LkIn::read,            Names.NONE,            Reply.EMPTY,  LockOperations::setlkw),
    ACCESS         (34, AccessIn.BYTES,        AccessIn::read,        Names.NONE,            Reply.EMPTY,  NodeOperations::access),
    CREATE         (35, CreateIn.BYTES,        CreateIn::read,        Names.ONE,             Reply.CREATE, FileOperations::create),
    INTERRUPT      (36, InterruptIn.BYTES,     InterruptIn::read,     Names.NONE,            Reply.NONE,   SessionOperations::interrupt),
    BMAP           (37),
    DESTROY        (38, NoneIn.BYTES,          NoneIn::read,          Names.NONE,            Reply.EMPTY,  SessionOperations::destroy),
    IOCTL          (39, IoctlIn.BYTES,         IoctlIn::read,         Names.NONE,            Reply.IOCTL,  ControlOperations::ioctl),
    POLL           (40, PollIn.BYTES,          PollIn::read,          Names.NONE,            Reply.POLL,   ControlOperations::poll),
    NOTIFY_REPLY   (41, NoneIn.BYTES,          NoneIn::read,          Names.NONE,            Reply.NONE,   SessionOperations::notSupported),
    BATCH_FORGET   (42, BatchForgetIn.BYTES,   BatchForgetIn::read,   Names.NONE,            Reply.NONE,   NodeOperations::batchForget),
    FALLOCATE      (43, FallocateIn.BYTES,     FallocateIn::read,     Names.NONE,            Reply.EMPTY,  FileOperations::fallocate),
    READDIRPLUS    (44, ReadIn.BYTES,          ReadIn::read,          Names.NONE,            Reply.DATA,   DirectoryOperations::readdirplus),
    RENAME2        (45, Rename2In.BYTES,       Rename2In::read,       Names.TWO,             Reply.EMPTY,  NameOperations::rename2),
    LSEEK          (46, LseekIn.BYTES,         LseekIn::read,         Names.NONE,            Reply.LSEEK,  FileOperations::lseek),
    COPY_FILE_RANGE(47, CopyFileRangeIn.BYTES, CopyFileRangeIn::read, Names.NONE,            Reply.WRITE,  FileOperations::copyFileRange),
    SETUPMAPPING   (48, SetupmappingIn.BYTES,  SetupmappingIn::read,  Names.NONE,            Reply.EMPTY,  MappingOperations::setup),
    REMOVEMAPPING  (49, RemovemappingIn.BYTES, RemovemappingIn::read, Names.NONE,            Reply.EMPTY,  MappingOperations::remove),
    SYNCFS         (50, SyncfsIn.BYTES,        SyncfsIn::read,        Names.NONE,            Reply.EMPTY,  NodeOperations::syncfs),
    TMPFILE        (51, CreateIn.BYTES,        CreateIn::read,        Names.UNUSED,          Reply.CREATE, FileOperations::tmpfile),
    STATX          (52, StatxIn.BYTES,         StatxIn::read,         Names.NONE,            Reply.STATX,  NodeOperations::statx),
    COPY_FILE_RANGE_64(53, CopyFileRangeIn.BYTES, CopyFileRangeIn::read, Names.NONE,          Reply.COPY,   FileOperations::copyFileRange64),
    CUSE_INIT      (4096);
    // spotless:on

    /** INIT as a guest of the other byte order sends it. */
    static final int INIT_SWAPPED = 0x1A00_0000; // fuse.h FUSE_INIT_BSWAP_RESERVED

    private static final Opcode[] TABLE = new Opcode[64];
    private static final int LARGEST_SNAPSHOT;

    static {
        int largest = 0;
        for (Opcode opcode : values()) {
            if (opcode.code < TABLE.length) {
                TABLE[opcode.code] = opcode;
            }
            largest = Math.max(largest, opcode.snapshotBytes);
        }
        LARGEST_SNAPSHOT = largest;
    }

    private final int code;
    private final int argumentBytes;
    private final int snapshotBytes;
    private final Function<WireReader, Record> arguments;
    private final Names names;
    private final Reply reply;
    private final Operation operation;

    Opcode(int code) {
        this(code, 0, NoneIn::read, Names.NONE, Reply.EMPTY, SessionOperations::notSupported);
    }

    Opcode(
            int code,
            int argumentBytes,
            Function<WireReader, Record> arguments,
            Names names,
            Reply reply,
            Operation operation) {
        this.code = code;
        this.argumentBytes = argumentBytes;
        this.snapshotBytes = reply == Reply.INIT ? InitIn.BYTES : argumentBytes + names.maxBytes();
        this.arguments = arguments;
        this.names = names;
        this.reply = reply;
        this.operation = operation;
    }

    /** The row of a request's {@code opcode}, or null if there is none. */
    static Opcode of(int code) {
        if (code >= 0 && code < TABLE.length) {
            return TABLE[code];
        }
        return code == CUSE_INIT.code ? CUSE_INIT : null;
    }

    /** The most that any row copies from the guest at once. */
    static int largestSnapshot() {
        return LARGEST_SNAPSHOT;
    }

    int code() {
        return code;
    }

    /** Bytes of the fixed arguments, which must follow the header. */
    int argumentBytes() {
        return argumentBytes;
    }

    /** How many of {@link #argumentBytes}, at their end, the guest of this session leaves out. */
    int missingBytes(Negotiated session) {
        boolean shorter = this == SETXATTR && !InitFlag.SETXATTR_EXT.in(session.flags());
        return shorter ? SetxattrIn.BYTES - SetxattrIn.SHORT_BYTES : 0;
    }

    /** Most bytes after the header to copy into private memory; data beyond stays in place. */
    int snapshotBytes() {
        return snapshotBytes;
    }

    /** Whether it makes an object, so that extensions may say more about it. */
    boolean creates() {
        return this == SYMLINK
                || this == MKNOD
                || this == MKDIR
                || this == CREATE
                || this == TMPFILE;
    }

    Names names() {
        return names;
    }

    Reply reply() {
        return reply;
    }

    /** The fixed arguments, for the trace. */
    Record arguments(WireReader in) {
        return arguments.apply(in);
    }

    Operation operation() {
        return operation;
    }
}
