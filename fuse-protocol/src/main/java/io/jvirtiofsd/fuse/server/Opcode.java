package io.jvirtiofsd.fuse.server;

import io.jvirtiofsd.fuse.server.ControlRequests.IoctlIn;
import io.jvirtiofsd.fuse.server.ControlRequests.PollIn;
import io.jvirtiofsd.fuse.server.FileRequests.CopyFileRangeIn;
import io.jvirtiofsd.fuse.server.FileRequests.CreateIn;
import io.jvirtiofsd.fuse.server.FileRequests.FallocateIn;
import io.jvirtiofsd.fuse.server.FileRequests.FlushIn;
import io.jvirtiofsd.fuse.server.FileRequests.FsyncIn;
import io.jvirtiofsd.fuse.server.FileRequests.LseekIn;
import io.jvirtiofsd.fuse.server.FileRequests.OpenIn;
import io.jvirtiofsd.fuse.server.FileRequests.ReadIn;
import io.jvirtiofsd.fuse.server.FileRequests.ReleaseIn;
import io.jvirtiofsd.fuse.server.FileRequests.WriteIn;
import io.jvirtiofsd.fuse.server.LockRequests.LkIn;
import io.jvirtiofsd.fuse.server.MappingRequests.RemovemappingIn;
import io.jvirtiofsd.fuse.server.MappingRequests.SetupmappingIn;
import io.jvirtiofsd.fuse.server.NameRequests.LinkIn;
import io.jvirtiofsd.fuse.server.NameRequests.MkdirIn;
import io.jvirtiofsd.fuse.server.NameRequests.MknodIn;
import io.jvirtiofsd.fuse.server.NameRequests.Rename2In;
import io.jvirtiofsd.fuse.server.NameRequests.RenameIn;
import io.jvirtiofsd.fuse.server.NodeRequests.AccessIn;
import io.jvirtiofsd.fuse.server.NodeRequests.BatchForgetIn;
import io.jvirtiofsd.fuse.server.NodeRequests.ForgetIn;
import io.jvirtiofsd.fuse.server.NodeRequests.GetattrIn;
import io.jvirtiofsd.fuse.server.NodeRequests.SetattrIn;
import io.jvirtiofsd.fuse.server.NodeRequests.StatxIn;
import io.jvirtiofsd.fuse.server.NodeRequests.SyncfsIn;
import io.jvirtiofsd.fuse.server.SessionRequests.InitIn;
import io.jvirtiofsd.fuse.server.SessionRequests.InterruptIn;
import io.jvirtiofsd.fuse.server.SessionRequests.NoneIn;
import io.jvirtiofsd.fuse.server.XattrRequests.GetxattrIn;
import io.jvirtiofsd.fuse.server.XattrRequests.SetxattrIn;
import java.util.function.Function;

/**
 * The table of FUSE operations, one row each: number, fixed arguments, names, answer, handler.
 *
 * <p>A row without handler is known by name only and answers ENOSYS, which tells the guest never to
 * ask again. Source: fuse.h, {@code enum fuse_opcode}.
 */
