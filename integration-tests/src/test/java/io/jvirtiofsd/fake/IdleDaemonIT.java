package io.jvirtiofsd.fake;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.jvirtiofsd.guest.Amount;
import io.jvirtiofsd.guest.Daemon;
import io.jvirtiofsd.vhost.FakeDriver;
import io.jvirtiofsd.vhost.FakeFrontend;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A daemon whose guest does nothing, after it has done so much that queues were looked at. */
class IdleDaemonIT {
    private static final int IDLE_SECONDS = Amount.of(2, 60);
    private static final int REQUESTS = 20_000;
    private static final int QUEUES = 2;
    private static final int RING = 128;

    /** Longer than any queue is looked at, and than the last request's answer is written. */
    private static final int SETTLE_MILLIS = 500;

    @TempDir Path folder;

    @Test
    void queueThreadsDoNotWakeUp() throws Exception {
        Path share = Files.createDirectory(folder.resolve("share"));
        try (Daemon daemon = Daemon.start(share, folder.resolve("socket"));
                FakeFrontend frontend = new FakeFrontend(daemon.socket())) {
            frontend.negotiate(FakeFrontend.FEATURES, 0, 1, FakeDriver.memoryBytes(QUEUES + 1));
            frontend.start(QUEUES, RING);
            FuseClient fuse = new FuseClient(frontend, 1);
            fuse.init(0);
            for (int i = 0; i < REQUESTS; i++) {
                fuse.bareGetattr(FuseClient.ROOT);
            }
            TimeUnit.MILLISECONDS.sleep(SETTLE_MILLIS);

            Map<String, String> before = switchesOfQueueThreads(daemon);
            TimeUnit.SECONDS.sleep(IDLE_SECONDS);

            assertEquals(before, switchesOfQueueThreads(daemon));
            assertEquals(QUEUES + 1, before.size(), before::toString);
            fuse.bareGetattr(FuseClient.ROOT); // it still serves
        }
    }

    /** How often each queue thread has gone to sleep and was sent there so far, by thread. */
    private static Map<String, String> switchesOfQueueThreads(Daemon daemon) throws IOException {
        Map<String, String> switches = new TreeMap<>();
        Path tasks = Path.of("/proc/" + daemon.servingPid() + "/task");
        try (Stream<Path> threads = Files.list(tasks)) {
            threads.forEach(thread -> addSwitches(thread, switches));
        }
        return switches;
    }

    private static void addSwitches(Path thread, Map<String, String> switches) {
        try {
            String name = Files.readString(thread.resolve("comm")).strip();
            if (name.startsWith("queue-")) {
                String counts =
                        String.join(
                                " ",
                                Files.readAllLines(thread.resolve("status")).stream()
                                        .filter(line -> line.contains("ctxt_switches"))
                                        .toList());
                switches.put(name, counts);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
