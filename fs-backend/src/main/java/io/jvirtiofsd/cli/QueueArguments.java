package io.jvirtiofsd.cli;

import io.jvirtiofsd.backend.BackEndOptions;
import picocli.CommandLine;
import picocli.CommandLine.Option;

/** The options about how request queues are served; filled by {@link Options}. */
final class QueueArguments {
    @Option(
            names = "--thread-pool-size",
            paramLabel = "auto|N",
            defaultValue = "auto",
            converter = ThreadsConverter.class,
            description =
                    "Threads that help when requests pile up in a queue; each queue "
                            + "has a thread of its own (default: ${DEFAULT-VALUE}, a few, while"
                            + " requests take long).")
    int threadPoolSize = BackEndOptions.AUTO_POOL;

    @Option(
            names = "--poll",
            paramLabel = "auto|off|MICROSECONDS",
            defaultValue = "auto",
            converter = PollConverter.class,
            description =
                    "How long a queue that has run empty is looked at before its thread sleeps,"
                            + " which saves a wake-up and takes a processor (default:"
                            + " ${DEFAULT-VALUE}, as long as it pays).")
    int pollMicros = BackEndOptions.AUTO_POLL;

    /**
     * Reads {@code auto} or a number.
     *
     * @throws IllegalArgumentException if that is none of them; the message is one sentence
     */
    static int threads(String value) {
        if (value.equalsIgnoreCase("auto")) {
            return BackEndOptions.AUTO_POOL;
        }
        try {
            int threads = Integer.parseInt(value);
            if (threads >= 0 && threads <= BackEndOptions.MOST_POOL_THREADS) {
                return threads;
            }
        } catch (NumberFormatException e) {
            // as any other that is out of range
        }
        throw new IllegalArgumentException(
                "'%s' is none of auto, 0..%d threads"
                        .formatted(value, BackEndOptions.MOST_POOL_THREADS));
    }

    /**
     * Reads {@code auto}, {@code off} or microseconds.
     *
     * @throws IllegalArgumentException if that is none of them; the message is one sentence
     */
    static int micros(String value) {
        if (value.equalsIgnoreCase("auto")) {
            return BackEndOptions.AUTO_POLL;
        }
        if (value.equalsIgnoreCase("off")) {
            return 0;
        }
        try {
            int micros = Integer.parseInt(value);
            if (micros >= 0 && micros <= BackEndOptions.MOST_POLL_MICROS) {
                return micros;
            }
        } catch (NumberFormatException e) {
            // as any other that is out of range
        }
        throw new IllegalArgumentException(
                "'%s' is none of auto, off, 0..%d microseconds"
                        .formatted(value, BackEndOptions.MOST_POLL_MICROS));
    }

    /** The same for picocli. */
    static final class ThreadsConverter implements CommandLine.ITypeConverter<Integer> {
        @Override
        public Integer convert(String value) {
            return AnnotatedOptions.converted(QueueArguments::threads, value);
        }
    }

    /** The same for picocli. */
    static final class PollConverter implements CommandLine.ITypeConverter<Integer> {
        @Override
        public Integer convert(String value) {
            return AnnotatedOptions.converted(QueueArguments::micros, value);
        }
    }
}
