package io.jvirtiofsd.fake;

import io.jvirtiofsd.fake.FuseClient.Created;
import io.jvirtiofsd.fake.FuseClient.DirEntry;
import io.jvirtiofsd.fake.FuseClient.Node;
import io.jvirtiofsd.vhost.FakeFrontend;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;

/**
 * The operations of a file system, some of them in several ways, each as a guest asks for it in a
 * directory of its own. A new opcode wants a row.
 */
enum HostOperation {
    LOOKUP(p -> p.known(p.fuse.lookup(p.directory, "other"))),
    LOOKUP_OF_THE_KNOWN(p -> p.known(p.fuse.lookup(p.directory, "file"))),
    LOOKUP_OF_NOTHING(p -> p.lookUpNothing()),
    LOOKUP_OF_A_NODE(p -> p.known(p.fuse.lookup(p.directory, "."))),
    LOOKUP_OF_A_PARENT(p -> p.known(p.fuse.lookup(p.empty, ".."))),
    FORGET(p -> p.fuse.forget(p.known(p.fuse.lookup(p.directory, "other")), 1)),
    GETATTR(p -> p.fuse.getattr(p.file)),
    GETATTR_OF_A_HANDLE(p -> p.fuse.getattr(p.file, p.fh)),
    STATX(p -> p.raw(52, p.file, p.bytes(24).putInt(20, 0xfff), 288)),
    SETATTR(p -> p.fuse.setattr(p.file, 1, 0600, 0, 0, 0)),
    SETATTR_OWNER(p -> p.fuse.setattr(p.file, 2 | 4, 0, 7, 8, 0)),
    SETATTR_SIZE(p -> p.fuse.setattr(p.file, 8, 0, 0, 0, 3)),
    SETATTR_TIMES(p -> p.fuse.setattr(p.file, 16 | 32, 0, 0, 0, 0)),
    ACCESS(p -> p.fuse.access(p.file, 4)),
    STATFS(p -> p.fuse.statfs()),
    SYNCFS(p -> p.raw(50, p.file, p.bytes(8), 0)),
    READLINK(p -> p.fuse.readlink(p.link)),
    SYMLINK(p -> p.known(p.fuse.symlink(p.directory, "new", "target"))),
    MKNOD(p -> p.known(p.fuse.mknod(p.directory, "new", 0100600, 0))),
    MKNOD_BY_A_USER(
            p -> {
                p.fuse.as(1000, 1001);
                p.known(p.fuse.mknod(p.directory, "new", 0010600, 0));
            }),
    MKDIR(p -> p.known(p.fuse.mkdir(p.directory, "new", 0700))),
    UNLINK(p -> p.fuse.unlink(p.directory, "file")),
    RMDIR(p -> p.fuse.rmdir(p.directory, "empty")),
    RENAME(p -> p.fuse.rename(p.directory, "other", p.directory, "file")),
    RENAME2(p -> p.fuse.rename(p.directory, "other", p.directory, "file", 2)),
    LINK(p -> p.known(p.fuse.link(p.file, p.directory, "new"))),
    OPEN(p -> p.opened(p.file, p.fuse.open(p.file, 2))),
    OPEN_TRUNCATING(p -> p.opened(p.file, p.fuse.open(p.file, 2 | 01000))),
    CREATE(p -> p.created(p.fuse.create(p.directory, "new", 2, 0100600))),
    CREATE_BY_A_USER(
            p -> {
                p.fuse.as(1000, 1001);
                p.created(p.fuse.create(p.directory, "new", 2, 0100600));
            }),
    CREATE_OF_THE_KNOWN(p -> p.created(p.fuse.create(p.directory, "file", 2, 0100600))),
    TMPFILE(
            p -> {
                ByteBuffer in = p.bytes(18).putInt(0, 2).putInt(4, 0100600).put(16, (byte) '/');
                ByteBuffer out = p.raw(51, p.directory, in, 144);
                p.nodes.add(out.getLong(0));
                p.opened(out.getLong(0), out.getLong(128));
            }),
    READ(p -> p.require("content".equals(new String(p.fuse.read(p.file, p.fh, 0, 99))))),
    WRITE(p -> p.write(0, 0)),
    WRITE_APPENDING(p -> p.write(0, 02000)),
    WRITE_OF_A_USER(p -> p.write(4, 0)),
    FALLOCATE(p -> p.fuse.fallocate(p.file, p.fh, 0, 100, 0)),
    LSEEK(p -> p.fuse.lseek(p.file, p.fh, 0, 3)),
    COPY_FILE_RANGE(
            p -> {
                int copied = p.fuse.copyFileRange(p.file, p.fh, 0, p.file, p.fh, 100, 7);
                p.requireOnHost(100, "content".getBytes(StandardCharsets.UTF_8), copied);
            }),
    COPY_FILE_RANGE_64(
            p -> {
                ByteBuffer in = p.bytes(56).putLong(0, p.fh).putLong(16, p.file).putLong(24, p.fh);
                p.raw(53, p.file, in.putLong(32, 100).putLong(40, 7), 8);
            }),
    FLUSH(p -> p.fuse.flush(p.file, p.fh)),
    FSYNC(p -> p.fuse.fsync(p.file, p.fh)),
    FDATASYNC(p -> p.raw(20, p.file, p.bytes(16).putLong(0, p.fh).putInt(8, 1), 0)),
    RELEASE(
            p -> {
                long another = p.fuse.open(p.file, 0);
                p.fuse.release(p.file, another);
            }),
    POLL(p -> p.raw(40, p.file, p.bytes(24).putLong(0, p.fh).putInt(20, 1), 8)),
    IOCTL(p -> p.ioctl(0x40086602, p.ioctl(0x80086601, new byte[0], 4), 0)),
    IOCTL_ATTRIBUTES(p -> p.ioctl(0x401c5820, p.ioctl(0x801c581f, new byte[0], 28), 0)),
    SETXATTR(p -> p.xattrs.setShort(p.file, "user.new", new byte[9], 0)),
    GETXATTR(p -> p.xattrs.get(p.file, "user.x")),
    LISTXATTR(p -> p.xattrs.list(p.file)),
    REMOVEXATTR(p -> p.xattrs.remove(p.file, "user.x")),
    OPENDIR(p -> p.directories.add(p.fuse.opendir(p.directory))),
    READDIR(p -> p.require(p.entries(false).size() == 6)),
    READDIRPLUS(p -> p.require(p.entries(true).size() == 6)),
    FSYNCDIR(p -> p.fuse.fsyncdir(p.directory, p.directoryFh)),
    RELEASEDIR(
            p -> {
                long another = p.fuse.opendir(p.directory);
                p.fuse.releasedir(p.directory, another);
            }),
    GETLK(p -> p.lock(31, 24)),
    SETLK(p -> p.lock(32, 0)),
    SETLKW(p -> p.lock(33, 0));

