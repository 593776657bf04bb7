package io.jvirtiofsd.bench;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/**
 * The processor time of a process so far, thread by thread. <i>Immutable.</i> Source:
 * /proc/PID/task/TID/schedstat, which counts nanoseconds where /proc/PID/stat counts hundredths.
 */
final class ProcessorTime {
    private final Map<String, Long> nanosByThread = new HashMap<>();

    private ProcessorTime() {}

    static ProcessorTime of(long pid) throws IOException {
        ProcessorTime time = new ProcessorTime();
        try (DirectoryStream<Path> threads =
                Files.newDirectoryStream(Path.of("/proc/" + pid + "/task"))) {
            for (Path thread : threads) {
                try {
                    String figures = Files.readString(thread.resolve("schedstat"));
                    long nanos = Long.parseLong(figures.substring(0, figures.indexOf(' ')));
                    time.nanosByThread.put(thread.getFileName().toString(), nanos);
                } catch (IOException e) {
                    continue; // the thread has ended
                }
            }
        }
        return time;
    }

    /** Nanoseconds since {@code earlier}, without those of threads that have ended since. */
    long since(ProcessorTime earlier) {
        long sum = 0;
        for (Map.Entry<String, Long> thread : nanosByThread.entrySet()) {
            sum += thread.getValue() - earlier.nanosByThread.getOrDefault(thread.getKey(), 0L);
        }
        return sum;
    }
}
