package io.jvirtiofsd.nio;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The names that a directory had when it was read: offsets are places in this list. Shared by the
 * handles that have found the same names, taken from the session's {@link Allowance} once.
 *
 * <p>Guarded by the directory's {@link Node}, but for the names, which never change.
 */
final class Listing {
    private static final int NAME_BYTES = 64; // of the heap, besides the characters

    private final List<String> names;
    private final long bytes;
    private int users = 1;

    private Listing(List<String> names, long bytes) {
        this.names = names;
        this.bytes = bytes;
    }

    /**
     * Reads a directory, for one handle.
     *
     * @throws IOException if it cannot be read, or has more names than {@code memory} is left for
     */
    static Listing of(Path directory, Allowance memory) throws IOException {
        List<String> names = new ArrayList<>();
        long taken = 0;
        boolean complete = false;
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory)) {
            for (Path entry : entries) {
                String name = entry.getFileName().toString();
                long bytes = NAME_BYTES + 2L * name.length();
                memory.take(bytes);
                taken += bytes;
                names.add(name);
            }
            complete = true;
        } finally {
            if (!complete) {
                memory.give(taken);
            }
        }
        return new Listing(names, taken);
    }

    List<String> names() {
        return names;
    }

    void addUser() {
        users++;
    }

    /** Counts one handle less; whether that was the last. */
    boolean removeUser(Allowance memory) {
        if (--users > 0) {
            return false;
        }
        memory.give(bytes);
        return true;
    }
}