    private final Consumer<Place> deed;

    HostOperation(Consumer<Place> deed) {
        this.deed = deed;
    }

    /** Whether a guest asks for it only where there are file handles. */
    boolean isForHandles() {
        return this == LOOKUP_OF_A_NODE || this == LOOKUP_OF_A_PARENT;
    }

    void run(Place place) {
        deed.accept(place);
    }

    /** A directory of the share, and what the guest knows and has open of it until closed. */
    static final class Place implements AutoCloseable {
        private static final int ENOENT = 2;

        private final FuseClient fuse;
        private final XattrCalls xattrs;
        private final Path onHost;
        private final List<Long> nodes = new ArrayList<>();
        private final List<long[]> files = new ArrayList<>();
        private final List<Long> directories = new ArrayList<>();
        private final long directory;
        private final long file;
        private final long link;
        private final long empty;
        private final long fh;
        private final long directoryFh;

        /** Fills {@code onHost}, an empty directory in the root of the share. */
        Place(FuseClient fuse, Path onHost) throws IOException {
            this.fuse = fuse;
            this.onHost = onHost;
            xattrs = new XattrCalls(fuse);
            Files.setAttribute(onHost, "unix:mode", 0777);
            Path content = Files.writeString(onHost.resolve("file"), "content");
            Files.setAttribute(content, "user:x", ByteBuffer.wrap(new byte[] {1}));
            Files.setAttribute(content, "unix:mode", 06755);
            Files.writeString(onHost.resolve("other"), "other");
            Files.createDirectory(onHost.resolve("empty"));
            Files.createSymbolicLink(onHost.resolve("link"), Path.of("file"));
            directory = known(fuse.lookup(FuseClient.ROOT, onHost.getFileName().toString()));
            file = known(fuse.lookup(directory, "file"));
            empty = known(fuse.lookup(directory, "empty"));
            link = known(fuse.lookup(directory, "link"));
            fh = opened(file, fuse.open(file, 2));
            directoryFh = fuse.opendir(directory);
            directories.add(directoryFh);
        }

