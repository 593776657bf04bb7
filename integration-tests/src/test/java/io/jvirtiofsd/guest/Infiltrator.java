package io.jvirtiofsd.guest;

import io.jvirtiofsd.linux.RawCalls;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.jar.Attributes;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Code that has got into the daemon, in a thread of its own: it waits for an order and tells what
 * came of it. An order is "read FILE", or a system call with up to three arguments.
 */
public final class Infiltrator {
    private static final int POLL_MILLIS = 20;
    private static final int MOST_ARGUMENTS = 3;

    private Infiltrator() {}

    /** Makes the file that a JVM takes as {@code -javaagent:JAR=FILE_OF_THE_ORDER}. */
    static Path jar(Path jar) throws IOException, URISyntaxException {
        Manifest manifest = new Manifest();
        Attributes main = manifest.getMainAttributes();
        main.put(Attributes.Name.MANIFEST_VERSION, "1.0");
        main.putValue("Premain-Class", Infiltrator.class.getName());
        String places =
                Stream.of(Infiltrator.class, RawCalls.class)
                        .map(type -> type.getProtectionDomain().getCodeSource().getLocation())
                        .map(Object::toString)
                        .collect(Collectors.joining(" "));
        main.put(Attributes.Name.CLASS_PATH, places);
        try (OutputStream out = Files.newOutputStream(jar)) {
            new JarOutputStream(out, manifest).close();
        }
        return jar;
    }

    public static void premain(String order) {
        Thread thread = new Thread(() -> await(Path.of(order)), "infiltrator");
        thread.setDaemon(true);
        thread.start();
    }

    private static void await(Path order) {
        try {
            while (!Files.exists(order) || Files.size(order) == 0) {
                Thread.sleep(POLL_MILLIS);
            }
            System.err.println("infiltrator: " + obey(Files.readString(order).split(" ")));
        } catch (IOException | InterruptedException e) {
            System.err.println("infiltrator: " + e);
        }
    }

    private static Object obey(String[] words) throws IOException {
        if (words[0].equals("read")) {
            return Files.readString(Path.of(words[1]));
        }
        long[] arguments =
                Arrays.copyOf(
                        Arrays.stream(words).skip(1).mapToLong(Long::decode).toArray(),
                        MOST_ARGUMENTS);
        return RawCalls.call(words[0], arguments[0], arguments[1], arguments[2]);
    }
}
