package io.jvirtiofsd.fake;

import static io.jvirtiofsd.fake.FuseRig.assertErrno;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import io.jvirtiofsd.fake.FuseClient.Node;
import io.jvirtiofsd.passthrough.HandleMode;
import io.jvirtiofsd.vhost.FakeFrontend;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What a guest asks that exports the share by NFS: its clients know a node by nodeId and generation
 * when the guest itself has long forgotten it.
 *
 * <pre>
 * share/dir/file
 * share/dir/sub
 * </pre>
 */
class ForgottenNodesTest {
    private static final int LOOKUP = 1;
    private static final int NODE_ID_AT = 0; // of an entry
    private static final int GENERATION_AT = 8;
    private static final int EINVAL = 22;
    private static final int ENFILE = 23;
    private static final int ESTALE = 116;
    private static final long MAX_PAGES = 1 << 22; // fuse.h
    private static final long EXPORT_SUPPORT = 1 << 4;
    private static final long NO_EXPORT_SUPPORT = 1L << 38;
    private static final long INIT_EXT = 1 << 30;
    private static final long EXPORTING = MAX_PAGES | EXPORT_SUPPORT;

    @TempDir Path folder;

    private FuseRig rig(HandleMode mode) throws Exception {
        Path dir = Files.createDirectories(folder.resolve("share/dir/sub")).getParent();
        Files.writeString(dir.resolve("file"), "content");
        FuseRig rig = new FuseRig(folder, all -> all.inodeFileHandles(mode), FuseRig.FEATURES);
        rig.fuse().init(EXPORTING);
        return rig;
    }

    private static ByteBuffer entry(FuseClient fuse, long parent, String name) {
        byte[] in = (name + "\0").getBytes(StandardCharsets.UTF_8);
        return FakeFrontend.buffer(128).put(fuse.raw(LOOKUP, parent, in, 128));
    }

    private static void forget(FuseClient fuse, Node... nodes) {
        for (Node node : nodes) {
            fuse.batchForget(node.nodeId());
        }
    }

    private static String read(FuseClient fuse, long node) {
        long fh = fuse.open(node, 0);
        String content = new String(fuse.read(node, fh, 0, 9), StandardCharsets.UTF_8);
        fuse.release(node, fh);
        return content;
    }

    @Test
    void aNodeIsFoundAgainByItsNumber() throws Exception {
        for (HandleMode mode : new HandleMode[] {HandleMode.PREFER, HandleMode.MANDATORY}) {
            try (FuseRig rig = rig(mode)) {
                FuseClient fuse = rig.fuse();
                long dir = fuse.lookup(FuseClient.ROOT, "dir").nodeId();
                ByteBuffer named = entry(fuse, dir, "file");
                long node = named.getLong(NODE_ID_AT);
                long generation = named.getLong(GENERATION_AT);
                assertNotEquals(0, generation);
                assertEquals(node, entry(fuse, node, ".").getLong(NODE_ID_AT));
                fuse.batchForget(node, node);
                assertErrno(2, () -> fuse.getattr(node));
                ByteBuffer again = entry(fuse, node, ".");
                assertEquals(node, again.getLong(NODE_ID_AT));
                assertEquals(generation, again.getLong(GENERATION_AT));
                assertEquals("content", read(fuse, node));
                fuse.batchForget(node);
                assertEquals(node, fuse.lookup(dir, "file").nodeId(), "by name, too");
                assertEquals("content", read(fuse, node));
            }
        }
    }

    @Test
    void whatIsThereNoMoreIsStale() throws Exception {
        try (FuseRig rig = rig(HandleMode.PREFER)) {
            FuseClient fuse = rig.fuse();
            Node dir = fuse.lookup(FuseClient.ROOT, "dir");
            Node file = fuse.lookup(dir.nodeId(), "file");
            forget(fuse, file);
            Files.delete(rig.share().resolve("dir/file"));
            Files.writeString(rig.share().resolve("dir/file"), "another");
            assertErrno(ESTALE, () -> fuse.lookup(file.nodeId(), "."));
            Node another = fuse.lookup(dir.nodeId(), "file");
            assertNotEquals(file.nodeId(), another.nodeId());
            assertErrno(ESTALE, () -> fuse.lookup(file.nodeId(), "."));
            assertErrno(ESTALE, () -> fuse.lookup(1L << 33 | 77, "."));
        }
    }

