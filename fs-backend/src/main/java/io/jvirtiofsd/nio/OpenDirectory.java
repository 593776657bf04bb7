package io.jvirtiofsd.nio;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * A directory that the guest reads: the names there were when it was read from the start, so that
 * offsets, which are places in this list, stay what they are whatever is made or removed meanwhile.
 *
 * <p>Guarded by its own monitor.
 */
final class OpenDirectory implements NioHandle {
    private final Node node;
    private final Allowance memory;
    private Listing listing;
    private boolean closed;

    OpenDirectory(Node node, Allowance memory) {
        this.node = node;
        this.memory = memory;
    }

    @Override
    public Node node() {
        return node;
    }

    /** The names, or null before the first read. */
    List<String> names() {
        return listing == null ? null : listing.names();
    }

    /** Reads the names anew from {@code path}. */
    void read(Path path) throws IOException {
        Listing fresh = Listing.of(path, memory);
        letGo();
        listing = node.share(fresh, memory);
        if (closed) {
            letGo();
        }
    }

    private void letGo() {
        if (listing != null) {
            node.letGo(listing, memory);
            listing = null;
        }
    }

    @Override
    public synchronized void close() {
        closed = true;
        letGo();
    }
}
