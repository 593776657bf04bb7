package io.jvirtiofsd.hostile;

import static io.jvirtiofsd.hostile.Consequence.SERVED;
import static io.jvirtiofsd.hostile.Consequence.UNANSWERED;
import static io.jvirtiofsd.hostile.Consequence.errno;
import static io.jvirtiofsd.hostile.FuseOpcode.ACCESS;
import static io.jvirtiofsd.hostile.FuseOpcode.COPY_FILE_RANGE;
import static io.jvirtiofsd.hostile.FuseOpcode.CREATE;
import static io.jvirtiofsd.hostile.FuseOpcode.FALLOCATE;
import static io.jvirtiofsd.hostile.FuseOpcode.GETLK;
import static io.jvirtiofsd.hostile.FuseOpcode.GETXATTR;
import static io.jvirtiofsd.hostile.FuseOpcode.IOCTL;
import static io.jvirtiofsd.hostile.FuseOpcode.LINK;
import static io.jvirtiofsd.hostile.FuseOpcode.LISTXATTR;
import static io.jvirtiofsd.hostile.FuseOpcode.LOOKUP;
import static io.jvirtiofsd.hostile.FuseOpcode.LSEEK;
import static io.jvirtiofsd.hostile.FuseOpcode.MKNOD;
import static io.jvirtiofsd.hostile.FuseOpcode.OPEN;
import static io.jvirtiofsd.hostile.FuseOpcode.OPENDIR;
import static io.jvirtiofsd.hostile.FuseOpcode.READ;
import static io.jvirtiofsd.hostile.FuseOpcode.READDIR;
import static io.jvirtiofsd.hostile.FuseOpcode.READDIRPLUS;
import static io.jvirtiofsd.hostile.FuseOpcode.READLINK;
import static io.jvirtiofsd.hostile.FuseOpcode.RENAME2;
import static io.jvirtiofsd.hostile.FuseOpcode.SETATTR;
import static io.jvirtiofsd.hostile.FuseOpcode.SETLK;
import static io.jvirtiofsd.hostile.FuseOpcode.SETLKW;
import static io.jvirtiofsd.hostile.FuseOpcode.SETXATTR;
import static io.jvirtiofsd.hostile.FuseOpcode.TMPFILE;
import static io.jvirtiofsd.hostile.FuseOpcode.WRITE;
import static io.jvirtiofsd.hostile.Wire.bytes;

import io.jvirtiofsd.fake.FuseClient;
import java.util.EnumSet;
import java.util.Set;
import java.util.function.Function;
import java.util.function.ToLongFunction;

/** Arguments of each request that are short, negative, huge, or of bits that nobody knows. */
final class BodyTable extends HostileTable {
    private static final int EPERM = 1;
    private static final int E2BIG = 7;
    private static final int ENXIO = 6;
    private static final int ENOTDIR = 20;
    private static final int EISDIR = 21;
    private static final int EINVAL = 22;
    private static final int ENOTTY = 25;
    private static final int EFBIG = 27;
    private static final int ERANGE = 34;
    private static final int ENODATA = 61;
    private static final int EOPNOTSUPP = 95;

    private static final ToLongFunction<HostileRig> ROOT = rig -> FuseClient.ROOT;
    private static final ToLongFunction<HostileRig> FILE = rig -> rig.file;
    private static final ToLongFunction<HostileRig> DIR = rig -> rig.dir;
    private static final ToLongFunction<HostileRig> LINKED = rig -> rig.link;
    private static final ToLongFunction<HostileRig> FIFO = rig -> rig.fifo;

    private static final int REGULAR = 0100600;
    private static final long MAX = Long.MAX_VALUE;
    private static final int MAX_WRITE = 1 << 20; // INIT's answer

    /** These have no answer, or arguments of any size. */
    private static final Set<FuseOpcode> NOT_CUT =
            EnumSet.of(
                    FuseOpcode.FORGET,
                    FuseOpcode.BATCH_FORGET,
                    FuseOpcode.INTERRUPT,
                    FuseOpcode.BMAP);

    BodyTable() {
        cut();
        readsAndWrites();
        space();
        attributes();
        creation();
        opening();
        directories();
        locks();
        controls();
        extendedAttributes();
    }

