package io.jvirtiofsd.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.fake.InProcess;
import io.jvirtiofsd.passthrough.XattrOptions;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Each row does what it is to do, and notices if it was not done: without measuring. */
class RowsTest {
    private static final int NAMES = 500;
    private static final int FILE_BYTES = 8 << 20;

    @TempDir Path folder;
    private BenchShare share;
    private InProcess daemon;
    private Contender side;

    @BeforeEach
    void start() throws IOException {
        share = BenchShare.create(folder.resolve("share"), NAMES, FILE_BYTES);
        daemon =
                new InProcess(share.folder(), folder, options -> options.xattrs(XattrOptions.on()));
        long pid = ProcessHandle.current().pid();
        side = new Contender("ours", daemon.socket(), pid, share, 2);
    }

    @AfterEach
    void end() throws IOException {
        side.close();
        daemon.close();
    }

    /** One operation of each of {@code depth} chains a queue. */
    private Cell once(Row row, int depth, int queues, boolean sleeping) throws Exception {
        return side.measure(row, depth, queues, sleeping, 0);
    }

    @Test
    void eachRowIsDoneAndItsDataIsVerified() throws Exception {
        for (Row row : Rows.ALL) {
            if (row.name().endsWith("xattr") && !share.hasAttributes()) {
                continue;
            }
            for (boolean sleeping : new boolean[] {true, false}) {
                Cell alone = once(row, 1, 1, sleeping);
                assertEquals(1, alone.operations(), row.name());
                assertEquals(1, alone.latencies().getTotalCount(), row.name());
                Cell many = once(row, 4, 2, sleeping);
                assertEquals(8, many.operations(), row.name());
                assertTrue(many.perSecond() > 0, row.name());
            }
        }
    }

    @Test
    void bareCallsDoTheSame() throws Exception {
        try (BareCalls calls = new BareCalls(share)) {
            for (Row row : Rows.ALL) {
                if (!row.name().endsWith("xattr") || share.hasAttributes()) {
                    assertTrue(BareCalls.nanos(row.bare().of(calls), 1) > 0, row.name());
                }
            }
        }
    }

    @Test
    void bytesThatAreNotTheFilesFailARead() throws Exception {
        try (RandomAccessFile file = new RandomAccessFile(share.folder() + "/read", "rw")) {
            file.seek(4096 + 1234);
            file.write(77);
        }
        Row row = Rows.named("read-128k");
        String message =
                assertThrows(IllegalStateException.class, () -> once(row, 1, 1, true)).getMessage();
        assertEquals("ours, read-128k: byte 5328 is not what the file has", message);
    }

    @Test
    void bytesThatWereNotWrittenAreNoticed() throws Exception {
        Path file = share.folder().resolve("written");
        side.measure(Rows.named("write-4k"), 1, 1, true, 0);
        long salt = 1L << 32;
        int written = 0;
        for (int block = 0; block < FILE_BYTES / BenchShare.PAGE_BYTES; block++) {
            try {
                share.verify(file, (long) block * BenchShare.PAGE_BYTES, 4096, salt);
                written++;
            } catch (IllegalStateException e) {
                continue; // of the others
            }
        }
        assertEquals(1, written);
    }

    @Test
    void errorsFailARow() throws Exception {
        assertTrue(share.folder().resolve("read").toFile().delete());
        String message =
                assertThrows(
                                IllegalStateException.class,
                                () -> once(Rows.named("lookup"), 1, 1, true))
                        .getMessage();
        assertTrue(message.contains("error 2"), message);
    }
}