    /** What is only remembered makes room for what the guest knows. */
    @Test
    void rememberedNodesAreAmongTheLimitOfInodes() throws Exception {
        int limit = 100;
        Path share = Files.createDirectories(folder.resolve("share"));
        for (int i = 0; i < 3 * limit; i++) {
            Files.createFile(share.resolve("f" + i));
        }
        try (FuseRig rig = new FuseRig(folder, all -> all.maxInodes(limit), FuseRig.FEATURES)) {
            FuseClient fuse = rig.fuse();
            fuse.init(EXPORTING);
            long first = 0;
            for (int i = 0; i < 3 * limit; i++) {
                long node = fuse.lookup(FuseClient.ROOT, "f" + i).nodeId();
                first = i == 0 ? node : first;
                fuse.batchForget(node);
            }
            long gone = first;
            assertErrno(ESTALE, () -> fuse.lookup(gone, "."));
            for (int i = 0; i < limit - 1; i++) {
                fuse.lookup(FuseClient.ROOT, "f" + i);
            }
            assertErrno(ENFILE, () -> fuse.lookup(FuseClient.ROOT, "f" + limit));
            assertErrno(ENFILE, () -> fuse.mkdir(FuseClient.ROOT, "d", 0700));
        }
    }

    @Test
    void whatTheHostKeepsOpenWithoutANameIsStale() throws Exception {
        try (FuseRig rig = rig(HandleMode.PREFER)) {
            FuseClient fuse = rig.fuse();
            Node dir = fuse.lookup(FuseClient.ROOT, "dir");
            Node file = fuse.lookup(dir.nodeId(), "file");
            forget(fuse, file);
            try (InputStream open = Files.newInputStream(rig.share().resolve("dir/file"))) {
                Files.delete(rig.share().resolve("dir/file"));
                assertErrno(ESTALE, () -> fuse.lookup(file.nodeId(), "."));
                assertEquals('c', open.read());
            }
        }
    }

    @Test
    void anotherSessionHasOtherNodes() throws Exception {
        try (FuseRig rig = rig(HandleMode.PREFER)) {
            FuseClient fuse = rig.fuse();
            long node = fuse.lookup(FuseClient.ROOT, "dir").nodeId();
            long generation = entry(fuse, node, ".").getLong(GENERATION_AT);
            fuse.init(EXPORTING);
            assertErrno(ESTALE, () -> fuse.lookup(node, "."));
            assertEquals(node, fuse.lookup(FuseClient.ROOT, "dir").nodeId());
            assertNotEquals(generation, entry(fuse, node, ".").getLong(GENERATION_AT));
        }
    }

    @Test
    void aDirectoryLeadsUpToTheRootAndNoFurther() throws Exception {
        try (FuseRig rig = rig(HandleMode.PREFER)) {
            FuseClient fuse = rig.fuse();
            Node dir = fuse.lookup(FuseClient.ROOT, "dir");
            Node sub = fuse.lookup(dir.nodeId(), "sub");
            forget(fuse, dir);
            assertEquals(dir.nodeId(), fuse.lookup(sub.nodeId(), "..").nodeId());
            ByteBuffer root = entry(fuse, dir.nodeId(), "..");
            assertEquals(FuseClient.ROOT, root.getLong(NODE_ID_AT));
            assertEquals(0, root.getLong(GENERATION_AT));
            assertEquals(FuseClient.ROOT, fuse.lookup(FuseClient.ROOT, "..").nodeId());
            assertEquals(FuseClient.ROOT, fuse.lookup(FuseClient.ROOT, ".").nodeId());
            Files.move(rig.share().resolve("dir"), folder.resolve("outside"));
            assertErrno(ESTALE, () -> fuse.lookup(dir.nodeId(), ".."));
            assertErrno(ESTALE, () -> fuse.lookup(sub.nodeId(), ".."));
        }
    }

    @Test
    void itIsAgreedOnOnlyWhereHandlesCanBeOpened() throws Exception {
        long offer = EXPORTING | INIT_EXT | NO_EXPORT_SUPPORT;
        try (FuseRig rig = rig(HandleMode.PREFER)) {
            long agreed = rig.fuse().init(offer);
            assertEquals(EXPORT_SUPPORT, agreed & (EXPORT_SUPPORT | NO_EXPORT_SUPPORT));
            rig.fuse().init(MAX_PAGES);
            assertErrno(EINVAL, () -> rig.fuse().lookup(FuseClient.ROOT, "."));
        }
        try (FuseRig rig = rig(HandleMode.NEVER)) {
            long agreed = rig.fuse().init(offer);
            assertEquals(NO_EXPORT_SUPPORT, agreed & (EXPORT_SUPPORT | NO_EXPORT_SUPPORT));
            assertErrno(EINVAL, () -> rig.fuse().lookup(FuseClient.ROOT, ".."));
        }
    }
}
