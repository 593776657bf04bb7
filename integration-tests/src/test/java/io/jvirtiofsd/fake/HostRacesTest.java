package io.jvirtiofsd.fake;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.fake.FuseClient.Created;
import io.jvirtiofsd.fake.FuseClient.Node;
import io.jvirtiofsd.linux.AlteredSyscalls;
import io.jvirtiofsd.linux.Syscalls;
import io.jvirtiofsd.vhost.FakeFrontend;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the host does between two system calls of a request. */
class HostRacesTest {
    private static final int O_RDWR = 2;
    private static final int O_EXCL = 0x80;
    private static final int S_IFREG = 0x8000;

    @TempDir Path folder;

    /** Serves the share by {@code syscalls}. */
    private void serve(Syscalls syscalls, Scenario scenario) throws Exception {
        try (InProcess backEnd = new InProcess(syscalls, folder.resolve("share"), folder, o -> o);
                FakeFrontend frontend = FuseRig.connect(backEnd, FuseRig.FEATURES)) {
            FuseClient fuse = new FuseClient(frontend, 1);
            fuse.init(0);
            scenario.run(fuse);
        }
    }

    private interface Scenario {
        void run(FuseClient fuse) throws Exception;
    }

    private void replace() throws Exception {
        Path other = Files.writeString(folder.resolve("other"), "another file");
        Path name = folder.resolve("share/f");
        Files.move(other, name, StandardCopyOption.REPLACE_EXISTING);
    }

    @Test
    void nodeAndHandleOfWhatIsMadeAreOneFileWhateverHasTheNameThen() throws Exception {
        Syscalls syscalls =
                AlteredSyscalls.after(
                        (call, arguments) -> {
                            if (call.equals("openat") && ((long) arguments[2] & O_EXCL) != 0) {
                                replace();
                            }
                        });
        serve(
                syscalls,
                fuse -> {
                    Created made = fuse.create(FuseClient.ROOT, "f", O_RDWR, S_IFREG | 0600);
                    long node = made.node().nodeId();
                    assertEquals(made.node().ino(), fuse.getattr(node, made.fh()).ino());
                    fuse.write(node, made.fh(), 0, new byte[100]);
                    assertEquals(100, fuse.getattr(node).size());
                    assertEquals("another file".length(), fuse.lookup(1, "f").size());
                });
    }

    @Test
    void linkedNodeIsTheOneThatWasAskedFor() throws Exception {
        AtomicBoolean linked = new AtomicBoolean();
        Syscalls syscalls =
                AlteredSyscalls.after(
                        (call, arguments) -> {
                            if (call.equals("linkat") && linked.compareAndSet(false, true)) {
                                replace();
                            }
                        });
        serve(
                syscalls,
                fuse -> {
                    Node node = fuse.mknod(FuseClient.ROOT, "first", S_IFREG | 0600, 0);
                    assertEquals(node.nodeId(), fuse.link(node.nodeId(), 1, "f").nodeId());
                });
        assertTrue(linked.get());
    }
}
