package io.jvirtiofsd.fake;

import static io.jvirtiofsd.fake.FuseRig.assertErrno;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.jvirtiofsd.fake.FuseClient.Created;
import io.jvirtiofsd.fake.FuseClient.Node;
import io.jvirtiofsd.linux.OpenDescriptors;
import io.jvirtiofsd.vhost.FakeFrontend;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What guests ask for seldom, answered as the host's file system does. */
class RareOperationsTest {
    private static final int IOCTL = 39;
    private static final int POLL = 40;
    private static final int SYNCFS = 50;
    private static final int TMPFILE = 51;
    private static final int STATX = 52;
    private static final int COPY_FILE_RANGE_64 = 53;

    private static final int GETFLAGS = 0x80086601;
    private static final int SETFLAGS = 0x40086602;
    private static final int FSGETXATTR = 0x801c581f;
    private static final int FSSETXATTR = 0x401c5820;
    private static final int FS_IMMUTABLE = 0x10;
    private static final int FS_NOATIME = 0x80;

    private static final int O_RDWR = 2;
    private static final int O_EXCL = 0x80;
    private static final int S_IFREG = 0x8000;

    private static final int EPERM = 1;
    private static final int ENOENT = 2;
    private static final int ENXIO = 6;
    private static final int EBADF = 9;
    private static final int EINVAL = 22;
    private static final int ENOTTY = 25;
    private static final int EROFS = 30;
    private static final int EOPNOTSUPP = 95;

    @TempDir Path folder;
    private FuseRig rig;
    private FuseClient fuse;
    private Created file;
    private long node;

    @BeforeEach
    void begin() throws Exception {
        rig = new FuseRig(folder);
        fuse = rig.fuse();
        file = fuse.create(FuseClient.ROOT, "file", O_RDWR, S_IFREG | 0600);
        node = file.node().nodeId();
    }

    @AfterEach
    void end() throws Exception {
        rig.close();
    }

    private static ByteBuffer buffer(int... values) {
        ByteBuffer out = FakeFrontend.buffer(values.length * 4);
        for (int value : values) {
            out.putInt(value);
        }
        return out;
    }

    private ByteBuffer ask(FuseClient client, int opcode, long of, ByteBuffer in, int room) {
        byte[] out = client.raw(opcode, of, in.array(), room);
        return FakeFrontend.buffer(out.length).put(out);
    }

    private ByteBuffer tmpfile(FuseClient client, int flags) {
        ByteBuffer in = FakeFrontend.buffer(18).putInt(flags).putInt(S_IFREG | 0640);
        return ask(client, TMPFILE, FuseClient.ROOT, in.put(16, (byte) '/'), 144);
    }

    @Test
    void aFileWithoutNameIsWrittenAndThenNamed() throws Exception {
        fuse.as(1234, 4321);
        ByteBuffer made = tmpfile(fuse, O_RDWR);
        fuse.as(0, 0);
        long temporary = made.getLong(0);
        long fh = made.getLong(128);
        Node before = fuse.getattr(temporary);
        assertEquals(0, before.nlink());
        assertEquals(1234, before.uid());
        assertEquals(4321, before.gid());
        fuse.write(temporary, fh, 0, "content".getBytes());
        fuse.link(temporary, FuseClient.ROOT, "named");
        assertEquals("content", Files.readString(rig.share().resolve("named")));
        assertEquals(temporary, fuse.lookup(FuseClient.ROOT, "named").nodeId());
        fuse.release(temporary, fh);
    }

    @Test
    void aFileThatIsToStayNamelessLeavesNothing() throws Exception {
        int before = OpenDescriptors.count();
        ByteBuffer made = tmpfile(fuse, O_RDWR | O_EXCL);
        assertErrno(ENOENT, () -> fuse.link(made.getLong(0), FuseClient.ROOT, "named"));
        assertErrno(EINVAL, () -> tmpfile(fuse, 0));
        fuse.release(made.getLong(0), made.getLong(128));
        fuse.forget(made.getLong(0), 1);
        OpenDescriptors.assertSettleAt(before);
    }

