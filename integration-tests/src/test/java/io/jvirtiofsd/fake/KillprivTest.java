package io.jvirtiofsd.fake;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.fake.FuseClient.Node;
import io.jvirtiofsd.passthrough.XattrOptions;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What makes programs run as others goes when the guest says so, or cannot say it. */
class KillprivTest {
    private static final long SETXATTR_EXT = 1L << 29; // fuse.h
    private static final long HANDLE_KILLPRIV_V2 = 1L << 28; // fuse.h
    private static final int KILL_ON_OPEN = 1; // fuse.h FUSE_OPEN_KILL_SUIDGID
    private static final int KILL_ON_WRITE = 4; // fuse.h FUSE_WRITE_KILL_SUIDGID
    private static final int SET_MODE = 1; // fuse.h FATTR_MODE
    private static final int SET_UID = 2; // fuse.h FATTR_UID
    private static final int SET_SIZE = 8; // fuse.h FATTR_SIZE
    private static final int SET_AND_KILL = 1 << 11; // fuse.h FATTR_KILL_SUIDGID
    private static final int O_RDWR = 2;
    private static final int O_TRUNC = 0x200;
    private static final int O_APPEND = 02000;
    private static final int S_IFREG = 0x8000;

    private static final byte[] DATA = {1, 2, 3};

    /** A capability set as setcap(8) writes it: version 2, effective, CAP_NET_RAW. */
    private static final byte[] CAPABILITY = {
        1, 0, 0, 2, 0, 32, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
    };

    @TempDir Path folder;
    private FuseRig rig;
    private FuseClient fuse;
    private XattrCalls xattrs;

    @AfterEach
    void end() throws Exception {
        rig.close();
    }

    private boolean begin(boolean killpriv) throws Exception {
        rig =
                new FuseRig(
                        folder,
                        options -> options.xattrs(XattrOptions.on()).killpriv(killpriv),
                        FuseRig.FEATURES);
        fuse = rig.fuse();
        boolean agreed = (fuse.init(SETXATTR_EXT | HANDLE_KILLPRIV_V2) & HANDLE_KILLPRIV_V2) != 0;
        xattrs = new XattrCalls(fuse);
        return agreed;
    }

    private interface Change {
        void of(long node, long fh);
    }

    /** Mode and extended attributes of a new program after each change. */
    private Map<String, String> after(Map<String, Change> changes) throws Exception {
        Map<String, String> found = new TreeMap<>();
        changes.forEach(
                (name, change) -> {
                    Node made = fuse.create(FuseClient.ROOT, name, O_RDWR, S_IFREG | 0600).node();
                    fuse.setattr(made.nodeId(), SET_MODE, 06755, 0, 0, 0);
                    xattrs.set(made.nodeId(), "security.capability", CAPABILITY, 0, 0);
                    long fh = fuse.open(made.nodeId(), O_RDWR);
                    change.of(made.nodeId(), fh);
                    Set<String> left = xattrs.list(made.nodeId());
                    int mode = fuse.getattr(made.nodeId()).mode() & 07777;
                    found.put(name, Integer.toOctalString(mode) + left);
                });
        return found;
    }

    private Map<String, Change> telling() {
        return Map.of(
                "write", (node, fh) -> fuse.write(node, fh, 0, KILL_ON_WRITE, DATA),
                "open", (node, fh) -> fuse.open(node, O_RDWR | O_TRUNC, KILL_ON_OPEN),
                "truncate", (node, fh) -> fuse.setattr(node, SET_SIZE | SET_AND_KILL, 0, 0, 0, 1),
                "chown", (node, fh) -> fuse.setattr(node, SET_UID | SET_AND_KILL, 0, 77, 0, 0));
    }

    /** Requests that have no flag for it. */
    private Map<String, Change> silent() {
        return Map.of(
                "fallocate",
                (node, fh) -> fuse.fallocate(node, fh, 0, 100, 0),
                "copy",
                (node, fh) -> {
                    fuse.write(node, fh, 0, DATA);
                    fuse.copyFileRange(node, fh, 0, node, fh, 100, DATA.length);
                });
    }

    @Test
    void whatIsToldToBeClearedIsGone() throws Exception {
        assertTrue(begin(true));
        after(telling()).forEach((name, found) -> assertEquals("755[]", found, name));
    }

    @Test
    void whatCannotBeToldIsClearedIfThatIsOurs() throws Exception {
        begin(true);
        after(silent()).forEach((name, found) -> assertEquals("755[]", found, name));
        rig.close();
        assertFalse(begin(false));
        // The guest has asked for a new mode itself before; capabilities the host always drops.
        after(silent()).forEach((name, found) -> assertTrue(found.startsWith("6755"), name));
    }

