package io.jvirtiofsd.fake;

import static io.jvirtiofsd.fake.FuseRig.assertErrno;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.fake.FuseClient.Node;
import io.jvirtiofsd.passthrough.XattrOptions;
import io.jvirtiofsd.vhost.FakeFrontend;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.UserDefinedFileAttributeView;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Extended attributes, from the guest's side of a ring to the host's file system. */
class XattrsTest {
    private static final long FLAGS = 1 << 22 | 1 << 29; // MAX_PAGES, SETXATTR_EXT
    private static final int S_IFREG = 0x8000;
    private static final int S_IFIFO = 0x1000;
    private static final int CREATE = 1;
    private static final int REPLACE = 2;

    private static final int EPERM = 1;
    private static final int ENOENT = 2;
    private static final int EEXIST = 17;
    private static final int EROFS = 30;
    private static final int ERANGE = 34;
    private static final int ENOSYS = 38;
    private static final int ENODATA = 61;
    private static final int EOPNOTSUPP = 95;

    @TempDir Path folder;
    private FuseRig rig;
    private FuseClient fuse;
    private XattrCalls xattrs;
    private long file;

    @BeforeEach
    void begin() throws Exception {
        rig = new FuseRig(folder, options -> options.xattrs(XattrOptions.on()), FuseRig.FEATURES);
        fuse = rig.fuse();
        fuse.init(FLAGS);
        xattrs = new XattrCalls(fuse);
        file = fuse.mknod(FuseClient.ROOT, "file", S_IFREG | 0600, 0).nodeId();
    }

