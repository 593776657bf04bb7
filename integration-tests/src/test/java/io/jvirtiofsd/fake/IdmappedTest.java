package io.jvirtiofsd.fake;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.fake.FuseClient.Node;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A guest that may have idmapped mounts: only requests that make something say who asks. Source:
 * fuse.h, FUSE_ALLOW_IDMAP.
 */
class IdmappedTest {
    private static final long ALLOW_IDMAP = 1L << 40; // fuse.h
    private static final long FLAGS = ALLOW_IDMAP | CreationScenario.FLAGS;
    private static final int NOBODY_SAYS = -1; // fuse.h FUSE_INVALID_UIDGID
    private static final int ACL_KILL_SGID = 1; // fuse.h FUSE_SETXATTR_ACL_KILL_SGID
    private static final int EOVERFLOW = 75;
    private static final int S_IFREG = 0x8000;
    private static final int WHITEOUT = 4; // linux/fs.h RENAME_WHITEOUT

    @TempDir Path folder;
    private FuseRig rig;
    private FuseClient fuse;
    private XattrCalls xattrs;
    private Node file;

    @BeforeEach
    void begin() throws Exception {
        rig =
                new FuseRig(
                        folder,
                        options -> options.xattrs(CreationOverRingTest.OPTIONS),
                        FuseRig.FEATURES);
        fuse = rig.fuse();
        assertTrue((fuse.init(FLAGS) & ALLOW_IDMAP) != 0);
        xattrs = new XattrCalls(fuse);
        file = fuse.as(1000, 1000).mknod(FuseClient.ROOT, "file", S_IFREG | 0600, 0);
        fuse.as(NOBODY_SAYS, NOBODY_SAYS);
    }

    @AfterEach
    void end() throws Exception {
        rig.close();
    }

    @Test
    void whatMakesNothingIsDoneForAnyone() throws Exception {
        assertEquals(1000, fuse.lookup(FuseClient.ROOT, "file").uid());
        long fh = fuse.open(file.nodeId(), 2);
        fuse.write(file.nodeId(), fh, 0, new byte[] {7});
        assertArrayEquals(new byte[] {7}, fuse.read(file.nodeId(), fh, 0, 9));
        assertEquals(2000, fuse.setattr(file.nodeId(), 2, 0, 2000, 0, 0).uid());
        fuse.link(file.nodeId(), FuseClient.ROOT, "other");
        fuse.rename(FuseClient.ROOT, "other", FuseClient.ROOT, "third", 0);
        fuse.unlink(FuseClient.ROOT, "third");
        assertEquals(2000, Files.getAttribute(rig.share().resolve("file"), "unix:uid"));
    }

    @Test
    void nothingIsMadeForWhoIsNotSaid() throws Exception {
        for (Runnable making :
                new Runnable[] {
                    () -> fuse.mkdir(FuseClient.ROOT, "new", 0700),
                    () -> fuse.mknod(FuseClient.ROOT, "new", S_IFREG | 0600, 0),
                    () -> fuse.symlink(FuseClient.ROOT, "new", "target"),
                    () -> fuse.create(FuseClient.ROOT, "new", 2, S_IFREG | 0600),
                    () -> fuse.rename(FuseClient.ROOT, "file", FuseClient.ROOT, "new", WHITEOUT),
                }) {
            var refused = assertThrows(FuseErrorException.class, making::run);
            assertEquals(EOVERFLOW, refused.errno());
        }
        try (var names = Files.list(rig.share())) {
            assertEquals(1, names.count());
        }
    }

    @Test
    void privilegedNamesAreListedForWhoMayBeRoot() {
        xattrs.set(file.nodeId(), "trusted.a", new byte[] {1}, 0, 0);
        assertEquals(Set.of("trusted.a"), xattrs.list(file.nodeId()));
        fuse.as(1000, 1000);
        assertEquals(Set.of(), xattrs.list(file.nodeId()));
    }

    @Test
    void setGroupIdGoesWithAnAccessListWhoeverSetsIt() {
        fuse.setattr(file.nodeId(), 1, 02755, 0, 0, 0);
        byte[] acl = {
            2, 0, 0, 0, 1, 0, 7, 0, -1, -1, -1, -1, 4, 0, 5, 0, -1, -1, -1, -1, 32, 0, 5, 0, -1, -1,
            -1, -1
        };
        xattrs.set(file.nodeId(), "system.posix_acl_access", acl, 0, ACL_KILL_SGID);
        assertEquals(0755, fuse.getattr(file.nodeId()).mode() & 07777);
    }
}
