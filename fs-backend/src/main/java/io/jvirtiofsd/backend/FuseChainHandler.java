package io.jvirtiofsd.backend;

import io.jvirtiofsd.fuse.GuestData;
import io.jvirtiofsd.fuse.server.FuseWorker;
import io.jvirtiofsd.fuse.server.ParkedRequest;
import io.jvirtiofsd.fuse.server.ReplyWriter;
import io.jvirtiofsd.fuse.server.RequestReader;
import io.jvirtiofsd.linux.IoVector;
import io.jvirtiofsd.vhost.ChainHandler;
import io.jvirtiofsd.virtio.GuestBuffers;
import java.util.function.Consumer;

/**
 * Shows one descriptor chain after another to a {@link FuseWorker} as request and reply; one per
 * thread that serves a queue, owned by that thread.
 *
 * <p><i>Confined to its thread.</i>
 */
final class FuseChainHandler implements ChainHandler {
    private static final int VECTOR_ENTRIES = 260; // 1 MiB in pages, and a little

    private final FuseWorker worker;
    private final Request request = new Request();
    private final Reply reply = new Reply();

    FuseChainHandler(FuseWorker worker) {
        this.worker = worker;
    }

    @Override
    public int handle(GuestBuffers readable, GuestBuffers writable) {
        request.begin(readable);
        reply.buffers = writable;
        return worker.handle(request, reply); // FuseWorker.PARKED is negative, as is asked for here
    }

    @Override
    public boolean isSlow(GuestBuffers readable) {
        request.begin(readable);
        return worker.isSlow(request);
    }

    @Override
    public int refuse(GuestBuffers readable, GuestBuffers writable) {
        request.begin(readable);
        reply.buffers = writable;
        return worker.refuse(request, reply);
    }

    @Override
    public Runnable parked(Consumer<byte[]> answer) {
        ParkedRequest parked = worker.parked();
        parked.start(answer);
        return parked::cancel;
    }

    private static int clamp(long bytes) {
        return (int) Math.min(bytes, Integer.MAX_VALUE);
    }

    /** Data in a part of a chain, used in place. */
    private abstract static class Part implements GuestData {
        final IoVector vector = new IoVector(VECTOR_ENTRIES);

        @Override
        public int size() {
            return (int) vector.bytes();
        }

        @Override
        public long iovAddress() {
            return vector.address();
        }

        @Override
        public int iovCount() {
            return vector.count();
        }

        @Override
        public void skip(int bytes) {
            vector.skip(bytes);
        }
    }

    /** The readable side, consumed from its front. As {@link GuestData} it is the rest. */
    private static final class Request extends Part implements RequestReader {
        private GuestBuffers buffers;
        private long consumed;

        void begin(GuestBuffers readable) {
            buffers = readable;
            consumed = 0;
        }

        @Override
        public int remaining() {
            return clamp(buffers.bytes() - consumed);
        }

        @Override
        public void read(byte[] target, int at, int length) {
            buffers.get(consumed, target, at, length);
            consumed += length;
        }

        @Override
        public GuestData data(int size) {
            vector.clear();
            buffers.addTo(vector, consumed, size);
            return this;
        }

        @Override
        public void get(int position, byte[] target, int at, int length) {
            buffers.get(consumed + position, target, at, length);
        }

        @Override
        public void put(int position, byte[] source, int at, int length) {
            throw new UnsupportedOperationException("a request's data is read-only");
        }
    }

    /** The writable side. As {@link GuestData} it is the part that {@link #data} has chosen. */
    private static final class Reply extends Part implements ReplyWriter {
        private GuestBuffers buffers;
        private int dataPosition;

        @Override
        public int capacity() {
            return clamp(buffers.bytes());
        }

        @Override
        public void write(int position, byte[] source, int at, int length) {
            buffers.put(position, source, at, length);
        }

        @Override
        public GuestData data(int position, int size) {
            vector.clear();
            buffers.addTo(vector, position, size);
            dataPosition = position;
            return this;
        }

        @Override
        public void get(int position, byte[] target, int at, int length) {
            throw new UnsupportedOperationException("a reply's data is write-only");
        }

        @Override
        public void put(int position, byte[] source, int at, int length) {
            buffers.put(dataPosition + position, source, at, length);
        }
    }
}
