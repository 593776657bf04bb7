package io.jvirtiofsd.posix;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import com.google.common.jimfs.Configuration;
import com.google.common.jimfs.Jimfs;
import io.jvirtiofsd.backend.BackEndOptions;
import io.jvirtiofsd.fuse.DaxMode;
import io.jvirtiofsd.fuse.FileSystem;
import io.jvirtiofsd.fuse.Session;
import io.jvirtiofsd.linux.Reclaimer;
import io.jvirtiofsd.linux.Syscalls;
import io.jvirtiofsd.nio.NioFileSystem;
import io.jvirtiofsd.nio.NioOptions;
import io.jvirtiofsd.passthrough.PassthroughFileSystem;
import io.jvirtiofsd.passthrough.PassthroughOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Random operations on a file system of ours and, by {@code java.nio.file}, on an equal tree of the
 * host: no answer differs, and no file.
 *
 * <p>{@code -Djvirtiofsd.model.operations=N} and {@code -Djvirtiofsd.model.seed=N} choose how many
 * and which.
 */
class ModelTest {
    private static final int OPERATIONS =
            Integer.getInteger("jvirtiofsd.model.operations", 200_000);
    private static final long SEED = Long.getLong("jvirtiofsd.model.seed", 20_260_101);
    private static final int COMPARE_EVERY = 10_000;
    private static final int FORGET_EVERY = 97;

    private static final int[] ALL_MODES = {0600, 0644, 0755, 0, 01777, 02755, 04711, 0444};
    private static final int[] PLAIN_MODES = {0600, 0644, 0755, 0, 0777, 0711, 0444};

    private Path folder;

    /** In memory where there is such a directory: a million operations would wear out a disk. */
    @BeforeEach
    void begin(@TempDir Path onDisk) throws IOException {
        Path memory = Path.of("/dev/shm");
        folder = Files.createTempDirectory(Files.isWritable(memory) ? memory : onDisk, "model");
    }

    @AfterEach
    void end() throws IOException {
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }

    private void compare(FileSystem ours, Reclaimer reclaimer, int operations, int[] modes)
            throws Exception {
        Path model = Files.createDirectory(folder.resolve("model"));
        try (ours;
                Session session = ours.begin(DaxMode.NEVER);
                DirectNodes nodes = new DirectNodes(session, reclaimer)) {
            FusePosix guest = new FusePosix(nodes);
            JavaPosix host = new JavaPosix(model);
            RandomUser user = new RandomUser(SEED, modes, modes == ALL_MODES, guest, host);
            for (int i = 1; i <= operations; i++) {
                assertNull(user.step(), "operation " + i + " of seed " + SEED);
                if (i % FORGET_EVERY == 0) {
                    guest.forgetSome(2 + i % 5);
                }
                if (i % COMPARE_EVERY == 0 || i == operations) {
                    assertEquals(
                            RandomUser.everything(host, ""),
                            RandomUser.everything(guest, ""),
                            "after operation " + i + " of seed " + SEED);
                }
            }
            user.closeAll();
        }
    }

    @Test
    void aSharedDirectoryIsAsTheHostHasIt() throws Exception {
        Syscalls syscalls = Syscalls.load();
        int umask = syscalls.umask(0);
        try {
            Reclaimer reclaimer = new Reclaimer();
            Path shared = Files.createDirectory(folder.resolve("shared"));
            PassthroughOptions options =
                    BackEndOptions.builder(shared).fd(0).maxDescriptors(8).build().files();
            compare(
                    PassthroughFileSystem.open(
                            syscalls, reclaimer, shared, options, Optional.empty()),
                    reclaimer,
                    OPERATIONS,
                    ALL_MODES);
        } finally {
            syscalls.umask(umask);
        }
    }

    @Test
    void aTreeInMemoryIsAsTheHostHasIt() throws Exception {
        try (java.nio.file.FileSystem memory =
                Jimfs.newFileSystem(
                        Configuration.unix().toBuilder()
                                .setAttributeViews("unix")
                                .setMaxSize(256 << 20)
                                .build())) {
            compare(
                    NioFileSystem.open(memory.getPath("/work"), NioOptions.defaults()),
                    new Reclaimer(),
                    OPERATIONS / 2,
                    PLAIN_MODES);
        }
    }

    @Test
    void theHostsOwnProviderIsAsTheHostHasIt() throws Exception {
        Path shared = Files.createDirectory(folder.resolve("shared"));
        compare(
                NioFileSystem.open(shared, NioOptions.defaults()),
                new Reclaimer(),
                OPERATIONS / 10,
                ALL_MODES);
    }
}
