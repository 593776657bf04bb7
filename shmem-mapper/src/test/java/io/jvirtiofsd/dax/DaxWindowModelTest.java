package io.jvirtiofsd.dax;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.dax.ShmemChannel.Outcome;
import io.jvirtiofsd.linux.Fcntl;
import io.jvirtiofsd.linux.Fd;
import io.jvirtiofsd.linux.FileId;
import io.jvirtiofsd.linux.LinuxErrno;
import io.jvirtiofsd.linux.LinuxException;
import io.jvirtiofsd.linux.Scratch;
import io.jvirtiofsd.linux.Syscalls;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Thousands of random operations on a window, checked against a table that says for each page of it
 * which page of which file the guest must see there.
 *
 * <pre>
 *   guest:  set up, remove, store          host:  write, append, truncate
 *   both:   write, truncate, fallocate through the back-end (settle before and after)
 * </pre>
 */
class DaxWindowModelTest {
    private static final int PAGE = 4096;
    private static final int RANGE = 2 << 20;
    private static final int RANGES = 4;
    private static final int PAGES = RANGES * RANGE / PAGE;
    private static final int FILES = 3;
    private static final int MAX_FILE = 5 << 20;
    private static final int OPERATIONS = 1500;

    private final class Shared {
        Path path;
        RandomAccessFile host;
        FileId id;
        byte[] model = new byte[0];

        DaxFile dax() {
            return window.find(id);
        }

        /** What a server does around each access to a file that the guest may have mapped. */
        void settle(long from, long to) {
            if (dax() != null) {
                dax().settle(from, to);
            }
        }

        void settle() {
            settle(0, Long.MAX_VALUE);
        }

        void writeBack() {
            if (dax() != null) {
                dax().writeBack();
            }
        }

        void follow(long size, long stamp) {
            if (dax() != null) {
                dax().follow(size, stamp);
            }
        }

        void setLength(int size) throws IOException {
            window.change(
                    id,
                    size,
                    () -> {
                        host.setLength(size);
                        return 0;
                    });
        }
    }

    @TempDir Path folder;

    private final Syscalls syscalls = Syscalls.load();
    private final Shared[] files = new Shared[FILES];
    private final int[] fileOf = new int[PAGES];
    private final int[] pageOf = new int[PAGES];
    private Random random;
    private FakeWindow frontEnd;
    private DaxWindow window;
    private String last = "";

    @ParameterizedTest
    @CsvSource({"1,false", "2,false", "3,false", "4,true", "5,false", "6,false", "7,true"})
    void everyPageShowsItsFile(long seed, boolean pastEnd) throws Exception {
        random = new Random(seed);
        begin(pastEnd);
        Arrays.fill(fileOf, -1);
        for (int i = 0; i < FILES; i++) {
            files[i] = create("f" + i);
        }
        for (int i = 0; i < OPERATIONS; i++) {
            step();
            if (i % 10 == 0) {
                check();
            }
        }
        check();
        assertEquals(0, window.remove(0, (long) RANGES * RANGE));
        for (Shared file : files) {
            assertNull(file.dax(), "nothing of it is mapped any more");
            file.host.close();
        }
        assertEquals(0, frontEnd.maps());
        assertEquals(List.of(), frontEnd.violations());
        assertTrue(window.report().contains("mapped in 0 pieces,"), window.report());
        end();
    }

    private void begin(boolean pastEnd) throws IOException {
        frontEnd = new FakeWindow((long) RANGES * RANGE, pastEnd);
        window = DaxWindow.open(syscalls, (long) RANGES * RANGE, GuardMode.OFF);
        window.newFrontEnd();
        window.attach(frontEnd);
    }

    private void end() {
        window.close();
        frontEnd.close();
    }

    private Shared create(String name) throws IOException {
        Shared file = new Shared();
        file.path = folder.resolve(name);
        file.host = new RandomAccessFile(file.path.toFile(), "rw");
        file.id = new FileId(1, (Long) Files.getAttribute(file.path, "unix:ino"));
        return file;
    }

    private int setUp(Shared file, long fileOffset, long windowOffset, long length)
            throws IOException {
        return window.setup(() -> open(file), fileOffset, windowOffset, length);
    }

