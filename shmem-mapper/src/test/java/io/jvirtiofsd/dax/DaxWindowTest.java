package io.jvirtiofsd.dax;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.linux.Fd;
import io.jvirtiofsd.linux.FileId;
import io.jvirtiofsd.linux.Syscalls;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the window tells those who ask it without its monitor. */
class DaxWindowTest {
    private static final int PAGE = 4096;
    private static final int REMEMBERED = 1024;

    private final Syscalls syscalls = Syscalls.load();

    @TempDir Path folder;

    @Test
    void filesWithoutAPieceAreForgotten() throws IOException {
        long bytes = 2 * DaxWindow.RANGE_BYTES;
        try (FakeWindow frontend = new FakeWindow(bytes, false);
                DaxWindow window = DaxWindow.open(syscalls, bytes, GuardMode.OFF)) {
            window.attach(frontend);
            FileId live = map(window, "live", DaxWindow.RANGE_BYTES);
            FileId first = map(window, "f0", 0);
            for (int i = 1; i <= REMEMBERED; i++) {
                map(window, "f" + i, 0);
            }
            assertTrue(window.isMapped(first));
            FileId last = map(window, "last", 0);
            assertFalse(window.isMapped(first));
            assertTrue(window.isMapped(last));
            assertTrue(window.isMapped(live));
            window.detach();
        }
    }

    private FileId map(DaxWindow window, String name, long at) throws IOException {
        Fd file = HostFile.open(folder.resolve(name), new byte[PAGE]);
        FileId id = FileId.of(syscalls, file);
        assertEquals(0, window.setup(() -> window.open(file, id), 0, at, PAGE));
        return id;
    }
}