        private long known(Node node) {
            nodes.add(node.nodeId());
            return node.nodeId();
        }

        private void lookUpNothing() {
            try {
                known(fuse.lookup(directory, "nothing"));
            } catch (FuseErrorException e) {
                if (e.errno() != ENOENT) {
                    throw e;
                }
            }
        }

        private long opened(long node, long handle) {
            files.add(new long[] {node, handle});
            return handle;
        }

        private void created(Created made) {
            known(made.node());
            opened(made.node().nodeId(), made.fh());
        }

        private ByteBuffer bytes(int count) {
            return FakeFrontend.buffer(count);
        }

        private ByteBuffer raw(int opcode, long node, ByteBuffer in, int room) {
            byte[] out = fuse.raw(opcode, node, in.array(), room);
            return FakeFrontend.buffer(out.length).put(out);
        }

        private void require(boolean condition) {
            if (!condition) {
                throw new IllegalStateException("a wrong answer");
            }
        }

        private void write(int writeFlags, int openFlags) {
            byte[] data = "written".getBytes(StandardCharsets.UTF_8);
            int written = fuse.write(file, fh, 2, writeFlags, openFlags, data);
            requireOnHost(openFlags == 0 ? 2 : 7, data, written);
        }

        /** What the guest was told to have written is there. */
        private void requireOnHost(int offset, byte[] data, int count) {
            try {
                byte[] there = Files.readAllBytes(onHost.resolve("file"));
                require(Arrays.equals(there, offset, offset + count, data, 0, count));
            } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
        }

        private byte[] ioctl(int command, byte[] data, int outBytes) {
            ByteBuffer in = bytes(32 + data.length).putLong(0, fh).putInt(12, command);
            in.putInt(24, data.length).putInt(28, outBytes).put(32, data);
            byte[] out = raw(39, file, in, 16 + outBytes).array();
            return Arrays.copyOfRange(out, 16, out.length);
        }

        private List<DirEntry> entries(boolean plus) {
            List<DirEntry> found = new ArrayList<>();
            List<DirEntry> part;
            long offset = 0;
            while (!(part = fuse.readdir(directory, directoryFh, offset, 4096, plus)).isEmpty()) {
                for (DirEntry entry : part) {
                    found.add(entry);
                    offset = entry.offset();
                    if (entry.nodeId() != 0) {
                        nodes.add(entry.nodeId());
                    }
                }
            }
            return found;
        }

        private void lock(int opcode, int room) {
            ByteBuffer in = bytes(48).putLong(0, fh).putLong(8, 1).putLong(24, Long.MAX_VALUE);
            raw(opcode, file, in.putInt(32, 1), room);
        }

        @Override
        public void close() {
            fuse.as(0, 0);
            files.forEach(open -> fuse.release(open[0], open[1]));
            directories.forEach(open -> fuse.releasedir(directory, open));
            fuse.batchForget(nodes.stream().mapToLong(node -> node).toArray());
        }
    }
}