    @Test
    void statxKnowsWhenAFileWasMade() throws Exception {
        Path onHost = rig.share().resolve("file");
        long made =
                Files.readAttributes(onHost, BasicFileAttributes.class)
                        .creationTime()
                        .to(TimeUnit.SECONDS);
        fuse.write(node, file.fh(), 0, new byte[5000]);
        for (long fh : new long[] {0, file.fh()}) {
            ByteBuffer in = FakeFrontend.buffer(24).putInt(fh == 0 ? 0 : 1).putLong(8, fh);
            ByteBuffer out = ask(fuse, STATX, node, in.putInt(20, 0xfff), 288);
            assertEquals(1, out.getLong(0)); // seconds of validity under cache=auto
            assertEquals(0xfff, out.getInt(32)); // basic and btime
            assertEquals(S_IFREG | 0600, out.getShort(32 + 28) & 0xffff);
            assertEquals(fuse.getattr(node).ino(), out.getLong(32 + 32));
            assertEquals(5000, out.getLong(32 + 40));
            assertEquals(made, out.getLong(32 + 80));
        }
        ByteBuffer bad = FakeFrontend.buffer(24).putInt(1).putLong(8, 77);
        assertErrno(EBADF, () -> ask(fuse, STATX, node, bad, 288));
    }

    private ByteBuffer ioctl(FuseClient client, long fh, int command, int outSize, int... data) {
        return ioctl(client, node, fh, command, outSize, data);
    }

    private ByteBuffer ioctl(
            FuseClient client, long node, long fh, int command, int outSize, int... data) {
        ByteBuffer in = FakeFrontend.buffer(32 + data.length * 4).putLong(fh).putInt(12, command);
        in.putInt(24, data.length * 4).putInt(28, outSize).position(32);
        for (int value : data) {
            in.putInt(value);
        }
        return ask(client, IOCTL, node, in, 16 + outSize);
    }

    @Test
    void flagsOfFilesAreThoseOfTheHost() {
        long fh = file.fh();
        int before = ioctl(fuse, fh, GETFLAGS, 8).getInt(16);
        ioctl(fuse, fh, SETFLAGS, 0, before | FS_NOATIME);
        assertEquals(before | FS_NOATIME, ioctl(fuse, fh, GETFLAGS, 4).getInt(16));
        ioctl(fuse, fh, SETFLAGS, 0, before | FS_IMMUTABLE);
        assertErrno(EPERM, () -> fuse.unlink(FuseClient.ROOT, "file"));
        ioctl(fuse, fh, SETFLAGS, 0, before);
        int xflags = ioctl(fuse, fh, FSGETXATTR, 28).getInt(16);
        ioctl(fuse, fh, FSSETXATTR, 0, xflags | 0x40, 0, 0, 0, 0, 0, 0); // FS_XFLAG_NOATIME
        assertEquals(xflags | 0x40, ioctl(fuse, fh, FSGETXATTR, 28).getInt(16));
        assertErrno(EBADF, () -> ioctl(fuse, 77, GETFLAGS, 4));
        assertErrno(ENOTTY, () -> ioctl(fuse, fh, 0x5401, 60));
        long directory = fuse.opendir(FuseClient.ROOT);
        assertEquals(28, ioctl(fuse, FuseClient.ROOT, directory, FSGETXATTR, 28).capacity() - 16);
        fuse.unlink(FuseClient.ROOT, "file");
    }

    @Test
    void projectsOfFilesAreTheHosts() throws Exception {
        long fh = file.fh();
        int flags = ioctl(fuse, fh, GETFLAGS, 4).getInt(16);
        int xflags = ioctl(fuse, fh, FSGETXATTR, 28).getInt(16);
        assertErrno(EINVAL, () -> ioctl(fuse, fh, FSSETXATTR, 0, xflags, 0, 0, 77, 0, 0, 0));
        assertErrno(EINVAL, () -> ioctl(fuse, fh, FSSETXATTR, 0, xflags | 0x200, 0, 0, 0, 0, 0, 0));
        assertErrno(EINVAL, () -> ioctl(fuse, fh, SETFLAGS, 0, flags | 0x2000_0000));
        assertErrno(EOPNOTSUPP, () -> ioctl(fuse, fh, SETFLAGS, 0, flags | 0x4000)); // journalled
        assertErrno(
                EOPNOTSUPP,
                () -> ioctl(fuse, fh, FSSETXATTR, 0, xflags | 0x8000, 0, 0, 0, 0, 0, 0)); // DAX
        assertEquals(flags, ioctl(fuse, fh, GETFLAGS, 4).getInt(16));
        end();
        rig = new FuseRig(folder, options -> options.projectIds(true), FuseRig.FEATURES);
        fuse = rig.fuse();
        Node same = fuse.lookup(FuseClient.ROOT, "file");
        node = same.nodeId();
        long again = fuse.open(node, O_RDWR);
        // ext4 without the feature "project" has none to set, and says so with another errno.
        try {
            ioctl(fuse, again, FSSETXATTR, 0, xflags, 0, 0, 77, 0, 0, 0);
        } catch (FuseErrorException e) {
            assertEquals(EOPNOTSUPP, e.errno());
        }
    }

