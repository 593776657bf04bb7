package io.jvirtiofsd.fuzz;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.linux.Syscalls;

/**
 * Plays an input and sees to it that no descriptor is left, by two system calls: the next one to be
 * opened gets the number that it would have got before. <i>Confined to its thread.</i>
 */
public final class DescriptorWatch {
    private static final Syscalls SYSCALLS = Syscalls.load();
    private static final int ANY = 0; // of those that are always open

    private DescriptorWatch() {}

    /** What an input does. */
    public interface Play {
        void play() throws Exception;
    }

    /**
     * Plays {@code input}; again if a descriptor is left, as the JVM opens files of its own once.
     */
    public static void play(Play input) throws Exception {
        int free = lowestFree();
        input.play();
        if (lowestFree() > free) {
            int freeAgain = lowestFree();
            input.play();
            assertTrue(lowestFree() <= freeAgain, "a descriptor is left");
        }
    }

    private static int lowestFree() {
        int number = SYSCALLS.dup(ANY);
        SYSCALLS.close(number);
        return number;
    }
}
