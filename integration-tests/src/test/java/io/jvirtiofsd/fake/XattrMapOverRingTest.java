package io.jvirtiofsd.fake;

import static io.jvirtiofsd.fake.FuseRig.assertErrno;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.passthrough.XattrOptions;
import io.jvirtiofsd.passthrough.rules.XattrMap;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.UserDefinedFileAttributeView;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Extended attributes that have other names on the host. */
class XattrMapOverRingTest {
    private static final int S_IFREG = 0x8000;
    private static final int EPERM = 1;
    private static final int ENODATA = 61;
    private static final int EOPNOTSUPP = 95;
    private static final byte[] VALUE = "value".getBytes();

    @TempDir Path folder;

    private FuseRig rig(String rules) throws Exception {
        XattrOptions xattrs = XattrOptions.on().withMap(XattrMap.parse(rules));
        return new FuseRig(folder, options -> options.xattrs(xattrs), FuseRig.FEATURES);
    }

    private static UserDefinedFileAttributeView host(FuseRig rig) {
        return Files.getFileAttributeView(
                rig.share().resolve("f"), UserDefinedFileAttributeView.class);
    }

    @Test
    void everyNameHasItsPlaceBelowThePrefix() throws Exception {
        try (FuseRig rig = rig(":map::user.virtiofs.:")) {
            XattrCalls xattrs = new XattrCalls(rig.fuse());
            long node = rig.fuse().mknod(FuseClient.ROOT, "f", S_IFREG | 0600, 0).nodeId();
            host(rig).write("hidden", java.nio.ByteBuffer.wrap(VALUE));
            for (String name : Set.of("user.a", "trusted.b", "security.c", "any.d")) {
                xattrs.setShort(node, name, VALUE, 0);
                assertArrayEquals(VALUE, xattrs.get(node, name));
                assertTrue(host(rig).list().contains("virtiofs." + name));
            }
            assertErrno(ENODATA, () -> xattrs.get(node, "user.hidden"));
            assertEquals(Set.of("user.a", "trusted.b", "security.c", "any.d"), xattrs.list(node));
            xattrs.remove(node, "trusted.b");
            assertTrue(!host(rig).list().contains("virtiofs.trusted.b"));
        }
    }

    @Test
    void refusedNamesAreRefusedInTheRightWords() throws Exception {
        try (FuseRig rig =
                rig(":bad:all:security.:security.: :unsupported:all:t.:t.: :ok:all:::")) {
            XattrCalls xattrs = new XattrCalls(rig.fuse());
            assertErrno(EPERM, () -> xattrs.setShort(1, "security.a", VALUE, 0));
            assertErrno(EPERM, () -> xattrs.remove(1, "security.a"));
            assertErrno(ENODATA, () -> xattrs.get(1, "security.a"));
            assertErrno(EOPNOTSUPP, () -> xattrs.setShort(1, "t.a", VALUE, 0));
            assertErrno(EOPNOTSUPP, () -> xattrs.get(1, "t.a"));
            xattrs.setShort(1, "user.a", VALUE, 0);
            assertEquals(Set.of("user.a"), xattrs.list(1));
        }
    }

    /** As the host's kernel does where the attribute has its own name. */
    @Test
    void aMovedCapabilityDoesNotOutliveAChange() throws Exception {
        try (FuseRig rig = rig(":map:security.:user.virtiofs.:")) {
            FuseClient fuse = rig.fuse();
            XattrCalls xattrs = new XattrCalls(fuse);
            long node = fuse.mknod(FuseClient.ROOT, "f", S_IFREG | 0755, 0).nodeId();
            long fh = fuse.open(node, 2);
            Runnable[] changes = {
                () -> fuse.write(node, fh, 0, VALUE),
                () -> fuse.setattr(node, 8, 0, 0, 0, 3),
                () -> fuse.setattr(node, 2, 0, 0, 0, 0),
                () -> fuse.fallocate(node, fh, 0, 10, 0),
                () -> fuse.copyFileRange(node, fh, 0, node, fh, 100, 3),
                () -> fuse.release(node, fuse.open(node, 0x201)),
            };
            for (Runnable change : changes) {
                xattrs.setShort(node, "security.capability", VALUE, 0);
                fuse.setattr(node, 1, 0700, 0, 0, 0);
                fuse.read(node, fh, 0, 10);
                assertArrayEquals(VALUE, xattrs.get(node, "security.capability"));
                change.run();
                assertErrno(ENODATA, () -> xattrs.get(node, "security.capability"));
            }
        }
    }
}
