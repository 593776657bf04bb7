package io.jvirtiofsd.hostile;

import static io.jvirtiofsd.hostile.Consequence.RING_BREAKS;
import static io.jvirtiofsd.hostile.HandmadeChain.INDIRECT;
import static io.jvirtiofsd.hostile.HandmadeChain.NEXT;
import static io.jvirtiofsd.hostile.HandmadeChain.REQUEST;
import static io.jvirtiofsd.hostile.HandmadeChain.REQUEST_BYTES;
import static io.jvirtiofsd.hostile.HandmadeChain.TABLE;
import static io.jvirtiofsd.hostile.HandmadeChain.descriptor;
import static io.jvirtiofsd.hostile.Wire.bytes;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.backend.BackEndOptions;
import io.jvirtiofsd.fake.FuseClient;
import io.jvirtiofsd.fake.FuseErrorException;
import io.jvirtiofsd.fake.InProcess;
import io.jvirtiofsd.linux.FaultySyscalls;
import io.jvirtiofsd.linux.LinuxErrno;
import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.linux.OpenDescriptors;
import io.jvirtiofsd.linux.Syscalls;
import io.jvirtiofsd.passthrough.XattrOptions;
import io.jvirtiofsd.passthrough.rules.XattrMap;
import io.jvirtiofsd.vhost.FakeFrontend;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

/** Faults that other daemons of this kind had, each tried here. */
class KnownVulnerabilitiesTest {
    private static final long ROOT = FuseClient.ROOT;
    private static final int O_RDWR = 2;
    private static final int FILE = 0100600;
    private static final int SET_MODE = 1; // fuse.h FATTR_MODE
    private static final int SET_UID = 2; // fuse.h FATTR_UID
    private static final int SET_GID = 4; // fuse.h FATTR_GID
    private static final int SET_SIZE = 8; // fuse.h FATTR_SIZE
    private static final int ENXIO = 6;
    private static final int FOREIGN_GROUP = 5; // of the daemon, and of no user of the guest

    @TempDir Path folder;

    /** A share that is served, and what its guest does. */
    private interface Guest {
        void acts(FuseClient fuse, Path share) throws Exception;
    }

    private void serve(UnaryOperator<BackEndOptions.Builder> settings, Guest guest)
            throws Exception {
        serve(Syscalls.load(), settings, guest);
    }

    private void serve(
            Syscalls syscalls, UnaryOperator<BackEndOptions.Builder> settings, Guest guest)
            throws Exception {
        Path share = folder.resolve("share");
        try (InProcess backEnd = new InProcess(syscalls, share, folder, settings);
                FakeFrontend frontend =
                        FakeFrontend.started(backEnd.socket(), FakeFrontend.FEATURES)) {
            FuseClient fuse = new FuseClient(frontend, 1);
            fuse.init(HostileRig.INIT_FLAGS);
            guest.acts(fuse, share);
        }
    }

    /**
     * virtiofsd kept a descriptor for each file a guest knew and had no limit of its own: a guest
     * that held enough of them left none for anybody on the host, or for the daemon. Here a guest
     * that has used up all descriptors gets EMFILE for what stays open, and all else is served.
     */
    @Test
    @DisplayName("CVE-2020-10717: a guest takes all open files")
    void cve202010717() throws Exception {
        FaultySyscalls faulty = new FaultySyscalls();
        serve(
                faulty.calls(),
                options -> options.maxDescriptors(50),
                (fuse, share) -> {
                    for (int i = 0; i < 300; i++) {
                        Files.createFile(share.resolve("f" + i));
                    }
                    long[] nodes = new long[300];
                    for (int i = 0; i < nodes.length; i++) {
                        nodes[i] = fuse.lookup(ROOT, "f" + i).nodeId();
                    }
                    String path = share.toRealPath() + "/f";
                    long kept = OpenDescriptors.count(to -> to.startsWith(path));
                    assertTrue(kept <= 50 + 16, kept + " descriptors of 300 files");
                    // And with none to be had at all, for a while.
                    faulty.fail("openat", 0, 5, LinuxErrno.EMFILE);
                    assertEquals(1, fuse.getattr(fuse.lookup(ROOT, "f7").nodeId()).nlink());
                    faulty.fail("openat", 0, 5, LinuxErrno.EMFILE);
                    fuse.mkdir(ROOT, "made", 0700);
                });
    }

