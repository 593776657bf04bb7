package io.jvirtiofsd.nio;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.fuse.Errno;
import io.jvirtiofsd.fuse.ErrnoException;
import io.jvirtiofsd.fuse.FileSystem;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/**
 * The tree beside a plain model of a file system and of what the guest was told: names are made,
 * linked, moved and removed, nodes looked up and forgotten, in any order.
 */
class NodeTreeTest {
    private static final Path ROOT = Path.of("/shared");
    private static final int ROUNDS = 60;
    private static final int STEPS = 400;
    private static final int NAMES = 4; // few, so that they meet
    private static final int LIMIT = 2000;

    /** An object of the file system; a directory has entries. */
    private static final class Thing {
        final int key;
        final Map<String, Thing> entries;
        Thing parent; // of a directory
        int links;

        Thing(int key, boolean directory) {
            this.key = key;
            this.entries = directory ? new TreeMap<>() : null;
        }

        boolean isDirectory() {
            return entries != null;
        }

        NioAttributes seen() {
            return NodeTreeTest.seen(key, isDirectory(), isDirectory() ? 2 : links);
        }
    }

    /** A name of the file system. */
    private record Place(Thing directory, String name) {
        Thing thing() {
            return directory.entries.get(name);
        }
    }

    /** What the guest knows of a thing. */
    private static final class Known {
        final Thing thing;
        final Set<Place> names = new HashSet<>();
        long lookups;

        Known(Thing thing) {
            this.thing = thing;
        }
    }

    private final Thing root = new Thing(0, true);
    private final NodeTree tree = tree();
    private final Map<Long, Known> known = new HashMap<>();
    private final Deque<Integer> freeKeys = new ArrayDeque<>();
    private int nextKey = 1;
    private Random random;

    private static NioAttributes seen(Object key, boolean directory, int links) {
        int mode = directory ? 040755 : 0100644;
        Instant then = Instant.EPOCH;
        return new NioAttributes(key, mode, 0, links, 0, 0, 0, 0, then, then, then, 0);
    }

    private static NodeTree tree() {
        NioOptions options = new NioOptions(0, 0, false, 0, 0, LIMIT, 0, 0, 0);
        return new NodeTree(ROOT, seen(0, true, 2), options);
    }

    @Test
    void whateverHappensTheTreeKnowsWhatTheGuestKnows() throws Exception {
        long seed = System.nanoTime();
        for (int round = 0; round < ROUNDS; round++) {
            NodeTreeTest model = new NodeTreeTest();
            model.random = new Random(seed + round);
            try {
                model.run();
            } catch (AssertionError | Exception e) {
                throw new AssertionError("seed " + (seed + round), e);
            }
        }
    }

    private void run() throws Exception {
        known.put(FileSystem.ROOT, new Known(root));
        for (int step = 0; step < STEPS; step++) {
            step();
            compare();
        }
        List<Long> ids = new ArrayList<>(known.keySet());
        java.util.Collections.shuffle(ids, random);
        for (long id : ids) {
            if (id != FileSystem.ROOT) {
                forget(id, known.get(id).lookups);
                compare();
            }
        }
        assertTrue(tree.root().children.isEmpty());
        assertEquals(room(tree()), room(tree), "what is forgotten takes room");
    }

    private static int room(NodeTree tree) {
        for (int i = 0; ; i++) {
            try {
                tree.lookup(tree.root(), "new" + i, seen("new" + i, false, 1));
            } catch (ErrnoException e) {
                assertEquals(Errno.ENFILE, e.errno());
                return i;
            }
        }
    }

    private void step() throws Exception {
        Place place = anyPlace();
        Thing there = place.thing();
        switch (random.nextInt(8)) {
            case 0, 1 -> {
                if (there == null) {
                    make(place);
                }
            }
            case 2 -> {
                if (there != null) {
                    lookup(place);
                } else {
                    tree.gone(node(place.directory()), place.name());
                }
            }
            case 3 -> {
                Known file = anyKnown();
                if (there == null && !file.thing.isDirectory() && file.thing.links > 0) {
                    link(file, place);
                }
            }
            case 4 -> {
                if (there != null && (!there.isDirectory() || there.entries.isEmpty())) {
                    remove(place);
                }
            }
            case 5, 6 -> {
                if (there != null) {
                    rename(place, anyPlace());
                }
            }
            default -> {
                List<Long> ids = new ArrayList<>(known.keySet());
                long id = ids.get(random.nextInt(ids.size()));
                long all = known.get(id).lookups;
                forget(id, random.nextBoolean() ? all : 1);
            }
        }
    }

    private Known anyKnown() {
        List<Known> all = new ArrayList<>(known.values());
        return all.get(random.nextInt(all.size()));
    }

    /** A name, given or not, in a directory that the guest knows and that is still there. */
    private Place anyPlace() {
        while (true) {
            Thing thing = anyKnown().thing;
            if (thing.isDirectory() && path(thing) != null) {
                return new Place(thing, "n" + random.nextInt(NAMES));
            }
        }
    }

    private Path path(Thing directory) {
        if (directory == root) {
            return ROOT;
        }
        Path above = directory.parent == null ? null : path(directory.parent);
        if (above == null) {
            return null;
        }
        for (Map.Entry<String, Thing> entry : directory.parent.entries.entrySet()) {
            if (entry.getValue() == directory) {
                return above.resolve(entry.getKey());
            }
        }
        return null;
    }

    private Path path(Place place) {
        return path(place.directory()).resolve(place.name());
    }

