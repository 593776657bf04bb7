package io.jvirtiofsd.ivshmem;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.guest.GuestKit;
import io.jvirtiofsd.linux.Listener;
import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.linux.Syscalls;
import io.jvirtiofsd.linux.Waiting;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The example of docs/ivshmem.md is this program, and it does what it says. */
class DoublingPeerTest {
    private static final Syscalls SYSCALLS = Syscalls.load();
    private static final Duration SOON = Duration.ofSeconds(10);

    @TempDir Path folder;

    @FunctionalInterface
    private interface Work {
        void run() throws IOException;
    }

    /**
     * On a thread of its own: the common pool may have a single one, and this goes on until told.
     */
    private static CompletableFuture<Void> start(Work work) {
        return CompletableFuture.runAsync(
                () -> {
                    try {
                        work.run();
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                },
                task -> new Thread(task).start());
    }

    @Test
    void theExampleAnswersUntilTheServerEnds() throws Exception {
        Path socket = folder.resolve("s");
        IvshmemServer server =
                new IvshmemServer(
                        SYSCALLS,
                        Listener.bind(SYSCALLS, socket, null, 1),
                        IvshmemMemory.create(SYSCALLS, 4096, false),
                        new IvshmemOptions(1, 2));
        CompletableFuture<Void> served = start(server::serve);
        CompletableFuture<Void> answered =
                start(() -> DoublingPeer.main(new String[] {"" + socket}));
        try (IvshmemPeer asker = IvshmemPeer.join(socket, 1, SOON)) {
            assertTrue(Waiting.until(() -> asker.peers().size() == 1));
            NativeMemory page = asker.memory(0, 4096);
            for (long question = 1; question < 100; question++) {
                page.putLong(8, question);
                page.putIntRelease(0, asker.id());
                assertTrue(asker.ring(asker.peers().iterator().next(), 0));
                assertEquals(1, asker.await(0, SOON));
                assertEquals(2 * question, page.getLongAcquire(16));
            }
            server.end();
            served.get(10, TimeUnit.SECONDS);
            server.close();
            answered.get(10, TimeUnit.SECONDS);
        }
    }

    @Test
    void thePagePrintsTheExample() throws IOException {
        String example =
                Files.readString(
                        GuestKit.home()
                                .resolve("integration-tests/src/test/java")
                                .resolve("io/jvirtiofsd/ivshmem/DoublingPeer.java"));
        String printed = example.substring(example.indexOf("/** Doubles"));
        String page = Files.readString(GuestKit.home().resolve("docs/ivshmem.md"));
        assertTrue(page.contains("```java\n" + printed + "```\n"));
    }
}