    private DaxFile open(Shared file) throws IOException {
        DaxFile known = file.dax();
        if (known != null) {
            return known;
        }
        byte[] bytes = file.path.toString().getBytes(StandardCharsets.UTF_8);
        long text = Scratch.get().path(bytes, 0, bytes.length);
        int fd = syscalls.openat(Fcntl.AT_FDCWD, text, Fcntl.O_RDWR | Fcntl.O_CLOEXEC, 0);
        return window.open(Fd.own(syscalls, LinuxException.check(fd, "open")), file.id);
    }

    private void step() throws IOException {
        int which = random.nextInt(FILES);
        Shared file = files[which];
        switch (random.nextInt(10)) {
            case 0, 1 -> setup(which);
            case 2 -> remove();
            case 3, 4 -> store();
            case 5 -> write(file, random.nextInt(file.model.length + 50_000), true); // or beyond
            case 6 -> write(file, file.model.length, true);
            case 7 -> truncate(file, random.nextInt(3) > 0);
            case 8 -> hostWrite(file);
            default -> hostTruncate(file);
        }
    }

    private void setup(int which) throws IOException {
        boolean linux = random.nextInt(4) > 0;
        int pages = linux ? RANGE / PAGE : 1 + random.nextInt(600);
        int at = linux ? random.nextInt(RANGES) * pages : random.nextInt(PAGES - pages + 1);
        int from = linux ? random.nextInt(3) * pages : random.nextInt(1000);
        last = "setup file %d page %d at %d, %d pages".formatted(which, from, at, pages);
        int result = setUp(files[which], (long) from * PAGE, (long) at * PAGE, (long) pages * PAGE);
        assertEquals(0, result, last);
        for (int i = 0; i < pages; i++) {
            fileOf[at + i] = which;
            pageOf[at + i] = from + i;
        }
    }

    private void remove() {
        int pages = random.nextBoolean() ? RANGE / PAGE : 1 + random.nextInt(600);
        int at = random.nextInt(PAGES - pages + 1);
        last = "remove at %d, %d pages".formatted(at, pages);
        assertEquals(0, window.remove((long) at * PAGE, (long) pages * PAGE), last);
        Arrays.fill(fileOf, at, at + pages, -1);
    }

    /** Bytes of the window page that are in the file; 0 for none. */
    private int valid(int page) {
        if (fileOf[page] < 0) {
            return 0;
        }
        long left = files[fileOf[page]].model.length - (long) pageOf[page] * PAGE;
        return (int) Math.max(0, Math.min(PAGE, left));
    }

    private void store() {
        for (int tries = 0; tries < 20; tries++) {
            int page = random.nextInt(PAGES);
            if (tries < 15 && fileOf[page] >= 0) { // the last page is the interesting one
                int end = (files[fileOf[page]].model.length - 1) / PAGE;
                int moved = page + end - pageOf[page];
                if (moved >= 0
                        && moved < PAGES
                        && fileOf[moved] == fileOf[page]
                        && pageOf[moved] == end) {
                    page = moved;
                }
            }
            int valid = valid(page);
            if (valid > 0) {
                int from = random.nextInt(valid);
                byte[] bytes = new byte[1 + random.nextInt(valid - from)];
                random.nextBytes(bytes);
                last = "store page %d at %d, %d bytes".formatted(page, from, bytes.length);
                assertTrue(frontEnd.store((long) page * PAGE + from, bytes), last);
                Shared file = files[fileOf[page]];
                int at = pageOf[page] * PAGE + from;
                System.arraycopy(bytes, 0, file.model, at, bytes.length);
                if (valid < PAGE) { // beyond the end anything may be stored, and is lost
                    frontEnd.store((long) page * PAGE + valid, new byte[] {1});
                }
                if (random.nextBoolean()) {
                    file.writeBack();
                }
                settleAliases(file);
                return;
            }
        }
    }

    /** A page that is mapped twice is one page only after the file has been settled. */
    private static void settleAliases(Shared file) {
        file.settle();
        file.settle();
    }

    private byte[] some(int at) {
        byte[] bytes = new byte[1 + random.nextInt(random.nextBoolean() ? 100 : 200_000)];
        random.nextBytes(bytes);
        return at + bytes.length > MAX_FILE ? new byte[0] : bytes;
    }

