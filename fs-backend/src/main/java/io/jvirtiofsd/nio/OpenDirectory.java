package io.jvirtiofsd.nio;

import java.util.List;

/**
 * A directory that the guest reads: the names there were when it was read from the start, so that
 * offsets, which are places in this list, stay what they are whatever is made or removed meanwhile.
 *
 * <p>Guarded by its own monitor.
 */
final class OpenDirectory implements Handle {
    private final Node node;
    private List<String> names;

    OpenDirectory(Node node) {
        this.node = node;
    }

    Node node() {
        return node;
    }

    /** The names, or null before the first read. */
    List<String> names() {
        return names;
    }

    void setNames(List<String> names) {
        this.names = names;
    }

    @Override
    public void close() {
        // holds nothing open
    }
}