enum Opcode {
    // spotless:off
    LOOKUP         (1,  NoneIn.BYTES,          NoneIn::read,          Names.ONE_OR_DOTS,     Reply.ENTRY,  NodeRequests::lookup),
    FORGET         (2,  ForgetIn.BYTES,        ForgetIn::read,        Names.NONE,            Reply.NONE,   NodeRequests::forget),
    GETATTR        (3,  GetattrIn.BYTES,       GetattrIn::read,       Names.NONE,            Reply.ATTR,   NodeRequests::getattr),
    SETATTR        (4,  SetattrIn.BYTES,       SetattrIn::read,       Names.NONE,            Reply.ATTR,   NodeRequests::setattr),
    READLINK       (5,  NoneIn.BYTES,          NoneIn::read,          Names.NONE,            Reply.DATA,   NodeRequests::readlink),
    SYMLINK        (6,  NoneIn.BYTES,          NoneIn::read,          Names.NAME_AND_TARGET, Reply.ENTRY,  NameRequests::symlink),
    MKNOD          (8,  MknodIn.BYTES,         MknodIn::read,         Names.ONE,             Reply.ENTRY,  NameRequests::mknod),
    MKDIR          (9,  MkdirIn.BYTES,         MkdirIn::read,         Names.ONE,             Reply.ENTRY,  NameRequests::mkdir),
    UNLINK         (10, NoneIn.BYTES,          NoneIn::read,          Names.ONE,             Reply.EMPTY,  NameRequests::unlink),
    RMDIR          (11, NoneIn.BYTES,          NoneIn::read,          Names.ONE,             Reply.EMPTY,  NameRequests::rmdir),
    RENAME         (12, RenameIn.BYTES,        RenameIn::read,        Names.TWO,             Reply.EMPTY,  NameRequests::rename),
    LINK           (13, LinkIn.BYTES,          LinkIn::read,          Names.ONE,             Reply.ENTRY,  NameRequests::link),
    OPEN           (14, OpenIn.BYTES,          OpenIn::read,          Names.NONE,            Reply.OPEN,   FileRequests::open),
    READ           (15, ReadIn.BYTES,          ReadIn::read,          Names.NONE,            Reply.DATA,   FileRequests::read),
    WRITE          (16, WriteIn.BYTES,         WriteIn::read,         Names.NONE,            Reply.WRITE,  FileRequests::write),
    STATFS         (17, NoneIn.BYTES,          NoneIn::read,          Names.NONE,            Reply.STATFS, NodeRequests::statfs),
    RELEASE        (18, ReleaseIn.BYTES,       ReleaseIn::read,       Names.NONE,            Reply.EMPTY,  FileRequests::release),
    FSYNC          (20, FsyncIn.BYTES,         FsyncIn::read,         Names.NONE,            Reply.EMPTY,  FileRequests::fsync),
    SETXATTR       (21, SetxattrIn.BYTES,      SetxattrIn::read,      Names.XATTR_AND_VALUE, Reply.EMPTY,  XattrRequests::set),
    GETXATTR       (22, GetxattrIn.BYTES,      GetxattrIn::read,      Names.XATTR,           Reply.DATA,   XattrRequests::get),
    LISTXATTR      (23, GetxattrIn.BYTES,      GetxattrIn::read,      Names.NONE,            Reply.DATA,   XattrRequests::list),
    REMOVEXATTR    (24, NoneIn.BYTES,          NoneIn::read,          Names.XATTR,           Reply.EMPTY,  XattrRequests::remove),
    FLUSH          (25, FlushIn.BYTES,         FlushIn::read,         Names.NONE,            Reply.EMPTY,  FileRequests::flush),
    INIT           (26, InitIn.SHORT_BYTES,    InitIn::read,          Names.NONE,            Reply.INIT,   SessionRequests::init),
    OPENDIR        (27, OpenIn.BYTES,          OpenIn::read,          Names.NONE,            Reply.OPEN,   DirectoryRequests::opendir),
    READDIR        (28, ReadIn.BYTES,          ReadIn::read,          Names.NONE,            Reply.DATA,   DirectoryRequests::readdir),
    RELEASEDIR     (29, ReleaseIn.BYTES,       ReleaseIn::read,       Names.NONE,            Reply.EMPTY,  DirectoryRequests::releasedir),
    FSYNCDIR       (30, FsyncIn.BYTES,         FsyncIn::read,         Names.NONE,            Reply.EMPTY,  DirectoryRequests::fsyncdir),
    GETLK          (31, LkIn.BYTES,            LkIn::read,            Names.NONE,            Reply.LOCK,   LockRequests::getlk),
    SETLK          (32, LkIn.BYTES,            LkIn::read,            Names.NONE,            Reply.EMPTY,  LockRequests::setlk),
    SETLKW         (33, LkIn.BYTES,            LkIn::read,            Names.NONE,            Reply.EMPTY,  LockRequests::setlkw),
    ACCESS         (34, AccessIn.BYTES,        AccessIn::read,        Names.NONE,            Reply.EMPTY,  NodeRequests::access),
    CREATE         (35, CreateIn.BYTES,        CreateIn::read,        Names.ONE,             Reply.CREATE, FileRequests::create),
    INTERRUPT      (36, InterruptIn.BYTES,     InterruptIn::read,     Names.NONE,            Reply.NONE,   SessionRequests::interrupt),
    BMAP           (37),
    DESTROY        (38, NoneIn.BYTES,          NoneIn::read,          Names.NONE,            Reply.EMPTY,  SessionRequests::destroy),
    IOCTL          (39, IoctlIn.BYTES,         IoctlIn::read,         Names.NONE,            Reply.IOCTL,  ControlRequests::ioctl),
    POLL           (40, PollIn.BYTES,          PollIn::read,          Names.NONE,            Reply.POLL,   ControlRequests::poll),
    NOTIFY_REPLY   (41, NoneIn.BYTES,          NoneIn::read,          Names.NONE,            Reply.NONE,   SessionRequests::notSupported),
    BATCH_FORGET   (42, BatchForgetIn.BYTES,   BatchForgetIn::read,   Names.NONE,            Reply.NONE,   NodeRequests::batchForget),
    FALLOCATE      (43, FallocateIn.BYTES,     FallocateIn::read,     Names.NONE,            Reply.EMPTY,  FileRequests::fallocate),
    READDIRPLUS    (44, ReadIn.BYTES,          ReadIn::read,          Names.NONE,            Reply.DATA,   DirectoryRequests::readdirplus),
    RENAME2        (45, Rename2In.BYTES,       Rename2In::read,       Names.TWO,             Reply.EMPTY,  NameRequests::rename2),
    LSEEK          (46, LseekIn.BYTES,         LseekIn::read,         Names.NONE,            Reply.LSEEK,  FileRequests::lseek),
    COPY_FILE_RANGE(47, CopyFileRangeIn.BYTES, CopyFileRangeIn::read, Names.NONE,            Reply.WRITE,  FileRequests::copyFileRange),
    SETUPMAPPING   (48, SetupmappingIn.BYTES,  SetupmappingIn::read,  Names.NONE,            Reply.EMPTY,  MappingRequests::setup),
    REMOVEMAPPING  (49, RemovemappingIn.BYTES, RemovemappingIn::read, Names.NONE,            Reply.EMPTY,  MappingRequests::remove),
    SYNCFS         (50, SyncfsIn.BYTES,        SyncfsIn::read,        Names.NONE,            Reply.EMPTY,  NodeRequests::syncfs),
    TMPFILE        (51, CreateIn.BYTES,        CreateIn::read,        Names.UNUSED,          Reply.CREATE, FileRequests::tmpfile),
    STATX          (52, StatxIn.BYTES,         StatxIn::read,         Names.NONE,            Reply.STATX,  NodeRequests::statx),
    COPY_FILE_RANGE_64(53, CopyFileRangeIn.BYTES, CopyFileRangeIn::read, Names.NONE,          Reply.COPY,   FileRequests::copyFileRange64),
    CUSE_INIT      (4096);
    // spotless:on

