package io.jvirtiofsd.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** A share of our daemon in a temporary folder, and what every guest test checks about it. */
final class ShareRig implements AutoCloseable {
    private static final Duration HOST_SCRIPT = Duration.ofMinutes(3);
    private static final Duration GUEST_SCRIPT = Duration.ofMinutes(2);

    private static final long MOST_KIB = 90_000_000 / 1024;

    /** The guest's user without rights. */
    static final int USER = 1000;

    private final Path folder;
    private final Path share;
    private final Daemon daemon;
    private int idle;

    ShareRig(Path folder, String name, String... options) throws IOException {
        this.folder = folder;
        this.share = Files.createDirectory(folder.resolve("share-" + name));
        this.daemon = Daemon.start(share, folder.resolve(name), options);
        this.idle = daemon.openDescriptors();
    }

    Daemon daemon() {
        return daemon;
    }

    Path share() {
        return share;
    }

    Path socket() {
        return daemon.socket();
    }

    /** A script of the test resources with {@code arguments}, to be run by bash. */
    static String script(String name, String... arguments) {
        return "set -- " + String.join(" ", arguments) + "\n" + resource(name);
    }

    /** A Python program of the test resources likewise. */
    static String python(String name, String... arguments) {
        return "cat >/tmp/%1$s <<'END'\n%2$s\nEND\npython3 /tmp/%1$s %3$s"
                .formatted(name, resource(name), String.join(" ", arguments));
    }

    private static String resource(String name) {
        try (InputStream in = ShareRig.class.getResourceAsStream("/guest/" + name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The script, to be run by the guest's root, as done by its root or by its user. */
    static String as(String who, String script) {
        return who.equals("root")
                ? script
                : """
                exec setpriv --reuid %1$d --regid %1$d --clear-groups env HOME=/tmp \\
                    bash -c "$(cat <<'END_OF_SCRIPT'
                %2$s
                END_OF_SCRIPT
                )"
                """
                        .formatted(USER, script);
    }

    /** Runs a script on the host; its output. */
    static String onHost(String script) {
        ExecResult result = Processes.run(HOST_SCRIPT, List.of("bash", "-c", script));
        assertEquals(0, result.exitCode(), result.text());
        return result.text();
    }

    /** Both sides see the same names, attributes and contents below {@code part} of the share. */
    void assertSameOnBothSides(Guest guest, String mount, String part) {
        assertSameOnBothSides(guest, mount, part, GUEST_SCRIPT);
    }

    /** The same of a large part, which takes the guest at most {@code limit}. */
    void assertSameOnBothSides(Guest guest, String mount, String part, Duration limit) {
        assertEquals(
                onHost(script("checksums.sh", share + "/" + part)),
                guest.check(script("checksums.sh", mount + "/" + part), limit));
    }

    /** Notes how many descriptors the daemon has while a mounted but unused guest runs. */
    void mounted() {
        idle = daemon.openDescriptors();
    }

    /** After umount every inode is forgotten and nothing is open; nobody complained. */
    void assertIdle() {
        assertTrue(
                daemon.awaitDescriptors(idle),
                () -> daemon.descriptors() + " are more than " + idle);
        assertEquals(List.of(), daemon.complaints());
    }

    /** However much was done, the daemon has little memory of its own. */
    void assertSmall() {
        try {
            long kib = daemon.memoryKib("Anonymous");
            assertTrue(kib <= MOST_KIB, kib + " KiB");
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        daemon.close();
        ShareRig.onHost("rm -rf " + share);
    }
}
