package io.jvirtiofsd.nio;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.common.jimfs.Configuration;
import com.google.common.jimfs.Jimfs;
import io.jvirtiofsd.fuse.DaxMode;
import io.jvirtiofsd.fuse.DirectorySink;
import io.jvirtiofsd.fuse.Entry;
import io.jvirtiofsd.fuse.ErrnoException;
import io.jvirtiofsd.fuse.Name;
import io.jvirtiofsd.fuse.Session;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

/** What the guest has open takes no more of the heap, or of the disk, than it may. */
class NioLimitsTest {
    private static final long ROOT = 1;
    private static final int O_RDWR = 2;
    private static final int NAMES = 500;
    private static final long ONE_LISTING = NAMES * 90L; // 64 bytes and ten characters a name
    private static final int CONTENT = 100_000;
    private static final int ENOMEM = 12;
    private static final int ENOSPC = 28;
    private static final int EOPNOTSUPP = 95;

    @TempDir Path folder;

    private static final DirectorySink NO_ROOM =
            new DirectorySink() {
                @Override
                public boolean fits(int nameBytes) {
                    return false;
                }

                @Override
                public boolean add(long ino, long offset, int type, Name name) {
                    return false;
                }

                @Override
                public boolean add(Entry entry, long offset, Name name) {
                    return false;
                }
            };

    private static void assertErrno(int errno, Executable request) {
        assertEquals(errno, assertThrows(ErrnoException.class, request).errno());
    }

    private static NioOptions options(boolean readOnly, long negativeNanos, long openBytes) {
        int nodes = NioOptions.defaultMaxNodes();
        return new NioOptions(0, 0, readOnly, 0, negativeNanos, nodes, openBytes, 0, 0);
    }

    private static Session share(Path root, NioOptions options) throws Exception {
        return NioFileSystem.open(root, options).begin(DaxMode.NEVER);
    }

    private static Session share(Path root, long openBytes) throws Exception {
        return share(root, options(false, 0, openBytes));
    }

    private static Name name(String name) {
        return Name.of(name.getBytes(StandardCharsets.UTF_8));
    }

    private static long list(Session session) throws ErrnoException {
        long fh = session.directories().opendir(ROOT).fh();
        session.directories().readdir(ROOT, fh, 0, false, NO_ROOM);
        return fh;
    }

    @Test
    void handlesOfADirectoryShareItsNamesAndOtherNamesAreEnomem() throws Exception {
        try (FileSystem memory = Jimfs.newFileSystem(Configuration.unix())) {
            Path root = Files.createDirectory(memory.getPath("/share"));
            for (int i = 0; i < NAMES; i++) {
                Files.createFile(root.resolve("name-%05d".formatted(i)));
            }
            try (Session session = share(root, ONE_LISTING * 5 / 2)) {
                for (int i = 0; i < 50; i++) {
                    list(session);
                }
                Files.delete(root.resolve("name-00000"));
                long second = list(session);
                Files.delete(root.resolve("name-00001"));
                assertErrno(ENOMEM, () -> list(session));
                session.directories().releasedir(second);
                list(session);
            }
        }
    }

    private Path archive() throws Exception {
        Path archive = folder.resolve("a.zip");
        URI uri = URI.create("jar:" + archive.toUri());
        try (FileSystem zip = FileSystems.newFileSystem(uri, Map.of("create", "true"))) {
            Files.write(zip.getPath("/f"), new byte[CONTENT]);
            Files.write(zip.getPath("/g"), new byte[CONTENT]);
        }
        return archive;
    }

    @Test
    void entriesOfAnArchiveThatNobodyChangesAreInTheHeapOnce() throws Exception {
        URI uri = URI.create("jar:" + archive().toUri());
        try (FileSystem zip = FileSystems.newFileSystem(uri, Map.of())) {
            NioOptions options = options(true, 0, CONTENT * 3 / 2);
            try (Session session = share(zip.getPath("/"), options)) {
                long f = session.names().lookup(ROOT, name("f")).nodeId();
                long g = session.names().lookup(ROOT, name("g")).nodeId();
                long[] handles = new long[20];
                for (int i = 0; i < handles.length; i++) {
                    handles[i] = session.files().open(f, 0, false).fh();
                }
                assertErrno(ENOMEM, () -> session.files().open(g, 0, false));
                try (Stream<Path> beside = Files.list(folder)) {
                    assertEquals(1, beside.count(), "there is a copy beside the archive");
                }
                for (long handle : handles) {
                    session.files().release(handle);
                }
                assertTrue(session.files().open(g, 0, false).fh() > 0);
            }
        }
    }

    @Test
    void moreUnpackedThanTheBoundIsEnospc() throws Exception {
        URI uri = URI.create("jar:" + archive().toUri());
        try (FileSystem zip = FileSystems.newFileSystem(uri, Map.of());
                Session session = share(zip.getPath("/"), CONTENT / 2)) {
            long f = session.names().lookup(ROOT, name("f")).nodeId();
            long fh = session.files().open(f, O_RDWR, false).fh();
            OpenChannel channel = ((NioFileSystem.NioParts) session).known().file(f, fh).channel();
            assertErrno(
                    ENOSPC,
                    () -> NioErrno.run(() -> channel.setSize(NioSession.MAX_UNPACKED_BYTES + 1)));
            NioErrno.run(() -> channel.setSize(2 * CONTENT));
            session.files().release(fh);
        }
    }

    /** As the JDK's own modules are read, which have no file so large. */
    @Test
    void aFileThatCanOnlyBeReadThroughMayBeTooLarge() throws Exception {
        for (int beyond : new int[] {0, 1}) {
            long size = OpenChannel.MAX_CONTENT_BYTES + beyond;
            Allowance allowance = Allowance.ofMemory(size);
            var channel = new OpenChannel(readThrough(size), true, false, allowance, false);
            Executable read =
                    () -> NioErrno.run(() -> channel.read(ByteBuffer.allocate(1), size - 1));
            if (beyond == 0) {
                assertDoesNotThrow(read);
            } else {
                assertErrno(EOPNOTSUPP, read);
            }
        }
    }

    /** A channel of {@code size} zeros that cannot go back. */
    private static SeekableByteChannel readThrough(long size) {
        AtomicLong left = new AtomicLong(size);
        InvocationHandler handler =
                (proxy, method, arguments) ->
                        switch (method.getName()) {
                            case "size" -> size;
                            case "read" -> {
                                ByteBuffer target = (ByteBuffer) arguments[0];
                                int count = (int) Math.min(target.remaining(), left.get());
                                left.addAndGet(-count);
                                target.position(target.position() + count);
                                yield count == 0 ? -1 : count;
                            }
                            default -> throw new UnsupportedOperationException(method.getName());
                        };
        return (SeekableByteChannel)
                Proxy.newProxyInstance(
                        NioLimitsTest.class.getClassLoader(),
                        new Class<?>[] {SeekableByteChannel.class},
                        handler);
    }

    @Test
    void aMissingNameIsKeptAsLongAsTheOptionSays() throws Exception {
        NioOptions options = options(false, 7, NioOptions.defaultOpenBytes());
        try (Session session = share(folder, options)) {
            Entry missing = session.names().lookup(ROOT, name("missing"));
            assertEquals(0, missing.nodeId());
            assertEquals(7, missing.entryValidNanos());
        }
    }
}