    /**
     * virtiofsd, and later QEMU's 9pfs, opened device nodes and pipes that a guest had made in the
     * share: so the guest reached the host's devices, or the daemon waited for a writer for ever.
     * Here nothing but regular files and directories is ever opened, whatever it was when it was
     * looked up.
     */
    @Test
    @DisplayName("CVE-2020-35517, CVE-2023-2861: special files are opened on the host")
    void cve202035517AndCve20232861() throws Exception {
        serve(
                options -> options,
                (fuse, share) -> {
                    Map<String, Integer> kinds = new LinkedHashMap<>();
                    kinds.put("pipe", 0010666);
                    kinds.put("null", 0020666); // a device: 1, 3
                    kinds.put("disk", 0060666); // a device: 1, 3
                    kinds.put("socket", 0140666);
                    for (Map.Entry<String, Integer> kind : kinds.entrySet()) {
                        String name = kind.getKey();
                        long node = fuse.mknod(ROOT, name, kind.getValue(), 0x103).nodeId();
                        for (int flags : new int[] {0, 1, O_RDWR, 0x800, 0x200 | 1}) {
                            assertErrno(ENXIO, () -> fuse.open(node, flags));
                            assertErrno(ENXIO, () -> fuse.create(ROOT, name, flags, FILE));
                        }
                    }
                    Path pipe = share.resolve("pipe");
                    long file = fuse.create(ROOT, "file", O_RDWR, FILE).node().nodeId();
                    Files.delete(share.resolve("file"));
                    Files.move(pipe, share.resolve("file"));
                    long now = fuse.lookup(ROOT, "file").nodeId();
                    assertTrue(now != file);
                    assertErrno(ENXIO, () -> fuse.open(now, 0));
                });
    }

    private static void assertErrno(int errno, Executable request) {
        FuseErrorException refused = assertThrows(FuseErrorException.class, request);
        assertEquals(errno, refused.errno());
    }

