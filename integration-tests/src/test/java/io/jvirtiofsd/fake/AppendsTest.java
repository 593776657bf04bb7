package io.jvirtiofsd.fake;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.backend.BackEndOptions;
import io.jvirtiofsd.backend.DaxOptions;
import io.jvirtiofsd.dax.FakeWindow;
import io.jvirtiofsd.passthrough.CacheOptions;
import io.jvirtiofsd.passthrough.CachePolicy;
import io.jvirtiofsd.vhost.FakeFrontend;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Random;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * What is appended lands behind what is there, whoever has written or cut meanwhile: a host
 * program, the guest by two open files, another daemon's guest. What is stored by mmap(2) through a
 * file opened for appending stays where it was stored.
 */
class AppendsTest {
    private static final int O_WRONLY = 1;
    private static final int O_APPEND = 0x400;
    private static final int WRITE_CACHE = 1; // fuse.h FUSE_WRITE_CACHE
    private static final String NAME = "log";
    private static final int STEPS = 120;

    @TempDir Path folder;

    /** One open file of a guest, which believes the file to end where it has written last. */
    private static final class Writer {
        private final FuseClient fuse;
        private final long node;
        private final long fh;
        private long end;

        Writer(FuseClient fuse) {
            this.fuse = fuse;
            node = fuse.lookup(FuseClient.ROOT, NAME).nodeId();
            fh = fuse.open(node, O_WRONLY | O_APPEND);
        }

        void append(String text) {
            byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
            assertEquals(bytes.length, fuse.write(node, fh, end, 0, O_WRONLY | O_APPEND, bytes));
            end += bytes.length;
        }

        void store(int offset, String text) {
            byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
            int flags = O_WRONLY | O_APPEND;
            assertEquals(bytes.length, fuse.write(node, fh, offset, WRITE_CACHE, flags, bytes));
        }
    }

    @ParameterizedTest
    @CsvSource({"NEVER", "AUTO", "METADATA", "ALWAYS"})
    void appendsOfAllWritersStay(CachePolicy policy) throws Exception {
        try (FuseRig rig = new FuseRig(folder, cached(policy), FuseRig.FEATURES)) {
            Files.createFile(rig.share().resolve(NAME));
            FuseClient second = new FuseClient(rig.frontend(), 2);
            run(rig.share(), cached(policy), rig.fuse(), second, null);
        }
    }

    @ParameterizedTest
    @CsvSource({"NEVER", "AUTO", "METADATA", "ALWAYS"})
    void appendsToMappedFilesStay(CachePolicy policy) throws Exception {
        try (DaxRig rig = new DaxRig(folder, cached(policy), false)) {
            Files.createFile(rig.share.resolve(NAME));
            rig.setup(rig.lookup(NAME), 0, 0);
            FuseClient second = new FuseClient(rig.frontend, 2);
            UnaryOperator<BackEndOptions.Builder> dax =
                    options -> cached(policy).apply(options).dax(DaxOptions.always(DaxRig.WINDOW));
            run(rig.share, dax, rig.fuse, second, rig.window());
        }
    }

    private static UnaryOperator<BackEndOptions.Builder> cached(CachePolicy policy) {
        return options -> options.cache(CacheOptions.of(policy));
    }

    /**
     * @param window where the file is mapped at 0, or null
     */
    private void run(
            Path share,
            UnaryOperator<BackEndOptions.Builder> settings,
            FuseClient first,
            FuseClient second,
            FakeWindow window)
            throws Exception {
        Path file = share.resolve(NAME);
        Path elsewhere = Files.createDirectory(folder.resolve("other"));
        try (InProcess otherDaemon = new InProcess(share, elsewhere, settings);
                FakeFrontend otherGuest = FuseRig.connect(otherDaemon, FuseRig.FEATURES)) {
            FuseClient other = new FuseClient(otherGuest, 1);
            other.init(0);
            Writer[] writers = {new Writer(first), new Writer(second), new Writer(other)};
            StringBuilder expected = new StringBuilder();
            Random random = new Random(11);
            for (int step = 0; step < STEPS; step++) {
                String text = "<" + step + "-".repeat(random.nextInt(300)) + ">";
                int deed = random.nextInt(8);
                if (deed < 3) {
                    writers[deed].append(text);
                    expected.append(text);
                } else if (deed < 5) {
                    Files.writeString(file, text, StandardOpenOption.APPEND);
                    expected.append(text);
                } else if (deed == 5 && expected.length() > 0) {
                    int size = random.nextInt(expected.length());
                    cut(file, size);
                    expected.setLength(size);
                } else if (deed == 6 && expected.length() >= 10) {
                    int at = random.nextInt(expected.length() - 9);
                    writers[random.nextInt(3)].store(at, "0123456789");
                    expected.replace(at, at + 10, "0123456789");
                } else if (window != null && expected.length() >= 4) {
                    int at = random.nextInt(expected.length() - 3);
                    // The page of a file this small is a shadow page: equal to the file only now.
                    long node = first.lookup(FuseClient.ROOT, NAME).nodeId();
                    assertEquals(expected.length(), first.getattr(node).size());
                    window.store(at, "abcd".getBytes(StandardCharsets.US_ASCII));
                    writers[0].append(text);
                    expected.replace(at, at + 4, "abcd").append(text);
                }
                assertEquals(expected.toString(), Files.readString(file), "step " + step);
            }
            assertTrue(expected.length() > 0);
        }
    }

    private static void cut(Path file, long size) throws IOException {
        try (RandomAccessFile open = new RandomAccessFile(file.toFile(), "rw")) {
            open.setLength(size);
        }
    }
}
