package io.jvirtiofsd.linux;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * The descriptors this process has open, but for those that the JVM opens and closes as it likes:
 * jars and other files of its own, and files of /proc and /sys. Source: proc(5).
 */
public final class OpenDescriptors {
    static {
        // The JVM keeps a socket from the first that is closed on, which is nobody's leak.
        try {
            ServerSocketChannel.open(StandardProtocolFamily.UNIX).close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private OpenDescriptors() {}

    /** What they lead to: paths, or such as {@code socket:[7]}, in order. */
    public static List<String> targets() {
        try (Stream<Path> fds = Files.list(Path.of("/proc/self/fd"))) {
            return fds.map(OpenDescriptors::target)
                    .filter(Predicate.not(OpenDescriptors::isTheJvms))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public static int count() {
        return targets().size();
    }

    /** How many lead to what {@code wanted} accepts. */
    public static int count(Predicate<String> wanted) {
        return (int) targets().stream().filter(wanted).count();
    }

    /** Fails, and names all, if more than {@code most} remain open for long. */
    public static void assertSettleAt(int most) {
        assertSettleAt(most, "descriptors");
    }

    /**
     * Fails, and names all, if more than {@code most} remain open for long: what a request has
     * retired may wait for the end of another that is just being answered.
     */
    public static void assertSettleAt(int most, String what) {
        assertTrue(
                Waiting.until(() -> count() <= most),
                () -> what + ": more than " + most + " of " + targets());
    }

    private static boolean isTheJvms(String target) {
        return target.endsWith(".jar")
                || target.contains("/jvm/")
                || target.startsWith("/proc/")
                || target.startsWith("/sys/");
    }

    private static String target(Path fd) {
        try {
            return Files.readSymbolicLink(fd).toString();
        } catch (IOException e) {
            return "/proc/closed"; // since it was listed
        }
    }
}