    private void ask(
            String name,
            FuseOpcode opcode,
            ToLongFunction<HostileRig> node,
            Function<HostileRig, byte[]> arguments,
            Consequence expected) {
        add(
                name,
                rig ->
                        rig.ask(
                                opcode.code,
                                node.applyAsLong(rig),
                                arguments.apply(rig),
                                opcode.answer),
                expected);
    }

    private void file(
            String name,
            FuseOpcode opcode,
            Function<HostileRig, byte[]> arguments,
            Consequence expected) {
        ask(name, opcode, FILE, arguments, expected);
    }

    private void cut() {
        for (FuseOpcode opcode : FuseOpcode.values()) {
            if (opcode.arguments > 0 && !NOT_CUT.contains(opcode)) {
                byte[] shorter = new byte[opcode.arguments - 1];
                file(opcode + ", a byte short", opcode, rig -> shorter, errno(EINVAL));
                file(opcode + " without arguments", opcode, rig -> new byte[0], errno(EINVAL));
            }
        }
        file("BATCH_FORGET, a byte short", FuseOpcode.BATCH_FORGET, rig -> new byte[7], UNANSWERED);
    }

    private static byte[] io(long fh, long offset, int size, byte... data) {
        return bytes(fh, offset, size, 0, 0L, 0, 0, data);
    }

    private void readsAndWrites() {
        for (long offset : new long[] {-1, Long.MIN_VALUE, MAX, MAX - 99}) {
            file("READ at " + offset, READ, rig -> io(rig.fh, offset, 100), errno(EINVAL));
        }
        file("READ of 2^32 - 1 bytes", READ, rig -> io(rig.fh, 0, -1), SERVED);
        file("READ of 2^31 bytes", READ, rig -> io(rig.fh, 0, 1 << 31), SERVED);
        file("READ of nothing", READ, rig -> io(rig.fh, 0, 0), SERVED);
        file("READ far behind the end", READ, rig -> io(rig.fh, 1L << 50, 100), SERVED);
        for (long offset : new long[] {-1, Long.MIN_VALUE, MAX}) {
            file(
                    "WRITE at " + offset,
                    WRITE,
                    rig -> io(rig.fh, offset, 1, (byte) 1),
                    errno(EINVAL));
        }
        for (int size : new int[] {0, 3, 5, -1, Integer.MIN_VALUE, Integer.MAX_VALUE}) {
            file(
                    "WRITE of 4 bytes, of " + size + " it says",
                    WRITE,
                    rig -> io(rig.fh, 0, size, new byte[4]),
                    errno(EINVAL));
        }
        file(
                "WRITE beyond the largest file",
                WRITE,
                rig -> io(rig.fh, MAX - 1, 1, (byte) 1),
                errno(EFBIG));
        file(
                "WRITE of a byte more than agreed on",
                WRITE,
                rig -> io(rig.fh, 0, MAX_WRITE + 1, new byte[MAX_WRITE + 1]),
                errno(EINVAL));
    }

    private static byte[] copy(HostileRig rig, long from, long to, long length, long flags) {
        return bytes(rig.fh, from, rig.other, rig.otherFh, to, length, flags);
    }

    private void space() {
        for (int mode : new int[] {2, 4, 8, 0x20, 0x40, 0x80, -1}) {
            file(
                    "FALLOCATE of mode " + mode,
                    FALLOCATE,
                    rig -> bytes(rig.fh, 0L, 4096L, mode, 0),
                    errno(EOPNOTSUPP));
        }
        for (long[] range : new long[][] {{-1, 1}, {0, -1}, {0, 0}, {MAX, 1}, {1, MAX}}) {
            file(
                    "FALLOCATE of %d + %d".formatted(range[0], range[1]),
                    FALLOCATE,
                    rig -> bytes(rig.fh, range[0], range[1], 0, 0),
                    errno(EINVAL));
        }
        file(
                "COPY_FILE_RANGE from -1",
                COPY_FILE_RANGE,
                rig -> copy(rig, -1, 0, 1, 0),
                errno(EINVAL));
        file(
                "COPY_FILE_RANGE to -1",
                COPY_FILE_RANGE,
                rig -> copy(rig, 0, -1, 1, 0),
                errno(EINVAL));
        file(
                "COPY_FILE_RANGE with flags",
                COPY_FILE_RANGE,
                rig -> copy(rig, 0, 0, 1, 1),
                errno(EINVAL));
        file("COPY_FILE_RANGE of -1 bytes", COPY_FILE_RANGE, rig -> copy(rig, 0, 0, -1, 0), SERVED);
        file(
                "COPY_FILE_RANGE past all ends",
                COPY_FILE_RANGE,
                rig -> copy(rig, 0, MAX, 9, 0),
                errno(EINVAL));
        for (int whence : new int[] {0, 1, 2, 5, -1}) {
            file("LSEEK by " + whence, LSEEK, rig -> bytes(rig.fh, 0L, whence, 0), errno(EINVAL));
        }
        file("LSEEK for data at -1", LSEEK, rig -> bytes(rig.fh, -1L, 3, 0), errno(ENXIO));
        file("LSEEK for data behind the end", LSEEK, rig -> bytes(rig.fh, MAX, 3, 0), errno(ENXIO));
    }

