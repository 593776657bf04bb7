package io.jvirtiofsd.fake;

import io.jvirtiofsd.vhost.FakeFrontend;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Sends one request of any opcode, with arguments for which a server that knows it has a good
 * answer: each has a folder of the share to itself, with "file", "dir" and "link".
 *
 * <p>Source: fuse.h.
 */
final class OpcodeProbe {
    private static final int MOST_BYTES = 4096;
    private static final int RDWR = 2;
    private static final int REGULAR = 0100600;
    private static final int GETFLAGS = 0x80086601; // linux/fs.h FS_IOC_GETFLAGS
    private static final int UNLOCK = 2; // asm-generic/fcntl.h F_UNLCK

    private final FuseClient fuse;
    private final Path share;
    private final boolean longSetxattr;
    private int opcode;
    private ByteBuffer in;

    /** Borrows {@code fuse}; {@code longSetxattr} says whether SETXATTR_EXT was agreed on. */
    OpcodeProbe(FuseClient fuse, Path share, boolean longSetxattr) {
        this.fuse = fuse;
        this.share = share;
        this.longSetxattr = longSetxattr;
    }

    private OpcodeProbe u32(int... values) {
        for (int value : values) {
            in.putInt(value);
        }
        return this;
    }

    private OpcodeProbe u64(long... values) {
        for (long value : values) {
            in.putLong(value);
        }
        return this;
    }

    private OpcodeProbe name(String name) {
        in.put(name.getBytes(StandardCharsets.UTF_8)).put((byte) 0);
        return this;
    }

    /** Sends what was put together to {@code node}; see {@link FuseClient#outcome}. */
    private int to(long node, int room) {
        byte[] arguments = new byte[in.position()];
        in.get(0, arguments);
        return fuse.outcome(opcode, node, arguments, room);
    }

    /**
     * The outcome of opcode {@code name} with number {@code code}, as of {@link
     * FuseClient#outcome}.
     */
    int outcome(String name, int code) throws IOException {
        Path folder = Files.createDirectory(share.resolve(name));
        Path onHost = Files.writeString(folder.resolve("file"), "content");
        Files.setAttribute(onHost, "user:known", ByteBuffer.wrap(new byte[] {1}));
        Files.createDirectory(folder.resolve("dir"));
        Files.createSymbolicLink(folder.resolve("link"), Path.of("file"));
        opcode = code;
        in = FakeFrontend.buffer(256);
        long parent = fuse.lookup(FuseClient.ROOT, name).nodeId();
        long file = fuse.lookup(parent, "file").nodeId();
        return switch (name) {
            case "LOOKUP" -> name("file").to(parent, 128);
            case "GETATTR" -> u32(0, 0).u64(0).to(file, 104);
            case "READLINK" -> to(fuse.lookup(parent, "link").nodeId(), MOST_BYTES);
            case "SYMLINK" -> name("new").name("target").to(parent, 128);
            case "MKNOD" -> u32(REGULAR, 0, 0, 0).name("new").to(parent, 128);
            case "MKDIR" -> u32(0700, 0).name("new").to(parent, 128);
            case "UNLINK" -> name("file").to(parent, 0);
            case "RMDIR" -> name("dir").to(parent, 0);
            case "RENAME" -> u64(parent).name("file").name("new").to(parent, 0);
            case "RENAME2" -> u64(parent).u32(0, 0).name("file").name("new").to(parent, 0);
            case "LINK" -> u64(file).name("new").to(parent, 128);
            case "CREATE" -> u32(RDWR, REGULAR, 0, 0).name("new").to(parent, 144);
            case "TMPFILE" -> u32(RDWR, REGULAR, 0, 0).name("/").to(parent, 144);
            case "STATFS" -> to(file, 80);
            case "ACCESS" -> u32(4, 0).to(file, 0);
            case "STATX" -> u32(0, 0).u64(0).u32(0, 0xfff).to(file, 288);
            case "SYNCFS" -> u64(0).to(FuseClient.ROOT, 0);
            case "FORGET" -> u64(1).to(file, 0);
            case "BATCH_FORGET" -> u32(1, 0).u64(file, 1).to(0, 0);
            case "SETXATTR" -> setxattr(file);
            case "GETXATTR" -> u32(MOST_BYTES, 0).name("user.known").to(file, MOST_BYTES);
            case "LISTXATTR" -> u32(MOST_BYTES, 0).to(file, MOST_BYTES);
            case "REMOVEXATTR" -> name("user.known").to(file, 0);
            case "OPENDIR" -> u32(0, 0).to(parent, 16);
            case "READDIR", "READDIRPLUS" -> read(parent, fuse.opendir(parent));
            case "RELEASEDIR" -> u64(fuse.opendir(parent), 0, 0).to(parent, 0);
            case "FSYNCDIR" -> u64(fuse.opendir(parent), 0).to(parent, 0);
            case "SETUPMAPPING" -> u64(0, 0, MOST_BYTES, 0, 0).to(file, 0);
            case "REMOVEMAPPING" -> u32(1).u64(0, MOST_BYTES).to(file, 0);
            case "BMAP" -> u64(0).u32(512, 0).to(file, 8);
            case "INTERRUPT" -> u64(2).to(0, 0);
            case "NOTIFY_REPLY" -> u64(0, 0, 0, 0, 0).to(file, 0);
            case "INIT", "CUSE_INIT" -> u32(7, 31, 0, 0).u64(0, 0, 0, 0, 0, 0).to(0, 80);
            case "DESTROY" -> to(0, 0);
            default -> ofOpenFile(name, file, fuse.open(file, RDWR));
        };
    }

    private int ofOpenFile(String name, long file, long fh) {
        return switch (name) {
            case "SETATTR" -> u32(8, 0).u64(0, 3, 0, 0, 0, 0, 0, 0, 0, 0).to(file, 104);
            case "OPEN" -> u32(RDWR, 0).to(file, 16);
            case "READ" -> read(file, fh);
            case "WRITE" -> u64(fh, 0).u32(4, 0).u64(0, 0).u32(0).to(file, 8);
            case "RELEASE" -> u64(fh, 0, 0).to(file, 0);
            case "FSYNC" -> u64(fh, 0).to(file, 0);
            case "FLUSH" -> u64(fh, 0, 0).to(file, 0);
            case "GETLK" -> u64(fh, 1, 0, 9).u32(1, 0, 0, 0).to(file, 24);
            case "SETLK", "SETLKW" -> u64(fh, 1, 0, 9).u32(UNLOCK, 0, 0, 0).to(file, 0);
            case "IOCTL" -> u64(fh).u32(0, GETFLAGS).u64(0).u32(0, 8).to(file, 24);
            case "POLL" -> u64(fh, 0).u32(0, 1).to(file, 8);
            case "FALLOCATE" -> u64(fh, 0, 100).u32(0, 0).to(file, 0);
            case "LSEEK" -> u64(fh, 0).u32(3, 0).to(file, 8);
            case "COPY_FILE_RANGE", "COPY_FILE_RANGE_64" ->
                    u64(fh, 0, file, fh, 100, 4, 0).to(file, 8);
            default -> throw new IllegalArgumentException("no request for " + name);
        };
    }

    private int read(long node, long fh) {
        return u64(fh, 0).u32(MOST_BYTES, 0).u64(0, 0).to(node, MOST_BYTES);
    }

    private int setxattr(long file) {
        u32(1, 0);
        if (longSetxattr) {
            u32(0, 0);
        }
        name("user.new");
        in.put((byte) 1);
        return to(file, 0);
    }
}
