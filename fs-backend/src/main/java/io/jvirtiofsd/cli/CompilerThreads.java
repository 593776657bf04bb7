package io.jvirtiofsd.cli;

import io.jvirtiofsd.linux.Syscalls;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The JVM's threads that compile well and slowly. What they make is little faster than what the
 * quick compiler has made before, which is not slowed down; but for most of a second after a start
 * they want a whole processor, which requests want, too. <i>Stateless.</i>
 */
final class CompilerThreads {
    /** A tenth of the time of others that want the same processor; sched(7). */
    private static final int NICE = 10;

    private static final String NAME = "C2 CompilerThre"; // as long as names of threads may be
    private static final Path THREADS = Path.of("/proc/self/task");

    private CompilerThreads() {}

    /** Lets them have what processor time others leave, and those that they start. */
    static void giveWay(Syscalls syscalls) {
        String[] threads = THREADS.toFile().list();
        for (String thread : threads == null ? new String[0] : threads) {
            if (isCompiler(thread)) {
                syscalls.setThreadPriority(Integer.parseInt(thread), NICE);
            }
        }
    }

    private static boolean isCompiler(String thread) {
        try {
            return Files.readString(THREADS.resolve(thread).resolve("comm")).startsWith(NAME);
        } catch (IOException e) {
            return false; // it has ended
        }
    }
}
