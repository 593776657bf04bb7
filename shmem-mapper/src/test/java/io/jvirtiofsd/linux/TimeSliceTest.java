package io.jvirtiofsd.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class TimeSliceTest {
    private static final long SHORTEST = 100_000;

    private final CompletableFuture<long[]> slices = new CompletableFuture<>();

    @Test
    void threadsOfAThreadWithShortTurnsHaveShortTurns() throws Exception {
        Syscalls syscalls = Syscalls.load();
        new Thread(
                        () -> {
                            long before = TimeSlice.nanos(syscalls);
                            TimeSlice.shorten(syscalls);
                            long own = TimeSlice.nanos(syscalls);
                            new Thread(
                                            () ->
                                                    slices.complete(
                                                            new long[] {
                                                                before,
                                                                own,
                                                                TimeSlice.nanos(syscalls)
                                                            }))
                                    .start();
                        })
                .start();
        long[] all = slices.get(10, TimeUnit.SECONDS);
        boolean known = all[0] != 0; // Linux 6.12
        assertTrue(!known || all[0] > SHORTEST);
        assertEquals(known ? SHORTEST : 0, all[1]);
        assertEquals(all[1], all[2]);
    }
}
