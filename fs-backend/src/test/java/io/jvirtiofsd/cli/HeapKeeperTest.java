package io.jvirtiofsd.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** What is old when it dies does not make the heap grow, whatever the JDK's collector does. */
class HeapKeeperTest {
    private static final int MIB = 1 << 20;
    private static final int MOST_MIB = 64;
    private static final int SECONDS = 60;

    /**
     * Makes garbage, all of it old, for five seconds at least; ends with 1 once too much is held.
     */
    static final class Sessions {
        private static final int LIVE_MIB = 4;
        private static final int BLOCK_BYTES = 16 << 10;
        private static final int ROUNDS = 500;

        private Sessions() {}

        public static void main(String[] args) throws Exception {
            Thread keeper = new Thread(new HeapKeeper(Duration.ofMillis(20)));
            keeper.setDaemon(true);
            keeper.start();
            ArrayDeque<byte[]> held = new ArrayDeque<>();
            for (int round = 0; round < ROUNDS; round++) {
                for (int i = 0; i < MIB / BLOCK_BYTES; i++) {
                    held.add(new byte[BLOCK_BYTES]);
                    if (held.size() > LIVE_MIB * MIB / BLOCK_BYTES) {
                        held.remove();
                    }
                }
                if (Runtime.getRuntime().totalMemory() > (long) MOST_MIB * MIB) {
                    System.exit(1);
                }
                Thread.sleep(10); // 500 MiB in five seconds: sessions come no faster
            }
        }
    }

    @Test
    void theHeapStaysSmall() throws Exception {
        Process process =
                new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin/java").toString(),
                                "-XX:+UseSerialGC",
                                "-Xms16m",
                                "-Xmx1g",
                                "-XX:MaxTenuringThreshold=1",
                                "-cp",
                                System.getProperty("java.class.path"),
                                Sessions.class.getName())
                        .inheritIO()
                        .start();
        assertTrue(process.waitFor(SECONDS, TimeUnit.SECONDS));
        assertEquals(0, process.exitValue());
    }
}