    /**
     * Where attributes had other names on the host, virtiofsd forgot that the host's kernel then no
     * longer drops security.capability when a file changes: a guest's user could write a program
     * and keep the capabilities it had. Here they go before the bytes change.
     */
    @Test
    @DisplayName("CVE-2021-20263: a mapped security.capability survives a change")
    void cve202120263() throws Exception {
        byte[] capability = {1, 0, 0, 2, 0, 32, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
        XattrMap map = XattrMap.parse(":map::user.virtiofsd.:");
        serve(
                options -> options.xattrs(XattrOptions.on().withMap(map)),
                (fuse, share) -> {
                    Map<String, Change> changes = new LinkedHashMap<>();
                    changes.put("write", (node, fh) -> fuse.write(node, fh, 0, new byte[] {1}));
                    changes.put("size", (node, fh) -> fuse.setattr(node, SET_SIZE, 0, 0, 0, 3));
                    changes.put("owner", (node, fh) -> fuse.setattr(node, SET_UID, 0, 7, 0, 0));
                    changes.put("opening", (node, fh) -> fuse.open(node, O_RDWR | 0x200));
                    changes.put("space", (node, fh) -> fuse.fallocate(node, fh, 0, 4096, 0));
                    for (Map.Entry<String, Change> change : changes.entrySet()) {
                        String name = change.getKey();
                        FuseClient.Created made = fuse.create(ROOT, name, O_RDWR, FILE);
                        long node = made.node().nodeId();
                        byte[] set =
                                bytes(
                                        capability.length,
                                        0,
                                        0,
                                        0,
                                        "security.capability",
                                        capability);
                        fuse.raw(FuseOpcode.SETXATTR.code, node, set, 0);
                        Path host = share.resolve(name);
                        String mapped = "user:virtiofsd.security.capability";
                        assertEquals(20, ((byte[]) Files.getAttribute(host, mapped)).length);
                        change.getValue().of(node, made.fh());
                        assertEquals(0, attributes(fuse, node), name);
                    }
                });
    }

    /** A change of a file that is open. */
    private interface Change {
        void of(long node, long fh) throws Exception;
    }

    /** Bytes of the names of a node's attributes. */
    private static int attributes(FuseClient fuse, long node) {
        return fuse.raw(FuseOpcode.LISTXATTR.code, node, bytes(4096, 0), 4096).length;
    }

    /**
     * virtiofsd made files with the daemon's own groups, and Linux itself once forgot about
     * directories with set-group-ID: a user could make a set-group-ID program of a group that the
     * user is not in. Here a caller has no group but the one it says.
     */
    @Test
    @DisplayName("CVE-2022-0358, CVE-2018-13405: set-group-ID programs of a foreign group")
    void cve20220358AndCve201813405() throws Exception {
        NativeMemory groups = NativeMemory.allocate(Integer.BYTES);
        groups.putInt(0, FOREIGN_GROUP);
        Syscalls syscalls = Syscalls.load();
        syscalls.setgroups(1, groups.address()); // of this thread, and so of the daemon's
        try {
            makesNoProgramsOfAForeignGroup();
        } finally {
            syscalls.setgroups(0, groups.address());
        }
    }

    private void makesNoProgramsOfAForeignGroup() throws Exception {
        serve(
                options -> options,
                (fuse, share) -> {
                    for (int mode : new int[] {02777, 02700}) { // also where root must help
                        String name = Integer.toOctalString(mode);
                        long dir = fuse.as(0, 0).mkdir(ROOT, name, 0700).nodeId();
                        fuse.setattr(dir, SET_GID, 0, 0, FOREIGN_GROUP, 0);
                        fuse.setattr(dir, SET_MODE, 040000 | mode, 0, 0, 0);
                        fuse.as(1000, 1000);
                        FuseClient.Node made = fuse.create(dir, "program", O_RDWR, 0102775).node();
                        assertEquals(FOREIGN_GROUP, made.gid());
                        assertEquals(0, made.mode() & 02000, name);
                        assertEquals(0, fuse.mknod(dir, "node", 0102775, 0).mode() & 02000, name);
                        Path program = share.resolve(name).resolve("program");
                        assertEquals(0, (int) Files.getAttribute(program, "unix:mode") & 02000);
                    }
                });
    }

    /**
     * Back-ends and front-ends of vhost-user trusted the size a message announces, and forgot the
     * descriptors that came with a message they refused or that the kernel had cut: memory beyond
     * the message was read, and a peer could fill the table of open files. Rows of {@link
     * SocketTable} and {@link AnswerTable} have more of it.
     */
    @Test
    @DisplayName("vhost-user: sizes that lie, floods of descriptors")
    void messagesOfAnySizeWithAnyDescriptors() throws Exception {
        rows(new SocketTable(), "a payload of a negative size", "a payload of 2 GiB");
        rows(new SocketTable(), "253 descriptors with each byte of a message");
        rows(new SocketTable(), "253 descriptors with an unknown message");
        rows(new AnswerTable(), "253 descriptors with each byte of an answer");
    }

    /**
     * Devices walked descriptors as the driver had written them: circles never ended, an indirect
     * table in another one was followed, lengths of zero and heads beyond the table were used. Rows
     * of {@link ChainTable} have more of it.
     */
    @Test
    @DisplayName("virtio: circles, nested tables, nothing, heads beyond the table")
    void descriptorsThatLeadNowhere() throws Exception {
        HostileTable walks =
                new HostileTable() {
                    {
                        add(
                                "nested",
                                rig -> {
                                    HandmadeChain.put(
                                            rig, TABLE, descriptor(TABLE, 16, INDIRECT, 0));
                                    return HandmadeChain.offer(
                                            rig, descriptor(TABLE, 16, INDIRECT, 0));
                                },
                                RING_BREAKS);
                        add(
                                "circle",
                                rig ->
                                        HandmadeChain.offer(
                                                rig, descriptor(REQUEST, REQUEST_BYTES, NEXT, 0)),
                                RING_BREAKS);
                    }
                };
        rows(walks, "nested", "circle");
        rows(new ChainTable(), "head 256 of a table of 256", "a whole table of nothing");
    }

    /**
     * A process that maps a file of another one dies by SIGBUS when the other cuts it short: one
     * front-end, or one guest that has its memory taken away, ended the daemon. Rows of {@link
     * MemoryTable} have more of it.
     */
    @Test
    @DisplayName("SIGBUS: memory that is cut short")
    void memoryThatIsCutEndsNoDaemon() throws Exception {
        rows(
                new MemoryTable(),
                "rings in memory that was cut",
                "a request in memory that was cut",
                "room in memory that was cut",
                "data of a WRITE in memory that was cut");
    }

    /** Does some rows of a table to a daemon of their own. */
    private void rows(HostileTable table, String... names) throws Exception {
        Path own = Files.createTempDirectory(folder, "rows");
        try (HostileRig rig = new HostileRig(own)) {
            for (String name : names) {
                rig.check(
                        table.cases().stream()
                                .filter(one -> one.name().equals(name))
                                .findAny()
                                .orElseThrow(),
                        true);
            }
        }
    }
}