    private long idOf(Thing thing) {
        return known.entrySet().stream()
                .filter(entry -> entry.getValue().thing == thing)
                .findFirst()
                .map(Map.Entry::getKey)
                .orElse(0L);
    }

    private Node node(Thing thing) throws ErrnoException {
        return tree.node(idOf(thing));
    }

    private void make(Place place) throws ErrnoException {
        int key = freeKeys.isEmpty() ? nextKey++ : freeKeys.poll();
        Thing made = new Thing(key, random.nextInt(3) > 0);
        put(made, place);
        lookup(place);
    }

    private static void put(Thing thing, Place place) {
        place.directory().entries.put(place.name(), thing);
        thing.links++;
        thing.parent = place.directory();
    }

    private void take(Place place) {
        Thing thing = place.directory().entries.remove(place.name());
        thing.links--;
        if (thing.links == 0) {
            freeKeys.add(thing.key);
        }
        known.values().forEach(one -> one.names.remove(place));
    }

    private void lookup(Place place) throws ErrnoException {
        Thing thing = place.thing();
        counted(thing, place, tree.lookup(node(place.directory()), place.name(), thing.seen()));
    }

    private void counted(Thing thing, Place place, NodeTree.Counted counted) {
        long before = idOf(thing);
        if (before == 0) {
            assertFalse(known.containsKey(counted.nodeId()), "a nodeId is used again");
            known.put(counted.nodeId(), new Known(thing));
        } else {
            assertEquals(before, counted.nodeId(), "one object is two nodes");
        }
        known.get(counted.nodeId()).lookups++;
        known.get(counted.nodeId()).names.add(place);
    }

    private void link(Known file, Place place) throws ErrnoException {
        Node node = node(file.thing);
        put(file.thing, place);
        counted(file.thing, place, tree.addName(node, node(place.directory()), place.name()));
    }

    private void remove(Place place) throws ErrnoException {
        NioAttributes before = place.thing().seen();
        take(place);
        tree.removed(node(place.directory()), place.name(), before);
    }

    /** As rename(2) allows. */
    private void rename(Place from, Place to) throws ErrnoException {
        Thing moving = from.thing();
        Thing replaced = to.thing();
        for (Thing above = to.directory(); above != null; above = above.parent) {
            if (above == moving) {
                return;
            }
        }
        if (replaced == moving
                || replaced != null && replaced.isDirectory() != moving.isDirectory()
                || replaced != null && replaced.isDirectory() && !replaced.entries.isEmpty()) {
            return;
        }
        if (replaced != null) {
            NioAttributes before = replaced.seen();
            take(to);
            tree.removed(node(to.directory()), to.name(), before);
        }
        from.directory().entries.remove(from.name());
        to.directory().entries.put(to.name(), moving);
        moving.parent = to.directory();
        for (Known one : known.values()) {
            if (one.names.remove(from)) {
                one.names.add(to);
            }
        }
        tree.moved(node(from.directory()), from.name(), node(to.directory()), to.name());
    }

    private void forget(long nodeId, long lookups) {
        tree.forget(nodeId, lookups);
        Known one = known.get(nodeId);
        if (nodeId != FileSystem.ROOT) {
            one.lookups -= lookups;
            if (one.lookups == 0) {
                known.remove(nodeId);
            }
        }
    }

    private void compare() throws ErrnoException {
        for (Map.Entry<Long, Known> entry : known.entrySet()) {
            Thing thing = entry.getValue().thing;
            Node node = tree.node(entry.getKey());
            assertEquals(thing.key, node.key());
            assertEquals(thing.isDirectory(), node.isDirectory());
            if (thing != root) {
                assertEquals(entry.getValue().lookups, node.lookups);
            }
            Set<Path> told = new HashSet<>();
            for (Node.Link link : tree.links(node)) {
                Path path = tree.path(link);
                assertTrue(told.add(path), "twice: " + path);
                assertEquals(thing, at(path), path.toString());
            }
            for (Place name : entry.getValue().names) {
                assertTrue(told.contains(path(name)), () -> path(name) + " is not in " + told);
            }
            if (thing.isDirectory() && path(thing) != null) {
                assertEquals(path(thing), tree.path(node));
            } else if (thing.isDirectory()) {
                assertEquals(
                        Errno.ENOENT,
                        assertThrows(ErrnoException.class, () -> tree.path(node)).errno());
            }
        }
    }

    private Thing at(Path path) {
        Thing thing = root;
        for (Path name : ROOT.relativize(path)) {
            thing = thing.entries.get(name.toString());
        }
        return thing;
    }

    @Test
    void nodesThatWereForgottenAreEnoent() throws Exception {
        NodeTree.Counted file = tree.lookup(tree.root(), "f", seen("f", false, 1));
        tree.forget(file.nodeId(), 5); // more than there were
        assertEquals(
                Errno.ENOENT,
                assertThrows(ErrnoException.class, () -> tree.node(file.nodeId())).errno());
        tree.forget(FileSystem.ROOT, Long.MAX_VALUE);
        assertEquals(tree.root(), tree.node(FileSystem.ROOT));
    }

    @Test
    void anotherObjectOfTheNameIsAnotherNode() throws Exception {
        NodeTree.Counted one = tree.lookup(tree.root(), "f", seen("one", false, 1));
        NodeTree.Counted other = tree.lookup(tree.root(), "f", seen("other", false, 1));
        assertFalse(one.nodeId() == other.nodeId());
        assertTrue(tree.links(one.node()).isEmpty());
        assertEquals(ROOT.resolve("f"), tree.path(tree.links(other.node()).get(0)));
    }
}