    @AfterEach
    void end() throws Exception {
        rig.close();
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    private byte[] onHost(String name) throws Exception {
        UserDefinedFileAttributeView view =
                Files.getFileAttributeView(
                        rig.share().resolve("file"), UserDefinedFileAttributeView.class);
        ByteBuffer value = ByteBuffer.allocate(view.size(name));
        view.read(name, value);
        return value.array();
    }

    @Test
    void attributesAreSetReadListedAndRemoved() throws Exception {
        byte[] value = new byte[1000];
        new Random(1).nextBytes(value);
        xattrs.set(file, "user.first", value, 0, 0);
        assertArrayEquals(value, onHost("first"));
        assertArrayEquals(value, xattrs.get(file, "user.first"));
        xattrs.set(file, "user.empty", new byte[0], CREATE, 0);
        assertEquals(0, xattrs.get(file, "user.empty").length);
        assertEquals(Set.of("user.empty", "user.first"), xattrs.list(file));
        xattrs.remove(file, "user.first");
        assertEquals(Set.of("user.empty"), xattrs.list(file));
        assertErrno(ENODATA, () -> xattrs.get(file, "user.first"));
        assertErrno(ENODATA, () -> xattrs.remove(file, "user.first"));
    }

    @Test
    void flagsTellNewFromOld() {
        assertErrno(ENODATA, () -> xattrs.set(file, "user.a", ascii("1"), REPLACE, 0));
        xattrs.set(file, "user.a", ascii("1"), CREATE, 0);
        assertErrno(EEXIST, () -> xattrs.set(file, "user.a", ascii("2"), CREATE, 0));
        xattrs.set(file, "user.a", ascii("2"), REPLACE, 0);
        assertArrayEquals(ascii("2"), xattrs.get(file, "user.a"));
    }

    @Test
    void sizesAreAskedForAndKept() {
        xattrs.set(file, "user.a", ascii("12345678901"), 0, 0);
        assertEquals(11, FakeFrontend.buffer(8).put(xattrs.get(file, "user.a", 0)).getInt(0));
        assertErrno(ERANGE, () -> xattrs.get(file, "user.a", 10));
        assertEquals(11, xattrs.get(file, "user.a", 11).length);
        assertEquals(7, FakeFrontend.buffer(8).put(xattrs.list(file, 0)).getInt(0));
        assertErrno(ERANGE, () -> xattrs.list(file, 6));
        assertArrayEquals(ascii("user.a\0"), xattrs.list(file, 7));
        assertEquals(0, FakeFrontend.buffer(8).put(xattrs.list(FuseClient.ROOT, 0)).getInt(0));
    }

    @Test
    void olderGuestsSetInTheShortForm() {
        fuse.init(1 << 22);
        long again = fuse.lookup(FuseClient.ROOT, "file").nodeId();
        xattrs.setShort(again, "user.short", ascii("value"), CREATE);
        assertArrayEquals(ascii("value"), xattrs.get(again, "user.short"));
    }

    /** What the host says of each kind, and of the link itself, never of what it points to. */
    @Test
    void everyKindOfObjectHasItsOwn() throws Exception {
        Files.createSymbolicLink(rig.share().resolve("link"), Path.of("file"));
        Node link = fuse.lookup(FuseClient.ROOT, "link");
        Node fifo = fuse.mknod(FuseClient.ROOT, "fifo", S_IFIFO | 0600, 0);
        Node device = fuse.mknod(FuseClient.ROOT, "null", 0x2000 | 0600, 0x103);
        Node directory = fuse.mkdir(FuseClient.ROOT, "dir", 0700);
        xattrs.set(file, "user.a", ascii("file"), 0, 0);
        for (Node node : List.of(link, fifo, device)) {
            assertErrno(EPERM, () -> xattrs.set(node.nodeId(), "user.a", ascii("x"), 0, 0));
            assertErrno(ENODATA, () -> xattrs.get(node.nodeId(), "user.a"));
            assertEquals(Set.of(), xattrs.list(node.nodeId()));
        }
        List<Node> all = List.of(link, fifo, device, directory);
        for (int i = 0; i < all.size(); i++) {
            xattrs.set(all.get(i).nodeId(), "trusted.own", ascii("" + i), 0, 0);
        }
        for (int i = 0; i < all.size(); i++) {
            assertArrayEquals(ascii("" + i), xattrs.get(all.get(i).nodeId(), "trusted.own"));
            assertEquals(Set.of("trusted.own"), xattrs.list(all.get(i).nodeId()));
        }
        assertErrno(ENODATA, () -> xattrs.get(file, "trusted.own"));
        xattrs.remove(link.nodeId(), "trusted.own");
        assertEquals(Set.of(), xattrs.list(link.nodeId()));
    }

    @Test
    void onlyRootSeesNamesOfTrusted() {
        xattrs.set(file, "trusted.a", ascii("1"), 0, 0);
        xattrs.set(file, "user.b", ascii("2"), 0, 0);
        assertEquals(Set.of("trusted.a", "user.b"), xattrs.list(file));
        fuse.as(1000, 1000);
        assertEquals(Set.of("user.b"), xattrs.list(file));
    }

    @Test
    void anAccessListThatNobodyWouldApplyIsRefused() {
        byte[] acl = new byte[28];
        for (String name : List.of("system.posix_acl_access", "system.posix_acl_default")) {
            assertErrno(EOPNOTSUPP, () -> xattrs.set(FuseClient.ROOT, name, acl, 0, 0));
            assertErrno(EOPNOTSUPP, () -> xattrs.get(FuseClient.ROOT, name));
            assertErrno(EOPNOTSUPP, () -> xattrs.remove(FuseClient.ROOT, name));
        }
    }

    @Test
    void unlinkedFilesKeepTheirs() {
        xattrs.set(file, "user.a", ascii("1"), 0, 0);
        fuse.unlink(FuseClient.ROOT, "file");
        assertArrayEquals(ascii("1"), xattrs.get(file, "user.a"));
        fuse.forget(file, 1);
        assertErrno(ENOENT, () -> xattrs.get(file, "user.a"));
    }

    @Test
    void withoutTheOptionTheGuestIsToldNeverToAsk() throws Exception {
        Path other = Files.createDirectory(folder.resolve("other"));
        try (FuseRig plain = new FuseRig(other)) {
            XattrCalls none = new XattrCalls(plain.fuse());
            assertErrno(ENOSYS, () -> none.setShort(1, "user.a", ascii("1"), 0));
            assertErrno(ENOSYS, () -> none.get(1, "user.a"));
            assertErrno(ENOSYS, () -> none.list(1));
            assertErrno(ENOSYS, () -> none.remove(1, "user.a"));
        }
    }

    @Test
    void aReadOnlyShareIsReadOnlyHereToo() throws Exception {
        Path other = Files.createDirectory(folder.resolve("ro"));
        try (FuseRig readOnly =
                new FuseRig(
                        other,
                        options -> options.readOnly(true).xattrs(XattrOptions.on()),
                        FuseRig.FEATURES)) {
            XattrCalls requests = new XattrCalls(readOnly.fuse());
            assertErrno(EROFS, () -> requests.setShort(1, "user.a", ascii("1"), 0));
            assertErrno(EROFS, () -> requests.remove(1, "user.a"));
            assertTrue(requests.list(1).isEmpty());
        }
    }
}