    @Test
    void whoMayKeepTheBitsKeepsThem() throws Exception {
        begin(true);
        Map<String, Change> changes =
                Map.of(
                        "write", (node, fh) -> fuse.write(node, fh, 0, DATA),
                        "open", (node, fh) -> fuse.open(node, O_RDWR | O_TRUNC),
                        "truncate", (node, fh) -> fuse.setattr(node, SET_SIZE, 0, 0, 0, 1));
        after(changes).forEach((name, found) -> assertEquals("6755[]", found, name));
    }

    /** Who changes a file of user 1000 and group 3000: uid, gid. */
    private static final int[][] CALLERS = {{1000, 3000}, {2000, 3000}, {2000, 2000}, {0, 0}};

    @Test
    void bitsAreLeftAsALocalFileSystemLeavesThem() throws Exception {
        begin(true);
        Path host = Files.createDirectory(folder.resolve("host"));
        for (Path open : new Path[] {folder, host}) {
            Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rwxr-xr-x"));
        }
        Map<String, Change> changes =
                Map.of(
                        ": > f", (node, fh) -> fuse.open(node, O_RDWR | O_TRUNC),
                        "truncate -s 1 f", (node, fh) -> fuse.setattr(node, kill(8), 0, 0, 0, 1),
                        "printf x 1<>f", (node, fh) -> fuse.write(node, fh, 0, kill(0), DATA),
                        "printf x >>f",
                                (node, fh) -> fuse.write(node, fh, 3, kill(0), O_APPEND, DATA));
        for (int mode : new int[] {06666, 06777, 06676, 04666, 02676}) {
            for (int[] caller : CALLERS) {
                for (Map.Entry<String, Change> change : changes.entrySet()) {
                    int expected = onHost(host, mode, caller, change.getKey());
                    boolean executable = (mode & 010) != 0;
                    boolean stranger = caller[1] == 2000;
                    if (stranger && !executable) {
                        expected |= mode & 02000; // who is no member only the guest knows
                    }
                    String what =
                            "%o %d:%d %s".formatted(mode, caller[0], caller[1], change.getKey());
                    assertEquals(
                            Integer.toOctalString(expected),
                            Integer.toOctalString(overRing(mode, caller, change.getValue())),
                            what);
                }
            }
        }
    }

    private int caller;

    /** The flag of SETATTR or, for 0, of WRITE, by which Linux says that the caller is not root. */
    private int kill(int valid) {
        int flag = valid == 0 ? KILL_ON_WRITE : SET_AND_KILL;
        return caller == 0 ? valid : valid | flag;
    }

    private int overRing(int mode, int[] by, Change change) {
        fuse.as(0, 0);
        Node made = fuse.create(FuseClient.ROOT, "same", O_RDWR, S_IFREG | 0600).node();
        fuse.setattr(made.nodeId(), 2 | 4, 0, 1000, 3000, 0);
        fuse.setattr(made.nodeId(), SET_MODE, mode, 0, 0, 0);
        long fh = fuse.open(made.nodeId(), O_RDWR);
        caller = by[0];
        fuse.as(by[0], by[1]);
        change.of(made.nodeId(), fh);
        fuse.as(0, 0);
        int left = fuse.getattr(made.nodeId()).mode() & 07777;
        fuse.unlink(FuseClient.ROOT, "same");
        return left;
    }

    private static int onHost(Path folder, int mode, int[] by, String command) throws Exception {
        Path file = Files.writeString(folder.resolve("f"), "abc");
        Files.setAttribute(file, "unix:uid", 1000);
        Files.setAttribute(file, "unix:gid", 3000);
        Files.setAttribute(file, "unix:mode", mode);
        Process shell =
                new ProcessBuilder(
                                "setpriv",
                                "--reuid=" + by[0],
                                "--regid=" + by[1],
                                "--clear-groups",
                                "sh",
                                "-c",
                                command)
                        .directory(folder.toFile())
                        .inheritIO()
                        .start();
        assertEquals(0, shell.waitFor(), command);
        int left = (int) Files.getAttribute(file, "unix:mode") & 07777;
        Files.delete(file);
        return left;
    }

    @Test
    void setGroupIdOfWhatNobodyExecutesStays() throws Exception {
        begin(true);
        Node made = fuse.create(FuseClient.ROOT, "f", O_RDWR, S_IFREG | 0600).node();
        fuse.setattr(made.nodeId(), SET_MODE, 06644, 0, 0, 0);
        long fh = fuse.open(made.nodeId(), O_RDWR);
        fuse.write(made.nodeId(), fh, 0, KILL_ON_WRITE, DATA);
        assertEquals(02644, fuse.getattr(made.nodeId()).mode() & 07777);
        assertEquals(3, Files.size(rig.share().resolve("f")));
    }
}
