package io.jvirtiofsd.nio;

import io.jvirtiofsd.fuse.Errno;
import io.jvirtiofsd.fuse.ErrnoException;
import io.jvirtiofsd.fuse.FileSystem;
import io.jvirtiofsd.fuse.SlotTable;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * All nodes the guest knows, and the directories that lead to them. Owned by the session.
 *
 * <p>A node is found by parent and name, and by the provider's key for objects where there is one:
 * that is how hard links are one node. A node stays as long as the guest has lookups of it, or of a
 * node below it.
 *
 * <p><i>Thread-safe</i>; asks the provider nothing. The session's lock of names keeps names from
 * changing between two calls.
 */
final class NodeTree {
    private static final int MAX_DEPTH = 4096;

    /** A node that was looked up, and the nodeId it has since. */
    record Counted(Node node, long nodeId) {}

    private final Path rootPath;
    private final Node root;
    private final SlotTable<Node> byNodeId;
    private final Map<Object, Node> byKey = new HashMap<>();

    private final int limit;

    /** Names of all nodes together: counted, since a node may have many. */
    private int names;

    NodeTree(Path rootPath, NioAttributes rootSeen, NioOptions options) {
        this.rootPath = rootPath;
        this.limit = options.maxNodes();
        this.byNodeId = new SlotTable<>(limit);
        this.root = new Node(rootSeen, rootSeen.ino() != 0 ? rootSeen.ino() : FileSystem.ROOT);
        root.lookups = Long.MAX_VALUE / 2; // never forgotten
        root.nodeId = byNodeId.add(root);
        if (root.key() != null) {
            byKey.put(root.key(), root);
        }
        assert root.nodeId == FileSystem.ROOT;
    }

    Node root() {
        return root;
    }

    /** The node with this nodeId. */
    Node node(long nodeId) throws ErrnoException {
        Node node = byNodeId.get(nodeId);
        if (node == null) {
            throw ErrnoException.of(Errno.ENOENT);
        }
        return node;
    }

    /** The names of a node, for {@link #path}; empty once it has none. */
    synchronized List<Node.Link> links(Node node) {
        return List.copyOf(node.links);
    }

    /** The path of a directory, or ENOENT if it has none any more. */
    synchronized Path path(Node directory) throws ErrnoException {
        if (directory == root) {
            return rootPath;
        }
        if (directory.links.isEmpty()) {
            throw ErrnoException.of(Errno.ENOENT);
        }
        return path(directory.links.get(0));
    }

    /** The path that a name stands for. */
    synchronized Path path(Node.Link link) throws ErrnoException {
        List<String> names = new ArrayList<>();
        Node.Link at = link;
        while (true) {
            if (names.size() == MAX_DEPTH) {
                throw ErrnoException.of(Errno.ELOOP);
            }
            names.add(at.name());
            if (at.parent() == root) {
                break;
            }
            if (at.parent().links.isEmpty()) {
                throw ErrnoException.of(Errno.ENOENT);
            }
            at = at.parent().links.get(0);
        }
        Path path = rootPath;
        for (int i = names.size() - 1; i >= 0; i--) {
            path = path.resolve(names.get(i));
        }
        return path;
    }

    /** The parent of a directory; the root's is the root. */
    synchronized Node parent(Node directory) {
        return directory.links.isEmpty() ? root : directory.links.get(0).parent();
    }

    /** What is known by this name, without counting; null if nothing is. */
    synchronized Node child(Node parent, String name) {
        return parent.children.get(name);
    }

    /** The inode number an object of this name has or would get. */
    synchronized long inoOf(Node parent, String name, NioAttributes seen) {
        if (seen.ino() != 0) {
            return seen.ino();
        }
        Node known = seen.key() == null ? parent.children.get(name) : byKey.get(seen.key());
        return known != null ? known.ino() : hash(parent.ino(), name);
    }

    /** An inode number for an object that has none, made of the place where it was first seen. */
    private static long hash(long parentIno, String name) {
        long mixed = parentIno * 0x9E3779B97F4A7C15L ^ name.hashCode();
        for (int i = 0; i < name.length(); i++) {
            mixed = (mixed ^ name.charAt(i)) * 0x100000001B3L; // FNV-1a
        }
        return mixed >>> 1 | 1L << 32; // positive, and never one of the small special ones
    }

    /**
     * Counts a lookup of what {@code seen} tells about a name.
     *
     * @throws ErrnoException ENFILE if there are too many
     */
    synchronized Counted lookup(Node parent, String name, NioAttributes seen)
            throws ErrnoException {
        Node node = parent.children.get(name);
        if (node == null) {
            requireRoom();
        } else if (!node.is(seen)) {
            cut(node, parent, name);
            node = null;
        }
        if (node == null) {
            node = seen.key() == null ? null : byKey.get(seen.key());
            if (node != null && !node.is(seen)) {
                node = null; // the provider uses keys again
            }
            if (node == null) {
                node = new Node(seen, inoOf(parent, name, seen));
                if (seen.key() != null) {
                    byKey.put(seen.key(), node);
                }
            }
            link(node, parent, name);
        }
        return count(node);
    }