    /** SETATTR of what {@code valid} says: size, and all three times' nanoseconds. */
    private static byte[] change(int valid, long size, int nanos) {
        return bytes(valid, 0, 0L, size, 0L, 0L, 0L, 0L, nanos, nanos, nanos, 0, 0, 0, 0, 0);
    }

    private void attributes() {
        file("SETATTR of size -1", SETATTR, rig -> change(8, -1, 0), errno(EINVAL));
        file("SETATTR of the largest size", SETATTR, rig -> change(8, MAX, 0), errno(EFBIG));
        ask("SETATTR of a directory's size", SETATTR, DIR, rig -> change(8, 0, 0), errno(EISDIR));
        ask("SETATTR of a link's size", SETATTR, LINKED, rig -> change(8, 0, 0), errno(EINVAL));
        ask("SETATTR of a pipe's size", SETATTR, FIFO, rig -> change(8, 0, 0), errno(EINVAL));
        for (int time : new int[] {16, 32, 1024}) {
            file(
                    "SETATTR of time " + time + " with 10^9 ns",
                    SETATTR,
                    rig -> change(time, 0, 1_000_000_000),
                    errno(EINVAL));
            file(
                    "SETATTR of time " + time + " with -1 ns",
                    SETATTR,
                    rig -> change(time, 0, -1),
                    errno(EINVAL));
        }
        file("SETATTR of nothing", SETATTR, rig -> change(0, 0, 0), SERVED);
        file("SETATTR of bits nobody knows", SETATTR, rig -> change(0xffff_0000, 0, 0), SERVED);
        file("ACCESS of bits nobody knows", ACCESS, rig -> bytes(8, 0), errno(EINVAL));
        file("ACCESS of all bits", ACCESS, rig -> bytes(-1, 0), errno(EINVAL));
        file("READLINK of a file", READLINK, rig -> bytes(), errno(EINVAL));
        file("LOOKUP in a file", LOOKUP, rig -> bytes("x"), errno(ENOTDIR));
        ask("LOOKUP in a link", LOOKUP, LINKED, rig -> bytes("x"), errno(ENOTDIR));
    }

    private void creation() {
        for (int mode : new int[] {0040755, 0120777, 0644, 0170000, -1}) {
            ask(
                    "MKNOD of mode 0%o".formatted(mode),
                    MKNOD,
                    ROOT,
                    rig -> bytes(mode, 0, 0, 0, "made"),
                    errno(EINVAL));
        }
        for (int mode : new int[] {0040755, 0120777, 0010644, 0060644, -1}) {
            ask(
                    "CREATE of mode 0%o".formatted(mode),
                    CREATE,
                    ROOT,
                    rig -> bytes(2, mode, 0, 0, "made"),
                    errno(EINVAL));
        }
        ask(
                "CREATE of a directory that is there",
                CREATE,
                ROOT,
                rig -> bytes(2, REGULAR, 0, 0, "dir"),
                errno(EISDIR));
        ask(
                "CREATE of a link that is there",
                CREATE,
                ROOT,
                rig -> bytes(2, REGULAR, 0, 0, "link"),
                errno(ENXIO));
        ask(
                "CREATE of a pipe that is there",
                CREATE,
                ROOT,
                rig -> bytes(2, REGULAR, 0, 0, "fifo"),
                errno(ENXIO));
        ask(
                "TMPFILE in a file",
                TMPFILE,
                FILE,
                rig -> bytes(2, REGULAR, 0, 0, "x"),
                errno(ENOTDIR));
        ask("LINK of a directory", LINK, ROOT, rig -> bytes(rig.dir, "x"), errno(EPERM));
        ask("LINK in a file", LINK, FILE, rig -> bytes(rig.other, "x"), errno(ENOTDIR));
        for (int flags : new int[] {3, 6, 7, 8, -1}) {
            ask(
                    "RENAME2 of flags " + flags,
                    RENAME2,
                    ROOT,
                    rig -> bytes(FuseClient.ROOT, flags, 0, "file", "x"),
                    errno(EINVAL));
        }
    }

