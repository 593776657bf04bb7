package io.jvirtiofsd.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What becomes of the process when a thread ends by what nobody has caught: the process ends, too.
 * Without one of its threads a daemon is a guest's mount, or a host program held up by the DAX
 * guard, that hangs; a dead one is noticed by all, and the kernel lets go of everything it held.
 *
 * <p>Not {@code -XX:+ExitOnOutOfMemoryError}: the JVM would end for a request that is refused with
 * ENOMEM. Installed by {@link Main}; a program that embeds a back-end decides for itself.
 * <i>Thread-safe.</i>
 */
final class LastResort implements Thread.UncaughtExceptionHandler {
    private static final Logger LOG = LoggerFactory.getLogger(LastResort.class);
    private static final int FAILED = 1;

    // Made beforehand: there may be no memory for it then.
    private final byte[] outOfMemory =
            "jvirtiofsd: out of memory, ends\n".getBytes(StandardCharsets.US_ASCII);
    private final FileOutputStream standardError = new FileOutputStream(FileDescriptor.err);

    /** Makes it the handler of all threads. */
    static void install() {
        Thread.setDefaultUncaughtExceptionHandler(new LastResort());
    }

    @Override
    public void uncaughtException(Thread thread, Throwable failure) {
        try {
            if (failure instanceof OutOfMemoryError) {
                standardError.write(outOfMemory);
            } else {
                LOG.error("{} failed, the daemon ends", thread.getName(), failure);
            }
        } catch (IOException | RuntimeException | Error e) {
            // then it ends without a word
        } finally {
            Runtime.getRuntime().halt(FAILED);
        }
    }
}
