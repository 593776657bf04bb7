package io.jvirtiofsd.cli;

import java.nio.file.Path;

/**
 * What the launcher has made before this process began, and tells by properties. Source: {@code
 * packaging/confinement}. <i>Stateless.</i>
 */
final class Launcher {
    private Launcher() {}

    /** The mode of the sandbox, or {@code none} if there is no sandbox. */
    static String sandbox(String none) {
        return System.getProperty("jvirtiofsd.sandbox", none);
    }

    /** Where the shared {@code directory} of the host is here. */
    static Path place(Path directory) {
        String inSandbox = System.getProperty("jvirtiofsd.share");
        return inSandbox == null ? directory : Path.of(inSandbox);
    }

    /** The number by which starters know the daemon: of the launcher's process if that waits. */
    static long process() {
        return Long.getLong("jvirtiofsd.pid", ProcessHandle.current().pid());
    }

    /** Whether the ids of {@code --uid-map} and {@code --gid-map} are those of a user namespace. */
    static boolean hasMappedIds() {
        return "namespace".equals(System.getProperty("jvirtiofsd.ids"));
    }
}
