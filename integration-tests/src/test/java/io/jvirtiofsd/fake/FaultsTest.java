package io.jvirtiofsd.fake;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.backend.BackEnd;
import io.jvirtiofsd.backend.BackEndOptions;
import io.jvirtiofsd.dax.DaxWindow;
import io.jvirtiofsd.dax.GuardMode;
import io.jvirtiofsd.linux.FaultySyscalls;
import io.jvirtiofsd.linux.LinuxErrno;
import io.jvirtiofsd.linux.LinuxException;
import io.jvirtiofsd.linux.OpenDescriptors;
import io.jvirtiofsd.linux.Syscalls;
import io.jvirtiofsd.vhost.FakeDriver;
import io.jvirtiofsd.vhost.FakeFrontend;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.newsclub.net.unix.AFUNIXServerSocket;
import org.newsclub.net.unix.AFUNIXSocketAddress;
import org.newsclub.net.unix.FileDescriptorCast;

/** System calls that fail at the worst moment cost the guest an error and leak nothing. */
class FaultsTest {
    private static final int O_RDWR = 2;
    private static final int S_IFREG = 0x8000;

    private final AtomicInteger made = new AtomicInteger();

    @TempDir Path folder;

    @Test
    void failingSystemCallsAreErrorsForTheGuestAndLeakNothing() throws Exception {
        FaultySyscalls faulty = new FaultySyscalls();
        Path share = folder.resolve("share");
        try (InProcess backEnd = new InProcess(faulty.calls(), share, folder, o -> o);
                FakeFrontend frontend = FuseRig.connect(backEnd, FuseRig.FEATURES)) {
            Files.writeString(share.resolve("f"), "content");
            FuseClient fuse = new FuseClient(frontend, 1);
            fuse.init(0);
            int before = OpenDescriptors.count();
            List<Runnable> requests =
                    List.of(
                            () -> fuse.lookup(FuseClient.ROOT, "f"),
                            () -> fuse.opendir(FuseClient.ROOT),
                            () -> fuse.mkdir(FuseClient.ROOT, "d" + made.getAndIncrement(), 0700),
                            () ->
                                    fuse.create(
                                            FuseClient.ROOT,
                                            "c" + made.getAndIncrement(),
                                            O_RDWR,
                                            S_IFREG | 0600),
                            () -> fuse.symlink(FuseClient.ROOT, "s" + made.getAndIncrement(), "x"),
                            () ->
                                    fuse.link(
                                            fuse.lookup(FuseClient.ROOT, "f").nodeId(),
                                            FuseClient.ROOT,
                                            "l" + made.getAndIncrement()),
                            fuse::statfs);
            for (String call :
                    List.of("openat", "statx", "mkdirat", "symlinkat", "linkat", "fstatfs")) {
                for (int skipped = 0; skipped < 3; skipped++) {
                    for (Runnable request : requests) {
                        faulty.fail(call, skipped, 1, LinuxErrno.EMFILE);
                        attempt(request);
                    }
                    faulty.fail(call, 0, 0, 0);
                    fuse.init(0); // drops what succeeded
                    OpenDescriptors.assertSettleAt(before, call + " " + skipped);
                }
            }
            assertEquals(FuseClient.ROOT, fuse.getattr(FuseClient.ROOT).nodeId());
        }
    }

    private static void attempt(Runnable request) {
        try {
            request.run();
        } catch (FuseErrorException e) {
            assertEquals(LinuxErrno.EMFILE, e.errno());
        }
    }

    @Test
    void aSessionThatCannotBeSetUpEndsAndTheNextIsServed() throws Exception {
        FaultySyscalls faulty = new FaultySyscalls();
        try (InProcess backEnd =
                new InProcess(faulty.calls(), folder.resolve("share"), folder, o -> o)) {
            FuseRig.connect(backEnd, FuseRig.FEATURES).close();
            for (String call : List.of("mmap", "epollCreate1", "epollCtl", "recvmsg")) {
                int skipped = 1; // one recvmsg may be that which meets the end of the last session
                while (!starts(backEnd, faulty, call, skipped)) {
                    skipped++;
                }
                assertTrue(skipped > 1, call + " is never called");
            }
            try (FakeFrontend frontend = FuseRig.connect(backEnd, FuseRig.FEATURES)) {
                FuseClient fuse = new FuseClient(frontend, 2);
                fuse.init(0);
                assertEquals(FuseClient.ROOT, fuse.getattr(FuseClient.ROOT).nodeId());
            }
        }
    }

    @Test
    void backEndChannelThatCannotBeUsedIsClosed() throws Exception {
        FaultySyscalls faulty = new FaultySyscalls();
        try (InProcess backEnd =
                new InProcess(faulty.calls(), folder.resolve("share"), folder, o -> o)) {
            FuseRig.connect(backEnd, FuseRig.FEATURES).close();
            for (String call : List.of("eventfd", "fcntl")) {
                int before = OpenDescriptors.count();
                try (FakeFrontend frontend = backEnd.connect()) {
                    faulty.fail(call, 0, 1, LinuxErrno.EMFILE);
                    assertThrows(
                            IOException.class, () -> frontend.negotiate(FuseRig.FEATURES, 0, 1, 1));
                    frontend.ask(FakeFrontend.GET_FEATURES);
                    // the connection, and of the channel only the front-end's own two ends
                    OpenDescriptors.assertSettleAt(before + 4, call);
                }
            }
        }
    }

