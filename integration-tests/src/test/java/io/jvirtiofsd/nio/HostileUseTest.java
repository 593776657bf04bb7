package io.jvirtiofsd.nio;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.common.jimfs.Configuration;
import com.google.common.jimfs.Jimfs;
import io.jvirtiofsd.fuse.AttributeChange;
import io.jvirtiofsd.fuse.Caller;
import io.jvirtiofsd.fuse.CopyRequest;
import io.jvirtiofsd.fuse.CreateReply;
import io.jvirtiofsd.fuse.DaxMode;
import io.jvirtiofsd.fuse.DirectorySink;
import io.jvirtiofsd.fuse.Entry;
import io.jvirtiofsd.fuse.ErrnoException;
import io.jvirtiofsd.fuse.GuestData;
import io.jvirtiofsd.fuse.Name;
import io.jvirtiofsd.fuse.NewFile;
import io.jvirtiofsd.fuse.Session;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystem;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Many threads ask for anything, in any order: errnos are all they get. */
@Timeout(120)
class HostileUseTest {
    private static final int THREADS = 4;
    private static final int REQUESTS = 20_000;
    private static final int KNOWN = 64;
    private static final String[] NAMES = {"a", "b", "c", "d", "..", ".", "a/b", "/", "\u00e9"};

    private static final Caller ROOT_USER =
            new Caller() {
                @Override
                public long unique() {
                    return 2;
                }

                @Override
                public int uid() {
                    return 0;
                }

                @Override
                public int gid() {
                    return 0;
                }

                @Override
                public int pid() {
                    return 1;
                }
            };

    @TempDir Path folder;

    private final AtomicLongArray nodes = new AtomicLongArray(KNOWN);
    private final AtomicLongArray handles = new AtomicLongArray(KNOWN);

    private record Data(int size) implements GuestData {
        @Override
        public long iovAddress() {
            throw new UnsupportedOperationException();
        }

        @Override
        public int iovCount() {
            return 1;
        }

        @Override
        public void skip(int bytes) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void get(int position, byte[] target, int at, int length) {
            // zeros
        }

        @Override
        public void put(int position, byte[] source, int at, int length) {
            assertTrue(position + length <= size);
        }
    }

    private static final DirectorySink SMALL =
            new DirectorySink() {
                @Override
                public boolean fits(int nameBytes) {
                    return true;
                }

                @Override
                public boolean add(long ino, long offset, int type, Name name) {
                    return offset < 3;
                }

                @Override
                public boolean add(Entry entry, long offset, Name name) {
                    return false;
                }
            };

    private static Name name(Random random) {
        String name = NAMES[random.nextInt(NAMES.length)];
        return Name.of(name.getBytes(StandardCharsets.UTF_8));
    }

    private long node(Random random) {
        long node = nodes.get(random.nextInt(KNOWN));
        return node == 0 || random.nextInt(4) == 0 ? 1 : node;
    }

    private long handle(Random random) {
        return handles.get(random.nextInt(KNOWN));
    }

    private void keep(Random random, Entry entry) {
        nodes.set(random.nextInt(KNOWN), entry.nodeId());
    }

    private void ask(Session session, Random random) throws ErrnoException {
        Caller who = ROOT_USER;
        long node = node(random);
        long other = node(random);
        long fh = handle(random);
        long offset = random.nextInt(5) == 0 ? Long.MAX_VALUE - 100_000 : random.nextInt(10_000);
        Data data = new Data(random.nextInt(10_000));
        switch (random.nextInt(22)) {
            case 0, 1 -> keep(random, session.names().lookup(node, name(random)));
            case 2 -> session.forget(node, random.nextInt(3));
            case 3 -> session.nodes().getattr(node, random.nextBoolean(), fh);
            case 4 -> session.nodes().setattr(node, change(random, fh, offset));
            case 5 -> session.nodes().readlink(node);
            case 6 -> keep(random, session.names().symlink(who, node, name(random), name(random)));
            case 7 ->
                    keep(
                            random,
                            session.names()
                                    .mkdir(who, node, name(random), random.nextInt(010000), 0));
            case 8 -> session.names().unlink(node, name(random));
            case 9 -> session.names().rmdir(node, name(random));
            case 10, 11 ->
                    session.names()
                            .rename(node, name(random), other, name(random), random.nextInt(3));
            case 12 -> keep(random, session.names().link(node, other, name(random)));
            case 13 ->
                    handles.set(
                            random.nextInt(KNOWN),
                            session.files().open(node, flags(random), false).fh());
            case 14 -> create(session, random, node);
            case 15 -> session.files().read(node, fh, offset, data);
            case 16 -> session.files().write(node, fh, offset, random.nextInt(8), 0, data);
            case 17 -> session.files().release(fh);
            case 18 -> handles.set(random.nextInt(KNOWN), session.directories().opendir(node).fh());
            case 19 ->
                    session.directories()
                            .readdir(node, fh, random.nextInt(5), random.nextBoolean(), SMALL);
            case 20 -> session.files().lseek(node, fh, offset, 3 + random.nextInt(2));
            default ->
                    session.files()
                            .copyFileRange(
                                    node,
                                    new CopyRequest(
                                            fh,
                                            random.nextInt(100),
                                            other,
                                            handle(random),
                                            offset,
                                            500));
        }
    }

