package io.jvirtiofsd.dax;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.linux.Fd;
import io.jvirtiofsd.linux.Mapping;
import io.jvirtiofsd.linux.Syscalls;
import java.nio.file.Path;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** This process stands for the front-end. */
@SuppressWarnings("try") // what is open need not be named
class ProcessMapsTest {
    private static final int SELF = (int) ProcessHandle.current().pid();
    private static final int NOBODY = Integer.MAX_VALUE;

    @TempDir Path folder;
    private final Syscalls syscalls = Syscalls.load();
    private Fd file;

    @BeforeEach
    void makeFile() throws Exception {
        file = HostFile.open(folder.resolve("file"), new byte[16384]);
    }

    @AfterEach
    void close() {
        file.close();
    }

    private boolean awaitEnd(long size) {
        return ProcessMaps.awaitEnd(syscalls, SELF, file, size);
    }

    @Test
    void whatIsMappedUpToThePageOfTheEndMayStay() throws Exception {
        try (Mapping ignored = Mapping.map(syscalls, file.number(), 4096, 8192)) { // up to 12288
            assertTrue(awaitEnd(12288));
            assertTrue(awaitEnd(8193));
            assertFalse(awaitEnd(8192));
        }
        assertTrue(awaitEnd(0));
    }

    @Test
    void whatIsMappedBeyondIsWaitedFor() throws Exception {
        ScheduledExecutorService later = Executors.newSingleThreadScheduledExecutor();
        Mapping mapping = Mapping.map(syscalls, file.number(), 0, 16384);
        try {
            later.schedule(mapping::close, 100, TimeUnit.MILLISECONDS);
            long begin = System.nanoTime();
            assertTrue(awaitEnd(100));
            assertTrue(System.nanoTime() - begin >= TimeUnit.MILLISECONDS.toNanos(90));
        } finally {
            later.shutdownNow();
            mapping.close();
        }
    }

    @Test
    void whatStaysMappedIsRefused() throws Exception {
        try (Mapping ignored = Mapping.map(syscalls, file.number(), 0, 16384)) {
            assertFalse(awaitEnd(4096));
        }
    }

    @Test
    void processThatIsGoneMapsNothing() {
        assertTrue(ProcessMaps.awaitEnd(syscalls, NOBODY, file, 0));
    }
}