    /** INIT as a guest of the other byte order sends it. */
    static final int INIT_SWAPPED = 0x1A00_0000; // fuse.h FUSE_INIT_BSWAP_RESERVED

    /** What may wait for a disk, or for another machine. */
    private static final Opcode[] WAITING = {
        FSYNC,
        FSYNCDIR,
        SYNCFS,
        FLUSH,
        FALLOCATE,
        COPY_FILE_RANGE,
        COPY_FILE_RANGE_64,
        SETATTR,
        OPEN,
        OPENDIR,
        TMPFILE,
        STATFS,
        SETXATTR,
        REMOVEXATTR
    };

    private static final Opcode[] TABLE = new Opcode[64];
    private static final int LARGEST_SNAPSHOT;
    private static final long MAY_WAIT; // a bit for each code

    static {
        int largest = 0;
        for (Opcode opcode : values()) {
            if (opcode.code < TABLE.length) {
                TABLE[opcode.code] = opcode;
            }
            largest = Math.max(largest, opcode.snapshotBytes);
        }
        LARGEST_SNAPSHOT = largest;
        long waiting = 0;
        for (Opcode opcode : WAITING) {
            waiting |= 1L << opcode.code;
        }
        MAY_WAIT = waiting;
    }

    private final int code;
    private final int argumentBytes;
    private final int snapshotBytes;
    private final Function<WireReader, Record> arguments;
    private final Names names;
    private final Reply reply;
    private final Operation operation;

    Opcode(int code) {
        this(code, 0, NoneIn::read, Names.NONE, Reply.EMPTY, SessionRequests::notSupported);
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

    /**
     * Whether it may keep its thread waiting, so that its time is worth a look at the clock. Not of
     * these are what is asked for most, what waits for the front-end, and what is parked; nor what
     * makes and removes names, since a directory's lock lets one thread in and the others spin.
     */
    boolean mayWait() {
        return (MAY_WAIT >>> code & 1) != 0 && code < Long.SIZE;
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