    /** Whether a session can be set up while {@code call} fails after {@code skipped} calls. */
    private static boolean starts(
            InProcess backEnd, FaultySyscalls faulty, String call, int skipped) throws IOException {
        faulty.fail(call, skipped, 1, LinuxErrno.ENOMEM);
        try (FakeFrontend frontend = backEnd.connect()) {
            frontend.negotiate(FuseRig.FEATURES, 0, 2, FakeDriver.memoryBytes(3));
            frontend.start(2, 256);
            frontend.ask(FakeFrontend.GET_FEATURES);
            return true;
        } catch (IOException e) {
            return false;
        } finally {
            faulty.fail(call, 0, 0, 0);
        }
    }

    @Test
    void listeningAndConnectedSocketsAreAdopted() throws Exception {
        Syscalls syscalls = Syscalls.load();
        Path share = Files.createDirectory(folder.resolve("share"));
        Files.writeString(share.resolve("f"), "adopted");
        Path path = folder.resolve("listening");
        try (AFUNIXServerSocket server = AFUNIXServerSocket.bindOn(AFUNIXSocketAddress.of(path))) {
            int number = FileDescriptorCast.using(server.getFileDescriptor()).as(Integer.class);
            serveOnce(syscalls, share, syscalls.dup(number), path);
        }
        Path other = folder.resolve("connected");
        try (AFUNIXServerSocket server = AFUNIXServerSocket.bindOn(AFUNIXSocketAddress.of(other))) {
            FakeFrontend frontend = new FakeFrontend(other);
            var accepted = server.accept();
            int number = FileDescriptorCast.using(accepted.getFileDescriptor()).as(Integer.class);
            int adopted = syscalls.dup(number);
            Thread daemon = start(syscalls, share, adopted);
            readThrough(frontend);
            daemon.join(10_000);
            assertTrue(!daemon.isAlive());
            accepted.close(); // which shuts the connection down for all who have it
        }
    }

    private static void serveOnce(Syscalls syscalls, Path share, int fd, Path path)
            throws Exception {
        Thread daemon = start(syscalls, share, fd);
        readThrough(new FakeFrontend(path));
        daemon.join(10_000);
        assertTrue(!daemon.isAlive());
    }

    private static Thread start(Syscalls syscalls, Path share, int fd) throws IOException {
        BackEnd backEnd = BackEnd.open(syscalls, BackEndOptions.builder(share).fd(fd).build());
        Thread daemon =
                new Thread(
                        () -> {
                            try (backEnd) {
                                backEnd.serve();
                            } catch (IOException e) {
                                throw new IllegalStateException(e);
                            }
                        });
        daemon.start();
        return daemon;
    }

    private static void readThrough(FakeFrontend frontend) throws IOException {
        try (frontend) {
            frontend.negotiate(FuseRig.FEATURES, 0, 1, FakeDriver.memoryBytes(2));
            frontend.start(1, 128);
            FuseClient fuse = new FuseClient(frontend, 1);
            fuse.init(0);
            long node = fuse.lookup(FuseClient.ROOT, "f").nodeId();
            assertArrayEquals("adopted".getBytes(), fuse.read(node, fuse.open(node, 0), 0, 99));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"inotifyInit1", "eventfd", "fanotifyInit", "mmap"})
    void aWindowThatCannotBeOpenedLeavesNothingBehind(String call) throws Exception {
        FaultySyscalls faulty = new FaultySyscalls();
        int before = OpenDescriptors.count();
        int rounds = 0;
        for (boolean fails = true; fails; rounds++) {
            faulty.fail(call, rounds, 1, LinuxErrno.EMFILE);
            try {
                DaxWindow.open(faulty.calls(), DaxRig.WINDOW, GuardMode.REFUSE).close();
                fails = false;
            } catch (LinuxException e) {
                assertEquals(LinuxErrno.EMFILE, e.errno());
            }
            OpenDescriptors.assertSettleAt(before);
        }
        assertTrue(rounds > 1, call + " is never called");
    }

    /** The pages behind the end of a file are made for each front-end when it first needs them. */
    @ParameterizedTest
    @ValueSource(strings = {"memfdCreate", "ftruncate", "fcntl", "statx", "mmap"})
    void aTailThatCannotBeMadeFailsItsRequestOnly(String call) throws Exception {
        FaultySyscalls faulty = new FaultySyscalls();
        int failures = 0;
        try (DaxRig rig = new DaxRig(faulty.calls(), folder.resolve("dax"), o -> o, false)) {
            byte[] bytes = rig.file("f", 5000);
            // More than once, as other threads may make the call that was to fail.
            for (int round = 0; round < 6 || failures == 0 && round < 60; round++) {
                long node = rig.lookup("f");
                faulty.fail(call, round % 6, 1, LinuxErrno.EMFILE);
                try {
                    rig.setup(node, 0, 0);
                } catch (FuseErrorException e) {
                    failures++;
                }
                faulty.fail(call, 0, 0, LinuxErrno.EMFILE); // no more
                rig.setup(node, 0, 0);
                rig.assertShows(bytes, 0, 0);
                rig.frontend.close();
                rig.connect(false);
            }
            assertFalse(Files.readString(Path.of("/proc/self/maps")).contains("jvirtiofsd-tails"));
        }
        assertTrue(failures > 0, call + " is never called");
    }
}