    /**
     * Refuses to make what the guest could not get to know. Names are counted as well as nodes: a
     * node may have many, and what leads to one is kept without being counted.
     *
     * @throws ErrnoException ENFILE
     */
    synchronized void requireRoom() throws ErrnoException {
        if (names >= limit || byNodeId.isFull()) {
            throw ErrnoException.of(Errno.ENFILE);
        }
    }

    /** Counts a lookup of a node that has got this name. */
    synchronized Counted addName(Node node, Node parent, String name) throws ErrnoException {
        Node before = parent.children.get(name);
        if (before != null && before != node) {
            cut(before, parent, name);
        }
        link(node, parent, name);
        return count(node);
    }

    private Counted count(Node node) throws ErrnoException {
        if (node.lookups == 0) {
            node.nodeId = byNodeId.add(node);
            if (node.nodeId == 0) {
                dropIfUnused(node);
                throw ErrnoException.of(Errno.ENFILE);
            }
        }
        if (node != root) {
            node.lookups++;
        }
        return new Counted(node, node.nodeId);
    }

    private void link(Node node, Node parent, String name) {
        if (node == root || parent.children.get(name) == node) {
            return;
        }
        if (node.isDirectory()) {
            for (Node.Link old : List.copyOf(node.links)) {
                // A directory has one name only.
                cut(node, old.parent(), old.name()); // it was moved
            }
        }
        parent.children.put(name, node);
        node.links.add(new Node.Link(parent, name));
        names++;
    }

    private void cut(Node node, Node parent, String name) {
        unlink(node, parent, name);
        dropIfUnused(parent);
    }

    private void unlink(Node node, Node parent, String name) {
        parent.children.remove(name, node);
        if (node.links.remove(new Node.Link(parent, name))) {
            names--;
        }
    }

    /** Takes out a name that a request has found to be gone. */
    synchronized void gone(Node parent, String name) {
        Node node = parent.children.get(name);
        if (node != null) {
            cut(node, parent, name);
        }
    }

    /**
     * Takes out a name that was removed by the guest. With its last name the object loses its key,
     * which the provider may use again.
     *
     * @param before the attributes of the object before it was removed
     */
    synchronized void removed(Node parent, String name, NioAttributes before) {
        Node node = parent.children.get(name);
        if (node == null && before.key() != null) {
            node = byKey.get(before.key()); // by another name
        }
        if (node == null || !node.is(before)) {
            return;
        }
        boolean linked = parent.children.get(name) == node;
        // A name that the guest does not know counts as well, where the provider tells their
        // number.
        int others = node.links.size() - (linked ? 1 : 0);
        int left = before.isDirectory() ? 0 : Math.max(others, before.nlink() - 1);
        node.saw(before.withNlink(left));
        if (left == 0 && node.key() != null) {
            byKey.remove(node.key(), node);
        }
        if (linked) {
            cut(node, parent, name);
        }
    }

    /** Moves a node, if it is known, to a name that is free now. */
    synchronized void moved(Node parent, String name, Node newParent, String newName) {
        gone(newParent, newName);
        Node node = parent.children.get(name);
        if (node == null) {
            return;
        }
        unlink(node, parent, name);
        newParent.children.put(newName, node);
        node.links.add(0, new Node.Link(newParent, newName));
        names++;
        dropIfUnused(parent);
    }

    synchronized void forget(long nodeId, long lookups) {
        Node node = byNodeId.get(nodeId);
        if (node == null || node == root) {
            return;
        }
        if (lookups >= 0 && lookups < node.lookups) { // unsigned
            node.lookups -= lookups;
            return;
        }
        node.lookups = 0;
        byNodeId.remove(nodeId);
        node.nodeId = 0;
        dropIfUnused(node);
    }

    /**
     * Drops a node without lookups and without nodes below it, then the same for those above it.
     */
    private void dropIfUnused(Node unused) {
        Node node = unused;
        while (node != root && node.lookups == 0 && node.children.isEmpty()) {
            if (node.key() != null) {
                byKey.remove(node.key(), node);
            }
            if (node.links.isEmpty()) {
                return;
            }
            Node above = node.links.get(0).parent();
            for (Node.Link link : node.links) {
                link.parent().children.remove(link.name(), node);
                if (link.parent() != above) {
                    dropIfUnused(link.parent());
                }
            }
            names -= node.links.size();
            node.links.clear();
            node = above;
        }
    }
}