    private void opening() {
        int tmpfile = 020000000 | 0200000; // O_TMPFILE
        file("OPEN that would create", OPEN, rig -> bytes(0301, 0), SERVED);
        file("OPEN as a path", OPEN, rig -> bytes(010000000, 0), SERVED);
        ask("OPEN of a directory", OPEN, DIR, rig -> bytes(0, 0), errno(EISDIR));
        ask(
                "OPEN of a directory for a file in it",
                OPEN,
                DIR,
                rig -> bytes(tmpfile | 2, 0),
                errno(EISDIR));
        for (int flags : new int[] {0, 1, 2, 04000, 0200000, 010000000}) {
            ask(
                    "OPEN of a link, 0%o".formatted(flags),
                    OPEN,
                    LINKED,
                    rig -> bytes(flags, 0),
                    errno(ENXIO));
            ask(
                    "OPEN of a pipe, 0%o".formatted(flags),
                    OPEN,
                    FIFO,
                    rig -> bytes(flags, 0),
                    errno(ENXIO));
        }
        file("OPENDIR of a file", OPENDIR, rig -> bytes(0, 0), errno(ENOTDIR));
        ask("OPENDIR of a link", OPENDIR, LINKED, rig -> bytes(0, 0), errno(ENOTDIR));
    }

    private void directories() {
        for (FuseOpcode opcode : new FuseOpcode[] {READDIR, READDIRPLUS}) {
            ask(opcode + " at -1", opcode, DIR, rig -> io(rig.dirFh, -1, 4096), errno(EINVAL));
            ask(
                    opcode + " far behind the end",
                    opcode,
                    DIR,
                    rig -> io(rig.dirFh, 1L << 60, 4096),
                    SERVED);
            ask(opcode + " of 1 byte", opcode, DIR, rig -> io(rig.dirFh, 0, 1), errno(EINVAL));
            ask(opcode + " of nothing", opcode, DIR, rig -> io(rig.dirFh, 0, 0), errno(EINVAL));
            ask(opcode + " of 2^32 - 1 bytes", opcode, DIR, rig -> io(rig.dirFh, 0, -1), SERVED);
        }
    }

    private static byte[] lock(long fh, long start, long end, int type, int flags) {
        return bytes(fh, 1L, start, end, type, 0, flags, 0);
    }

    private void locks() {
        for (FuseOpcode opcode : new FuseOpcode[] {GETLK, SETLK, SETLKW}) {
            file(opcode + " of type 3", opcode, rig -> lock(rig.fh, 0, 1, 3, 0), errno(EINVAL));
            file(opcode + " of type -1", opcode, rig -> lock(rig.fh, 0, 1, -1, 0), errno(EINVAL));
            file(opcode + " from -1", opcode, rig -> lock(rig.fh, -1, 1, 0, 0), errno(EINVAL));
            file(
                    opcode + " to before its start",
                    opcode,
                    rig -> lock(rig.fh, 2, 1, 0, 0),
                    errno(EINVAL));
            file(opcode + " to -1", opcode, rig -> lock(rig.fh, 0, -1, 0, 0), errno(EINVAL));
            file(
                    opcode + " with flags nobody knows",
                    opcode,
                    rig -> lock(rig.fh, 0, 1, 0, 2),
                    errno(EINVAL));
        }
        file("GETLK of an unlocking", GETLK, rig -> lock(rig.fh, 0, 1, 2, 0), errno(EINVAL));
        file("GETLK of a whole file's", GETLK, rig -> lock(rig.fh, 0, 1, 0, 1), errno(EINVAL));
    }