    @Test
    void filesAreAlwaysReady() {
        ByteBuffer in = FakeFrontend.buffer(24).putLong(file.fh()).putInt(20, 0x1 | 0x2 | 0x4);
        assertEquals(0x5, ask(fuse, POLL, node, in, 8).getInt(0));
        assertErrno(EBADF, () -> ask(fuse, POLL, node, in.putLong(0, 77), 8));
    }

    @Test
    void fileSystemsAreSyncedByAnyNode() throws Exception {
        Files.createSymbolicLink(rig.share().resolve("link"), Path.of("anywhere"));
        Node fifo = fuse.mknod(FuseClient.ROOT, "fifo", 0x1000 | 0600, 0);
        Node link = fuse.lookup(FuseClient.ROOT, "link");
        for (long any : new long[] {FuseClient.ROOT, node, fifo.nodeId(), link.nodeId()}) {
            assertEquals(0, ask(fuse, SYNCFS, any, buffer(0, 0), 0).capacity());
        }
        assertErrno(ENOENT, () -> ask(fuse, SYNCFS, 99, buffer(0, 0), 0));
    }

    @Test
    void theLargerCopyCopies() {
        fuse.write(node, file.fh(), 0, "abcdef".getBytes());
        ByteBuffer in = FakeFrontend.buffer(56).putLong(file.fh()).putLong(2).putLong(node);
        in.putLong(file.fh()).putLong(100).putLong(0x1_0000_0000L);
        assertEquals(4, ask(fuse, COPY_FILE_RANGE_64, node, in, 8).getLong(0));
        assertArrayEquals("cdef".getBytes(), fuse.read(node, file.fh(), 100, 10));
    }

    @Test
    void spaceIsMadeFreedZeroedAsTheHostDoesButNotMoved() {
        long fh = file.fh();
        byte[] data = new byte[5 * 4096];
        java.util.Arrays.fill(data, (byte) 'x');
        fuse.write(node, fh, 0, data);
        fuse.fallocate(node, fh, 6 * 4096, 4096, 1); // KEEP_SIZE
        assertEquals(data.length, fuse.getattr(node).size());
        fuse.fallocate(node, fh, 4096, 4096, 1 | 2); // PUNCH_HOLE
        fuse.fallocate(node, fh, 100, 10, 0x10); // ZERO_RANGE
        assertEquals(0, fuse.read(node, fh, 105, 1)[0]);
        assertEquals('x', fuse.read(node, fh, 110, 1)[0]);
        assertEquals(4096, fuse.lseek(node, fh, 0, 4)); // SEEK_HOLE
        assertEquals(8192, fuse.lseek(node, fh, 4096, 3)); // SEEK_DATA
        assertErrno(ENXIO, () -> fuse.lseek(node, fh, 1 << 20, 3));
        fuse.fallocate(node, fh, 0, 7 * 4096, 0);
        assertEquals(7 * 4096, fuse.getattr(node).size());
        assertErrno(EOPNOTSUPP, () -> fuse.fallocate(node, fh, 0, 4096, 2)); // needs KEEP_SIZE
        assertErrno(EOPNOTSUPP, () -> fuse.fallocate(node, fh, 0, 4096, 0x4000_0000));
        assertErrno(EOPNOTSUPP, () -> fuse.fallocate(node, fh, 4096, 4096, 8)); // COLLAPSE_RANGE
        assertErrno(EOPNOTSUPP, () -> fuse.fallocate(node, fh, 4096, 4096, 0x20)); // INSERT_RANGE
    }

    @Test
    void aReadOnlyShareChangesNoFlags() throws Exception {
        Path other = Files.createDirectory(folder.resolve("ro"));
        Files.createDirectory(other.resolve("share"));
        Files.writeString(other.resolve("share/f"), "x");
        try (FuseRig readOnly =
                new FuseRig(other, options -> options.readOnly(true), FuseRig.FEATURES)) {
            FuseClient client = readOnly.fuse();
            long fh = client.open(client.lookup(FuseClient.ROOT, "f").nodeId(), 0);
            int flags = ioctl(client, fh, GETFLAGS, 4).getInt(16);
            assertErrno(EROFS, () -> ioctl(client, fh, SETFLAGS, 0, flags));
            assertErrno(EROFS, () -> tmpfile(client, O_RDWR));
        }
    }
}
