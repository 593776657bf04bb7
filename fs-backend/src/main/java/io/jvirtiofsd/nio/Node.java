package io.jvirtiofsd.nio;

import io.jvirtiofsd.fuse.FileType;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * An object of the tree: where it is (parents and names, never a path, so that renaming a directory
 * moves all below it), how often the guest has looked it up, and which channels it has open. Owned
 * by the {@link NodeTree}.
 *
 * <p><i>Guarded by the tree's monitor</i>; what is open, by the node's own.
 */
final class Node {
    /** One name of a node. */
    record Link(Node parent, String name) {}

    private final Object key;
    private final int type;
    private final long ino;

    // guarded by the tree
    final List<Link> links = new ArrayList<>(1);
    final Map<String, Node> children;
    long lookups;
    long nodeId;

    private final List<OpenFile> open = new ArrayList<>(0);
    private Listing listing; // what handles share; guarded by open
    private volatile NioAttributes last;

    /** A node of what {@code seen} tells; {@code ino} is what the guest will see as its number. */
    Node(NioAttributes seen, long ino) {
        this.key = seen.key();
        this.type = seen.type();
        this.ino = ino;
        this.children = type == FileType.DIRECTORY ? new HashMap<>() : Map.of();
        this.last = seen.withIno(ino);
    }

    Object key() {
        return key;
    }

    long ino() {
        return ino;
    }

    boolean isDirectory() {
        return type == FileType.DIRECTORY;
    }

    boolean isRegular() {
        return type == FileType.REGULAR;
    }

    boolean isSymlink() {
        return type == FileType.SYMLINK;
    }

    /** Whether {@code seen} may be this object, as far as the provider lets one know. */
    boolean is(NioAttributes seen) {
        return seen.type() == type && (key == null || key.equals(seen.key()));
    }

    /** What was last known, with the node's own inode number. */
    NioAttributes last() {
        return last;
    }

    /** Remembers and gives what is known now: {@code seen} with the node's inode number. */
    NioAttributes saw(NioAttributes seen) {
        NioAttributes now = seen.ino() == ino ? seen : seen.withIno(ino);
        last = now;
        return now;
    }

    /**
     * The listing that handles of this directory are to use: one that is equal, or {@code fresh}.
     */
    Listing share(Listing fresh, Allowance memory) {
        synchronized (open) {
            if (listing == null || !listing.names().equals(fresh.names())) {
                listing = fresh;
            } else {
                listing.addUser();
                fresh.removeUser(memory);
            }
            return listing;
        }
    }

    void letGo(Listing used, Allowance memory) {
        synchronized (open) {
            if (used.removeUser(memory) && listing == used) {
                listing = null;
            }
        }
    }

    void opened(OpenFile file) {
        synchronized (open) {
            open.add(file);
        }
    }

    void closed(OpenFile file) {
        synchronized (open) {
            open.remove(file);
        }
    }

    /** A share of an open channel of this node that can do this, or null. */
    OpenChannel shareOpen(boolean reading, boolean writing) {
        synchronized (open) {
            for (OpenFile file : open) {
                if (file.channel().share(reading, writing)) {
                    return file.channel();
                }
            }
            return null;
        }
    }

    /** An open file of this node, one for writing if there is one, or null. */
    OpenFile anyOpen() {
        synchronized (open) {
            OpenFile found = null;
            for (OpenFile file : open) {
                if (found == null || file.writable()) {
                    found = file;
                }
            }
            return found;
        }
    }
}
