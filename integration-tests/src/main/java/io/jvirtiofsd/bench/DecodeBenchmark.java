package io.jvirtiofsd.bench;

import io.jvirtiofsd.fuse.Attributes;
import io.jvirtiofsd.fuse.DaxMode;
import io.jvirtiofsd.fuse.Entry;
import io.jvirtiofsd.fuse.FileSystem;
import io.jvirtiofsd.fuse.GuestData;
import io.jvirtiofsd.fuse.Name;
import io.jvirtiofsd.fuse.NameOperations;
import io.jvirtiofsd.fuse.NodeOperations;
import io.jvirtiofsd.fuse.Session;
import io.jvirtiofsd.fuse.server.FuseOptions;
import io.jvirtiofsd.fuse.server.FuseServer;
import io.jvirtiofsd.fuse.server.FuseWorker;
import io.jvirtiofsd.fuse.server.ReplyWriter;
import io.jvirtiofsd.fuse.server.RequestReader;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** Decoding a request, dispatching it and encoding its answer, with nothing behind and before. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class DecodeBenchmark {
    private static final int INIT = 26;
    private static final int LOOKUP = 1;
    private static final int GETATTR = 3;
    private static final int HEADER_BYTES = 40;

    private final Buffers buffers = new Buffers();
    private FuseWorker worker;
    private byte[] lookup;
    private byte[] getattr;

    @Setup
    public void prepare() {
        worker = new FuseServer(new OneFile(), FuseOptions.defaults()).newWorker();
        serve(
                request(
                        INIT,
                        ByteBuffer.allocate(64)
                                .order(ByteOrder.LITTLE_ENDIAN)
                                .putInt(7)
                                .putInt(45)));
        lookup = request(LOOKUP, ByteBuffer.wrap(new byte[] {'f', 'i', 'l', 'e', 0}));
        getattr = request(GETATTR, ByteBuffer.allocate(16));
    }

    private static byte[] request(int opcode, ByteBuffer arguments) {
        ByteBuffer request =
                ByteBuffer.allocate(HEADER_BYTES + arguments.capacity())
                        .order(ByteOrder.LITTLE_ENDIAN);
        request.putInt(request.capacity()).putInt(opcode).putLong(2).putLong(FileSystem.ROOT);
        request.position(HEADER_BYTES).put(arguments.array());
        return request.array();
    }

    private int serve(byte[] request) {
        buffers.request = request;
        buffers.consumed = 0;
        return worker.handle(buffers, buffers);
    }

    @Benchmark
    public int lookup() {
        return serve(lookup);
    }

    @Benchmark
    public int getattr() {
        return serve(getattr);
    }

    /** Both parts of a request's buffers, on the heap. */
    private static final class Buffers implements RequestReader, ReplyWriter {
        private final byte[] reply = new byte[4096];
        private byte[] request;
        private int consumed;

        @Override
        public int remaining() {
            return request.length - consumed;
        }

        @Override
        public void read(byte[] target, int at, int length) {
            System.arraycopy(request, consumed, target, at, length);
            consumed += length;
        }

        @Override
        public GuestData data(int size) {
            throw new UnsupportedOperationException();
        }

        @Override
        public int capacity() {
            return reply.length;
        }

        @Override
        public void write(int position, byte[] source, int at, int length) {
            System.arraycopy(source, at, reply, position, length);
        }

        @Override
        public GuestData data(int position, int size) {
            throw new UnsupportedOperationException();
        }
    }

    /** A file system, its session and the parts of that, in which every name is the same file. */
    private static final class OneFile
            implements FileSystem, Session, NodeOperations, NameOperations {
        private static final Attributes FILE = new File(7, 0100644);

        @Override
        public Session begin(DaxMode mode) {
            return this;
        }

        @Override
        public NodeOperations nodes() {
            return this;
        }

        @Override
        public NameOperations names() {
            return this;
        }

        @Override
        public void close() {
            // nothing to close
        }

        @Override
        public Entry lookup(long parent, Name name) {
            return FileEntry.ONE;
        }

        @Override
        public void forget(long nodeId, long lookups) {
            // nobody counts
        }

        @Override
        public Attributes getattr(long nodeId, boolean has, long fh) {
            return FILE;
        }
    }

    private record FileEntry(long nodeId, long generation, long entryValidNanos) implements Entry {
        static final FileEntry ONE = new FileEntry(2, 0, 1);

        @Override
        public Attributes attributes() {
            return OneFile.FILE;
        }
    }

    private record File(long ino, int mode) implements Attributes {
        @Override
        public long size() {
            return 1;
        }

        @Override
        public long blocks() {
            return 8;
        }

        @Override
        public long atimeSeconds() {
            return 0;
        }

        @Override
        public int atimeNanos() {
            return 0;
        }

        @Override
        public long mtimeSeconds() {
            return 0;
        }

        @Override
        public int mtimeNanos() {
            return 0;
        }

        @Override
        public long ctimeSeconds() {
            return 0;
        }

        @Override
        public int ctimeNanos() {
            return 0;
        }

        @Override
        public int nlink() {
            return 1;
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
        public int rdev() {
            return 0;
        }

        @Override
        public int blksize() {
            return 4096;
        }

        @Override
        public int flags() {
            return 0;
        }

        @Override
        public long validNanos() {
            return 0;
        }
    }
}
