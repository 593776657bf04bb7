package io.jvirtiofsd.fake;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.fake.FuseClient.Node;
import io.jvirtiofsd.passthrough.rules.IdMap;
import io.jvirtiofsd.passthrough.rules.IdMaps;
import io.jvirtiofsd.vhost.FakeFrontend;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Owners on both sides, when users and groups translate. */
class IdentityTest {
    private static final int EPERM = 1;
    private static final int MKNOD = 8;
    private static final int READDIRPLUS = 44;
    private static final int STATX = 52;
    private static final int SET_MODE = 1; // fuse.h FATTR_MODE
    private static final int SET_UID = 2; // fuse.h FATTR_UID
    private static final int SET_GID = 4; // fuse.h FATTR_GID
    private static final int EXT_GROUPS = 32; // fuse.h FUSE_EXT_GROUPS
    private static final long CREATE_SUPP_GROUP = 1L << 34; // fuse.h
    private static final long INIT_EXT = 1L << 30; // fuse.h

    private static final IdMap UIDS =
            IdMap.parse(List.of("map:0:1000:100", "forbid-guest:500:1", "squash-guest:600:700:9"));
    private static final IdMap GIDS =
            IdMap.parse(List.of("map:0:2000:100", "forbid-guest:500:1", "map:3000:7000:1"));

    @TempDir Path folder;
    private FuseRig rig;
    private FuseClient fuse;

    @BeforeEach
    void begin() throws Exception {
        IdMaps ids = new IdMaps(UIDS, GIDS);
        rig = new FuseRig(folder, options -> options.ids(ids), FuseRig.FEATURES);
        fuse = rig.fuse();
        fuse.setattr(FuseClient.ROOT, SET_MODE, 040777, 0, 0, 0);
    }

    @AfterEach
    void end() throws Exception {
        rig.close();
    }

    private String onHost(String name) throws Exception {
        var all = Files.readAttributes(rig.share().resolve(name), "unix:uid,gid");
        return all.get("uid") + ":" + all.get("gid");
    }

    private static String owner(Node node) {
        return node.uid() + ":" + node.gid();
    }

    private static void assertForbidden(Runnable request) {
        assertEquals(EPERM, assertThrows(FuseErrorException.class, request::run).errno());
    }

    @Test
    void whatIsMadeBelongsToTheHostsUserAndShowsTheGuests() throws Exception {
        Node file = fuse.as(7, 8).create(FuseClient.ROOT, "file", 2, 0100600).node();
        assertEquals("7:8", owner(file));
        assertEquals("1007:2008", onHost("file"));
        assertEquals("7:8", owner(fuse.getattr(file.nodeId())));
        assertEquals("7:8", owner(fuse.lookup(FuseClient.ROOT, "file")));
        ByteBuffer statxIn = FakeFrontend.buffer(24).putInt(20, 0xfff);
        ByteBuffer statx = answer(fuse.raw(STATX, file.nodeId(), statxIn.array(), 288));
        assertEquals(7, statx.getInt(32 + 20));
        assertEquals(8, statx.getInt(32 + 24));
        assertEquals("700:3000", owner(fuse.as(605, 3000).mkdir(FuseClient.ROOT, "dir", 0700)));
        assertEquals("700:7000", onHost("dir"));
        fuse.as(7, 0).access(file.nodeId(), 4);
    }

    @Test
    void listedAttributesAreTheGuests() throws Exception {
        Path made = Files.createFile(rig.share().resolve("made"));
        Files.setAttribute(made, "unix:uid", 1042);
        Files.setAttribute(made, "unix:gid", 7000);
        long fh = fuse.opendir(FuseClient.ROOT);
        ByteBuffer in = FakeFrontend.buffer(40).putLong(0, fh).putInt(16, 4096);
        ByteBuffer listed = answer(fuse.raw(READDIRPLUS, FuseClient.ROOT, in.array(), 4096));
        boolean found = false;
        for (int at = 0; at < listed.capacity(); ) {
            int length = listed.getInt(at + 128 + 16);
            if (length == "made".length()) {
                found = true;
                assertEquals(42, listed.getInt(at + 40 + 68));
                assertEquals(3000, listed.getInt(at + 40 + 72));
            }
            at += (128 + 24 + length + 7) & -8;
        }
        assertTrue(found);
    }

    @Test
    void filesAreGivenToTheHostsUserUnlessThatIsForbidden() throws Exception {
        long file = fuse.mknod(FuseClient.ROOT, "file", 0100600, 0).nodeId();
        assertEquals("9:0", owner(fuse.setattr(file, SET_UID, 0, 9, 0, 0)));
        assertEquals("9:10", owner(fuse.setattr(file, SET_GID, 0, 0, 10, 0)));
        assertEquals("1009:2010", onHost("file"));
        assertForbidden(() -> fuse.setattr(file, SET_MODE | SET_UID, 0644, 500, 0, 0));
        assertForbidden(() -> fuse.setattr(file, SET_MODE | SET_GID, 0644, 0, 500, 0));
        assertEquals(0100600, fuse.getattr(file).mode());
        assertForbidden(() -> fuse.as(500, 0).mknod(FuseClient.ROOT, "no", 0100600, 0));
        assertForbidden(() -> fuse.as(0, 500).mkdir(FuseClient.ROOT, "no", 0700));
        assertForbidden(() -> fuse.as(500, 500).symlink(FuseClient.ROOT, "no", "to"));
        assertForbidden(() -> fuse.as(500, 500).create(FuseClient.ROOT, "no", 2, 0100600));
        assertTrue(Files.notExists(rig.share().resolve("no")));
    }

    @Test
    void aSupplementaryGroupIsTheHosts() {
        fuse.init(1 << 22 | INIT_EXT | CREATE_SUPP_GROUP);
        long directory = fuse.mkdir(FuseClient.ROOT, "dir", 0777).nodeId();
        fuse.setattr(directory, SET_GID, 0, 0, 3000, 0);
        fuse.setattr(directory, SET_MODE, 042777, 0, 0, 0);
        fuse.as(5, 5);
        assertEquals(02000, setGroupId(directory, "member", 3000));
        assertEquals(0, setGroupId(directory, "other", 3001));
        assertForbidden(() -> setGroupId(directory, "forbidden", 500));
    }

    /** What is left of set-group-ID on a file made by one who is also of {@code group}. */
    private int setGroupId(long directory, String name, int group) {
        ByteBuffer in = FakeFrontend.buffer(16 + 16 + 16).putInt(0, 0102775);
        in.position(16);
        in.put((name + "\0").getBytes());
        for (int value : new int[] {16, EXT_GROUPS, 1, group}) {
            in.putInt(value);
        }
        byte[] arguments = new byte[in.position()];
        in.get(0, arguments);
        return answer(fuse.raw(MKNOD, directory, 2, arguments, 128)).getInt(40 + 60) & 02000;
    }

    private static ByteBuffer answer(byte[] bytes) {
        return FakeFrontend.buffer(bytes.length).put(bytes);
    }
}