    private static int flags(Random random) {
        return random.nextInt(4) | (random.nextInt(3) == 0 ? 0x200 : 0);
    }

    private static AttributeChange change(Random random, long fh, long offset) {
        int mode = random.nextInt(010000);
        long time = random.nextLong();
        int id = random.nextInt(5);
        int valid = random.nextInt(0x1000);
        return new AttributeChange(valid, fh, offset, 0, time, time, 0, 1, 2, 0, mode, id, id);
    }

    private void create(Session session, Random random, long node) throws ErrnoException {
        NewFile in = new NewFile(flags(random), 0100644, 0, false);
        CreateReply made = session.files().create(ROOT_USER, node, name(random), in);
        keep(random, made.entry());
        handles.set(random.nextInt(KNOWN), made.open().fh());
    }

    private void attack(Path root) throws Exception {
        ExecutorService pool = Executors.newFixedThreadPool(THREADS);
        try (NioFileSystem fs = NioFileSystem.open(root, NioOptions.defaults())) {
            Session session = fs.begin(DaxMode.NEVER);
            List<Future<?>> ends = new ArrayList<>();
            for (int i = 0; i < THREADS; i++) {
                Random random = new Random(i);
                Callable<Integer> thread =
                        () -> {
                            int refused = 0;
                            for (int n = 0; n < REQUESTS; n++) {
                                try {
                                    ask(session, random);
                                } catch (ErrnoException e) {
                                    refused++;
                                }
                            }
                            return refused;
                        };
                ends.add(pool.submit(thread));
            }
            for (Future<?> end : ends) {
                assertTrue((Integer) end.get() < REQUESTS);
            }
            session.close();
            try (Session next = fs.begin(DaxMode.NEVER)) { // begins anew, whatever was left
                next.nodes().getattr(1, false, 0);
            }
        } finally {
            pool.shutdownNow();
        }
    }

    @Test
    void memoryStaysWhatItIs() throws Exception {
        try (FileSystem memory =
                Jimfs.newFileSystem(
                        Configuration.unix().toBuilder()
                                .setAttributeViews("unix")
                                .setMaxSize(64 << 20)
                                .build())) {
            Files.createDirectory(memory.getPath("/share"));
            Files.writeString(memory.getPath("/a"), "outside");
            attack(memory.getPath("/share"));
            assertEquals("outside", Files.readString(memory.getPath("/a")));
            try (Stream<Path> all = Files.list(memory.getPath("/"))) {
                assertEquals(3, all.count()); // with Jimfs's own /work
            }
        }
    }

    @Test
    void theHostStaysWhatItIs() throws Exception {
        Path share = Files.createDirectory(folder.resolve("share"));
        Files.writeString(folder.resolve("a"), "outside");
        attack(share);
        assertEquals("outside", Files.readString(folder.resolve("a")));
        try (Stream<Path> all = Files.list(folder)) {
            assertEquals(2, all.count());
        }
    }

    private static NioAttributes seen(Object key, boolean directory) {
        int mode = directory ? 040755 : 0100644;
        Instant now = Instant.EPOCH;
        return new NioAttributes(key, mode, 0, 1, 0, 0, 0, 0, now, now, now, 0);
    }

    @Test
    void whatIsForgottenIsGone() throws Exception {
        NodeTree tree = new NodeTree(folder, seen("root", true), NioOptions.defaults());
        NodeTree.Counted above = tree.lookup(tree.root(), "d", seen("d", true));
        NodeTree.Counted file = tree.lookup(above.node(), "f", seen("f", false));
        assertEquals(file, tree.lookup(tree.root(), "g", seen("f", false)));
        tree.forget(above.nodeId(), 1);
        assertThrows(ErrnoException.class, () -> tree.node(above.nodeId()));
        assertEquals(folder.resolve("d/f"), tree.path(tree.links(file.node()).get(0)));
        NodeTree.Counted again = tree.lookup(tree.root(), "d", seen("d", true));
        assertEquals(above.node(), again.node());
        assertTrue(again.nodeId() != above.nodeId());
        tree.forget(again.nodeId(), 1);
        tree.forget(file.nodeId(), 2);
        assertThrows(ErrnoException.class, () -> tree.node(file.nodeId()));
        assertTrue(tree.root().children.isEmpty());
        tree.lookup(tree.root(), "f", seen("f", false));
        tree.removed(tree.root(), "f", seen("f", false));
        assertTrue(tree.root().children.isEmpty());
    }
}