    private static byte[] ioctl(long fh, int command, int in, int out, byte... data) {
        return bytes(fh, 0, command, 0L, in, out, data);
    }

    private void controls() {
        int getFlags = 0x8008_6601; // linux/fs.h FS_IOC_GETFLAGS
        int setFlags = 0x4008_6602; // linux/fs.h FS_IOC_SETFLAGS
        // TCGETS, TIOCSTI, FIFREEZE, FICLONE, FS_IOC_ENABLE_VERITY, BLKDISCARD, nothing, all
        int[] others = {0x5401, 0x5412, 0xc004_5877, 0x4004_9409, 0x4080_6685, 0x1277, 0, -1};
        for (int command : others) {
            file(
                    "IOCTL 0x%x".formatted(command),
                    IOCTL,
                    rig -> ioctl(rig.fh, command, 0, 8),
                    errno(ENOTTY));
        }
        file(
                "IOCTL of less data than told",
                IOCTL,
                rig -> ioctl(rig.fh, setFlags, 8, 0, new byte[4]),
                errno(EINVAL));
        file(
                "IOCTL of more data than told",
                IOCTL,
                rig -> ioctl(rig.fh, setFlags, 4, 0, new byte[8]),
                errno(EINVAL));
        file(
                "IOCTL of too little data",
                IOCTL,
                rig -> ioctl(rig.fh, setFlags, 3, 0, new byte[3]),
                errno(EINVAL));
        file(
                "IOCTL of 65 bytes",
                IOCTL,
                rig -> ioctl(rig.fh, setFlags, 65, 0, new byte[65]),
                errno(EINVAL));
        file(
                "IOCTL of -1 bytes",
                IOCTL,
                rig -> ioctl(rig.fh, setFlags, -1, 0, new byte[4]),
                errno(EINVAL));
        file(
                "IOCTL that wants nothing",
                IOCTL,
                rig -> ioctl(rig.fh, getFlags, 0, 0),
                errno(EINVAL));
        file(
                "IOCTL that wants 65 bytes",
                IOCTL,
                rig -> ioctl(rig.fh, getFlags, 0, 65),
                errno(EINVAL));
        file(
                "IOCTL that wants -1 bytes",
                IOCTL,
                rig -> ioctl(rig.fh, getFlags, 0, -1),
                errno(EINVAL));
    }

    private void extendedAttributes() {
        int max = 65_536; // linux/limits.h XATTR_SIZE_MAX
        byte[] value = new byte[4];
        file(
                "SETXATTR of 4 bytes, of 3 it says",
                SETXATTR,
                rig -> bytes(3, 0, 0, 0, "user.a", value),
                errno(EINVAL));
        file(
                "SETXATTR of 4 bytes, of 2^32 - 1 it says",
                SETXATTR,
                rig -> bytes(-1, 0, 0, 0, "user.a", value),
                errno(E2BIG));
        file(
                "SETXATTR of 65,537 bytes",
                SETXATTR,
                rig -> bytes(max + 1, 0, 0, 0, "user.a", new byte[max + 1]),
                errno(E2BIG));
        file(
                "SETXATTR of flags nobody knows",
                SETXATTR,
                rig -> bytes(4, 4, 0, 0, "user.a", value),
                errno(EINVAL));
        file(
                "SETXATTR of an access list, not agreed on",
                SETXATTR,
                rig -> bytes(4, 0, 0, 0, "system.posix_acl_access", value),
                errno(EOPNOTSUPP));
        file(
                "GETXATTR of 2^32 - 1 bytes",
                GETXATTR,
                rig -> bytes(-1, 0, "user.none"),
                errno(ENODATA));
        file("LISTXATTR of 2^32 - 1 bytes", LISTXATTR, rig -> bytes(-1, 0), SERVED);
        ask(
                "SETXATTR through a link",
                SETXATTR,
                LINKED,
                rig -> bytes(4, 0, 0, 0, "user.a", value),
                errno(EPERM));
        file(
                "GETXATTR into too little",
                GETXATTR,
                rig -> {
                    byte[] set = bytes(4, 0, 0, 0, "user.b", value);
                    rig.fuse().raw(SETXATTR.code, rig.file, set, 0);
                    return bytes(3, 0, "user.b");
                },
                errno(ERANGE));
    }
}