    private void write(Shared file, int at, boolean settled) throws IOException {
        byte[] bytes = some(at);
        last = "write at %d, %d bytes".formatted(at, bytes.length);
        if (settled) {
            file.settle(at, at + bytes.length);
        }
        file.host.seek(at);
        file.host.write(bytes);
        if (settled) {
            file.settle(at, at + bytes.length);
        }
        grow(file, at + bytes.length);
        System.arraycopy(bytes, 0, file.model, at, bytes.length);
    }

    private static void grow(Shared file, int size) {
        if (size > file.model.length) {
            file.model = Arrays.copyOf(file.model, size);
        }
    }

    private int newSize(Shared file) {
        int size = random.nextBoolean() ? random.nextInt(MAX_FILE) : random.nextInt(20_000);
        return random.nextInt(4) == 0 ? size & -PAGE : size;
    }

    private void truncate(Shared file, boolean shrink) throws IOException {
        int size = newSize(file);
        int next = shrink ? Math.min(size, file.model.length) : Math.max(size, file.model.length);
        last = "truncate %d -> %d".formatted(file.model.length, next);
        file.setLength(next);
        file.model = Arrays.copyOf(file.model, next);
    }

    private void hostWrite(Shared file) throws IOException {
        int at = random.nextInt(file.model.length + 1);
        file.settle(); // what the guest has stored must not come after what the host writes
        write(file, at, false);
        last = "host " + last;
        file.follow(file.model.length, random.nextLong());
    }

    private void hostTruncate(Shared file) throws IOException {
        int next = Math.min(newSize(file), file.model.length);
        last = "host truncate %d -> %d".formatted(file.model.length, next);
        file.settle();
        file.host.setLength(next);
        file.model = Arrays.copyOf(file.model, next);
        file.follow(next, random.nextLong());
    }

    private void check() throws IOException {
        for (int page = 0; page < PAGES; page++) {
            int valid = valid(page);
            byte[] seen = frontEnd.load((long) page * PAGE, Math.max(valid, 1));
            if (fileOf[page] < 0) {
                assertEquals(0, seen.length, "page " + page + " is reachable after " + last);
            } else if (valid > 0) {
                byte[] model = files[fileOf[page]].model;
                int from = pageOf[page] * PAGE;
                byte[] expected = Arrays.copyOfRange(model, from, from + valid);
                assertArrayEquals(expected, seen, "page " + page + " after " + last);
            }
        }
        for (int i = 0; i < FILES; i++) {
            files[i].writeBack();
            byte[] bytes = Files.readAllBytes(folder.resolve("f" + i));
            assertArrayEquals(files[i].model, bytes, "file " + i + " after " + last);
        }
    }

    @ParameterizedTest
    @CsvSource({"REFUSED", "NOT_SENT", "UNKNOWN"})
    void aRequestThatFailsIsAnErrorAndLeavesNothing(Outcome outcome) throws Exception {
        random = new Random(1);
        begin(false);
        Shared file = create("f");
        write(file, 0, true);
        file.host.setLength(10_000);
        assertEquals(0, setUp(file, 0, RANGE, RANGE)); // probes
        for (int failing = 0; failing < 2; failing++) {
            frontEnd.failAfter(failing, outcome); // one for whole pages, one for the tail
            assertEquals(-LinuxErrno.EIO, setUp(file, 0, 0, RANGE));
            assertEquals(0, setUp(file, 0, 0, RANGE)); // and the next one succeeds
            assertEquals(0, window.remove(0, RANGE));
        }
        assertEquals(0, window.remove(RANGE, RANGE));
        assertNull(file.dax());
        assertEquals(0, frontEnd.maps());
        end();
        file.host.close();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1})
    void whatCannotBeMappedAfterACutIsMappedAtTheNextLook(int failing) throws Exception {
        random = new Random(2);
        begin(false);
        Shared file = create("f");
        write(file, 0, true);
        file.host.setLength(10_000);
        assertEquals(0, setUp(file, 0, 0, RANGE));
        frontEnd.failAfter(2 + failing, Outcome.REFUSED); // two are unmapped before
        file.setLength(5_000);
        file.settle();
        assertEquals(5_000, frontEnd.load(0, 5_000).length);
        end();
        file.host.close();
    }
}
