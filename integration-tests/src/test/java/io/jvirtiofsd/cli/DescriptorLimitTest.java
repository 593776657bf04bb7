package io.jvirtiofsd.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** How many of the host's files a daemon takes. */
class DescriptorLimitTest {
    private static final long PLENTY = 1L << 40;

    @Test
    void someAreLeftToOthers() {
        assertEquals(1_000_000, DescriptorLimit.spared(PLENTY, PLENTY));
        assertEquals(1_000_000, DescriptorLimit.spared(PLENTY, 1_016_384));
        assertEquals(999_999, DescriptorLimit.spared(PLENTY, 1_016_383));
        assertEquals(65_536, DescriptorLimit.spared(65_536, PLENTY));
        assertEquals(256, DescriptorLimit.spared(PLENTY, 10_000));
    }

    @Test
    void theKernelsNumbersAreReadWhole() throws Exception {
        for (String file : new String[] {"/proc/sys/fs/nr_open", "/proc/sys/fs/file-max"}) {
            Process cat = new ProcessBuilder("cat", file).start();
            String said = new String(cat.getInputStream().readAllBytes()).trim();
            assertEquals(Long.parseLong(said), DescriptorLimit.read(Path.of(file)));
        }
    }
}
