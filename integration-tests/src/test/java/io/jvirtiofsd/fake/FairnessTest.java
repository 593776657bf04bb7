package io.jvirtiofsd.fake;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.linux.Waiting;
import io.jvirtiofsd.vhost.FakeDriver;
import io.jvirtiofsd.vhost.FakeFrontend;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A guest that never lets one queue get empty keeps neither its other queues nor the socket
 * waiting. How long these take is measured by {@code .ci/bench fairness}.
 */
class FairnessTest {
    private static final int GETATTR = 3;
    private static final int ANSWER_BYTES = 16 + 104;
    private static final int RING = 512;
    private static final int TIMES = 300;

    @TempDir Path folder;

    @ParameterizedTest
    @ValueSource(ints = {0, 2})
    @Timeout(value = 60, unit = TimeUnit.SECONDS)
    void aFullQueueKeepsNobodyElseWaiting(int threadPoolSize) throws Exception {
        try (InProcess backEnd =
                        new InProcess(
                                folder.resolve("share"),
                                folder,
                                options -> options.threadPoolSize(threadPoolSize));
                FakeFrontend frontend = backEnd.connect()) {
            int memoryBytes = FakeDriver.memoryBytes(3) + Flood.MEMORY_BYTES;
            frontend.negotiate(FakeFrontend.FEATURES, 0, 1, memoryBytes);
            frontend.start(2, RING);
            FuseClient quiet = new FuseClient(frontend, 2);
            quiet.init(0);
            try (Flood flood =
                    Flood.of(frontend.queue(1), GETATTR, FuseClient.ROOT, ANSWER_BYTES, 0, 0)) {
                for (int i = 0; i < TIMES; i++) {
                    long before = flood.answered();
                    quiet.getattr(FuseClient.ROOT);
                    frontend.ask(FakeFrontend.GET_PROTOCOL_FEATURES);
                    assertTrue(Waiting.until(() -> flood.answered() > before), "it goes on");
                }
            }
        }
    }
}
