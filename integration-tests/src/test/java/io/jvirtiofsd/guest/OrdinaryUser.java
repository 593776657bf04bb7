package io.jvirtiofsd.guest;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** A user of the host without rights, who may have a range of further ids (subuid(5)). */
public final class OrdinaryUser {
    public static final int ID = 1234;

    /** The first of the further ids, which is 1 to guests. */
    static final int RANGE = 100_000;

    private static final int COUNT = 65_535;
    private static final Duration LIMIT = Duration.ofSeconds(20);

    /** A command that has another run as this user. */
    static final String PREFIX = "setpriv --reuid=%1$d --regid=%1$d --clear-groups".formatted(ID);

    /** Options by which guests have users of their own: his id, then the range. */
    public static final String[] MAPS = {
        "--uid-map=:0:%d:1:".formatted(ID),
        "--uid-map=:1:%d:%d:".formatted(RANGE, COUNT),
        "--gid-map=:0:%d:1:".formatted(ID),
        "--gid-map=:1:%d:%d:".formatted(RANGE, COUNT)
    };

    private OrdinaryUser() {}

    /** Whether he may make namespaces: a host may forbid it. */
    public static boolean mayUnshare() {
        List<String> unshare =
                List.of("sh", "-c", PREFIX + " unshare --user --map-current-user true");
        return Processes.run(LIMIT, unshare).exitCode() == 0;
    }

    /**
     * A setting for {@link Daemon#startUnder}: newuidmap(1) knows of the range, as in a mount
     * namespace that goes with the daemon the host's files say so.
     *
     * @param folder for these files
     */
    public static String withRange(Path folder) throws IOException {
        Path range =
                Files.writeString(folder.resolve("range"), "box:%d:%d\n".formatted(RANGE, COUNT));
        Path users =
                Files.writeString(folder.resolve("users"), "box:x:%1$d:%1$d::/:\n".formatted(ID));
        return """
        exec unshare --mount sh -c 'mount --bind %1$s /etc/subuid
        mount --bind %1$s /etc/subgid
        mount --bind %2$s /etc/passwd
        exec %3$s "$0" "$@"'\
        """
                .formatted(range, users, PREFIX);
    }
}
