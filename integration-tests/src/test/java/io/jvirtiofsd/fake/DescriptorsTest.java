package io.jvirtiofsd.fake;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.linux.AlteredSyscalls;
import io.jvirtiofsd.linux.FaultySyscalls;
import io.jvirtiofsd.linux.Fcntl;
import io.jvirtiofsd.linux.LinuxErrno;
import io.jvirtiofsd.linux.OpenDescriptors;
import io.jvirtiofsd.linux.Scratch;
import io.jvirtiofsd.linux.Syscalls;
import io.jvirtiofsd.passthrough.HandleMode;
import io.jvirtiofsd.vhost.FakeFrontend;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Descriptors run out for us, never for the guest; and what the modes of file handles cost. */
class DescriptorsTest {
    private static final int FILES = 300;
    private static final int O_RDWR = 2;
    private static final int S_IFREG = 0x8000;

    private final AtomicInteger made = new AtomicInteger();

    @TempDir Path folder;
    private Path share;

    @BeforeEach
    void files() throws Exception {
        share = Files.createDirectory(folder.resolve("share"));
        for (int i = 0; i < FILES; i++) {
            Files.writeString(share.resolve("f" + i), "" + i);
        }
    }

    private FuseRig rig(HandleMode mode) throws IOException {
        return new FuseRig(
                folder, all -> all.maxDescriptors(50).inodeFileHandles(mode), FuseRig.FEATURES);
    }

    /** Looks all files up, and checks that each is still itself. */
    private static void lookAtAll(FuseClient fuse) {
        long[] nodes = new long[FILES];
        for (int i = 0; i < FILES; i++) {
            nodes[i] = fuse.lookup(FuseClient.ROOT, "f" + i).nodeId();
        }
        for (int i = 0; i < FILES; i++) {
            long fh = fuse.open(nodes[i], 0);
            assertEquals("" + i, new String(fuse.read(nodes[i], fh, 0, 9)));
            fuse.release(nodes[i], fh);
            assertEquals(nodes[i], fuse.lookup(FuseClient.ROOT, "f" + i).nodeId());
        }
    }

    @Test
    void aBackEndThatHasEndedHasNothingOpen() throws Exception {
        rig(HandleMode.PREFER).close(); // the first one opens what the process keeps
        int before = OpenDescriptors.count();
        rig(HandleMode.PREFER).close();
        OpenDescriptors.assertSettleAt(before);
    }

    @Test
    void neverKeepsADescriptorForEachInode() throws Exception {
        try (FuseRig rig = rig(HandleMode.NEVER)) {
            int before = OpenDescriptors.count();
            lookAtAll(rig.fuse());
            assertTrue(OpenDescriptors.count() >= before + FILES);
        }
    }

    @Test
    void mandatoryKeepsNone() throws Exception {
        try (FuseRig rig = rig(HandleMode.MANDATORY)) {
            int before = OpenDescriptors.count();
            lookAtAll(rig.fuse());
            OpenDescriptors.assertSettleAt(before);
        }
    }

    @Test
    void whereHandlesCannotBeOpenedNoneAreRelevant() throws Exception {
        FaultySyscalls faulty = new FaultySyscalls();
        faulty.fail("openByHandleAt", 0, 1_000_000, LinuxErrno.EPERM);
        try (InProcess backEnd =
                        new InProcess(
                                faulty.calls(), share, folder, all -> all.maxDescriptors(50));
                FakeFrontend frontend = FuseRig.connect(backEnd, FuseRig.FEATURES)) {
            FuseClient fuse = new FuseClient(frontend, 1);
            fuse.init(0);
            lookAtAll(fuse);
        }
        Path other = Files.createDirectory(folder.resolve("other"));
        IOException refused =
                assertThrows(
                        IOException.class,
                        () ->
                                new InProcess(
                                        faulty.calls(),
                                        share,
                                        other,
                                        all -> all.inodeFileHandles(HandleMode.MANDATORY)));
        assertTrue(refused.getMessage().contains("file handle"), refused.getMessage());
    }

    @Test
    void callsThatFindNoDescriptorAreMadeAgain() throws Exception {
        FaultySyscalls faulty = new FaultySyscalls();
        try (InProcess backEnd = new InProcess(faulty.calls(), share, folder, all -> all);
                FakeFrontend frontend = FuseRig.connect(backEnd, FuseRig.FEATURES)) {
            FuseClient fuse = new FuseClient(frontend, 1);
            fuse.init(1 << 22);
            long node = fuse.lookup(FuseClient.ROOT, "f0").nodeId();
            long fh = fuse.open(node, O_RDWR);
            List<Runnable> requests =
                    List.of(
                            () ->
                                    fuse.lookup(
                                            FuseClient.ROOT, "f" + made.getAndIncrement() % FILES),
                            () -> fuse.open(node, 0),
                            () -> fuse.opendir(FuseClient.ROOT),
                            () -> fuse.mkdir(FuseClient.ROOT, "d" + made.getAndIncrement(), 0700),
                            () -> fuse.setattr(node, 8, 0, 0, 0, 3),
                            () -> create(fuse, "c" + made.getAndIncrement()));
            for (int errno : new int[] {LinuxErrno.EMFILE, LinuxErrno.ENFILE}) {
                for (int failures : new int[] {1, 5}) {
                    for (Runnable request : requests) {
                        faulty.fail("openat", 0, failures, errno);
                        request.run();
                    }
                    faulty.fail("dup", 0, failures, errno);
                    fuse.flush(node, fh);
                }
            }
        }
    }

    private static void create(FuseClient fuse, String name) {
        fuse.create(FuseClient.ROOT, name, O_RDWR, S_IFREG | 0600);
    }

    /** As on file systems that give an inode number to another object and keep no generation. */
    @Test
    void whatAHandleOpensMustBeWhatItWas() throws Exception {
        Path fifo = folder.resolve("fifo");
        assertEquals(0, new ProcessBuilder("mkfifo", fifo.toString()).start().waitFor());
        AtomicReference<Path> instead = new AtomicReference<>();
        try (InProcess backEnd =
                        new InProcess(
                                openingInstead(instead),
                                share,
                                folder,
                                all -> all.inodeFileHandles(HandleMode.MANDATORY));
                FakeFrontend frontend = FuseRig.connect(backEnd, FuseRig.FEATURES)) {
            FuseClient fuse = new FuseClient(frontend, 1);
            fuse.init(0);
            long node = fuse.lookup(FuseClient.ROOT, "f0").nodeId();
            int before = OpenDescriptors.count();
            for (Path other : List.of(fifo, share.resolve("f1"), share)) {
                instead.set(other);
                FuseRig.assertErrno(LinuxErrno.ESTALE, () -> fuse.open(node, 0));
                FuseRig.assertErrno(LinuxErrno.ESTALE, () -> fuse.getattr(node));
            }
            instead.set(null);
            OpenDescriptors.assertSettleAt(before);
            fuse.release(node, fuse.open(node, 0));
        }
    }

    /** System calls that open what {@code instead} says, if anything, for every file handle. */
    private static Syscalls openingInstead(AtomicReference<Path> instead) {
        Syscalls real = Syscalls.load();
        return AlteredSyscalls.with(
                (name, arguments, call) -> {
                    Path other = instead.get();
                    if (!name.equals("openByHandleAt") || other == null) {
                        return call.getAsLong();
                    }
                    byte[] path = other.toString().getBytes(StandardCharsets.UTF_8);
                    long address = Scratch.get().path(path, 0, path.length);
                    return real.openat(Fcntl.AT_FDCWD, address, Fcntl.O_PATH, 0);
                });
    }
}
