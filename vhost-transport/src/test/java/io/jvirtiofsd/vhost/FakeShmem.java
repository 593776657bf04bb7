package io.jvirtiofsd.vhost;

import io.jvirtiofsd.dax.FakeWindow;
import io.jvirtiofsd.dax.ShmemChannel.Outcome;
import java.io.EOFException;
import java.io.FileDescriptor;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.concurrent.CountDownLatch;
import org.newsclub.net.unix.AFUNIXSocket;
import org.newsclub.net.unix.FileDescriptorCast;

/**
 * The front-end's end of the back-end channel: takes SHMEM_MAP and SHMEM_UNMAP on a thread of its
 * own, answers as QEMU does, and then announces what is mapped as memory, as QEMU does. Owned by
 * the {@link FakeFrontend}.
 */
public final class FakeShmem implements Runnable, AutoCloseable {
    /** Where the guest has the window. */
    public static final long WINDOW_GPA = 1L << 40;

    private static final long WINDOW_UVA = 0x7e00_0000_0000L;
    private static final int GET_SHMEM_CONFIG = 44;
    private static final int CONFIG_BYTES = 2056;
    private static final int SHMEM_MAP = 9;
    private static final int SHMEM_UNMAP = 10;
    private static final int HEADER_BYTES = 12;
    private static final int MMAP_BYTES = 40;
    private static final int REQUEST_FLAGS = 9;
    private static final int REPLY_FLAGS = 5;

    /** What a front-end does that does not answer as QEMU does. */
    @FunctionalInterface
    public interface Answering {
        /** Answers a request of {@code type} on {@code channel}, or does not. */
        void answer(FakeShmem channel, int type) throws IOException;
    }

    private final FakeFrontend frontend;
    private final AFUNIXSocket socket;
    private final FakeWindow window;
    private final Thread thread;
    private volatile Answering answering;
    private volatile CountDownLatch withheld = new CountDownLatch(0);
    private volatile boolean withholding;
    private volatile boolean running;
    private volatile boolean announcing = true;
    private volatile int lateMillis;

    /** Asks for the region and begins to serve requests for it. */
    static FakeShmem open(FakeFrontend frontend, AFUNIXSocket socket, boolean pastEnd)
            throws IOException {
        byte[] reply = frontend.ask(GET_SHMEM_CONFIG);
        ByteBuffer config = FakeFrontend.buffer(reply.length).put(reply).flip();
        if (reply.length != CONFIG_BYTES || config.getInt(0) != 1) {
            throw new IOException("not one region");
        }
        return new FakeShmem(frontend, socket, new FakeWindow(config.getLong(8), pastEnd));
    }

    private FakeShmem(FakeFrontend frontend, AFUNIXSocket socket, FakeWindow window)
            throws IOException {
        this.frontend = frontend;
        this.socket = socket;
        this.window = window;
        socket.setAncillaryReceiveBufferSize(256);
        thread = new Thread(this, "fake-shmem");
        thread.setDaemon(true);
        thread.start();
    }

    public FakeWindow window() {
        return window;
    }

    /** Whether maps are announced as memory on the main socket; they are unless told not to. */
    public void announce(boolean on) {
        announcing = on;
    }

    /**
     * Maps are taken out so long after the back-end was told that they are. QEMU answers first,
     * too, and may lose its processor then.
     */
    public void unmapLate(int millis) {
        lateMillis = millis;
    }

    /** The next request is answered by {@code once}, and nothing is mapped or unmapped for it. */
    public void answerBy(Answering once) {
        answering = once;
    }

    /** Sends bytes that need not be an answer. */
    public void send(byte[] bytes, int... fds) throws IOException {
        FakeFrontend.send(socket, bytes, fds);
    }

    /** Closes the front-end's end. */
    public void hangUp() throws IOException {
        socket.close();
    }

    /** Requests are not answered until {@link #answer}. */
    public void withhold() {
        withheld = new CountDownLatch(1);
    }

    /** Whether a request has come that is not answered yet, as it is withheld. */
    public boolean isWithholding() {
        return withholding;
    }

    /** Answers what was withheld. */
    public void answer() {
        withheld.countDown();
    }

    /** The device runs, or not: outside of that QEMU crashes on any request. */
    void running(boolean now) {
        running = now;
    }

    @Override
    public void run() {
        try {
            while (true) {
                serve();
            }
        } catch (IOException | InterruptedException e) {
            // The end: the front-end or the back-end has closed the channel.
        }
    }

    private void serve() throws IOException, InterruptedException {
        InputStream in = socket.getInputStream();
        ByteBuffer message = FakeFrontend.buffer(HEADER_BYTES + MMAP_BYTES);
        message.put(exactly(in, HEADER_BYTES + MMAP_BYTES)).flip();
        FileDescriptor[] fds = socket.getReceivedFileDescriptors();
        int fd =
                fds == null || fds.length == 0
                        ? -1
                        : FileDescriptorCast.using(fds[0]).as(Integer.class);
        int type = message.getInt(0);
        if (!running) {
            window.violation("request " + type + " while the device does not run");
        }
        if (message.getInt(4) != REQUEST_FLAGS
                || message.getInt(8) != MMAP_BYTES
                || message.getLong(12) != 0
                || message.getLong(44) != 1) {
            window.violation("request " + type + " with odd fields");
        }
        long fileOffset = message.getLong(20);
        long windowOffset = message.getLong(28);
        long length = message.getLong(36);
        withholding = withheld.getCount() > 0;
        withheld.await();
        withholding = false;
        Answering odd = answering;
        if (odd != null) {
            answering = null;
            odd.answer(this, type);
            close(fd);
            return;
        }
        if (type == SHMEM_UNMAP && lateMillis > 0 && window.isMapped(windowOffset, length)) {
            reply(type, Outcome.DONE);
            Thread.sleep(lateMillis);
            window.unmap(windowOffset, length);
            return;
        }
        Outcome outcome =
                switch (type) {
                    case SHMEM_MAP -> window.map(fd, fileOffset, windowOffset, length);
                    case SHMEM_UNMAP -> window.unmap(windowOffset, length);
                    default -> Outcome.REFUSED;
                };
        reply(type, outcome);
        if (announcing && outcome == Outcome.DONE && type == SHMEM_MAP) {
            announce(fd, fileOffset, windowOffset, length);
        }
        close(fd);
    }

    private void close(int fd) {
        if (fd >= 0) {
            frontend.syscalls().close(fd);
        }
    }

    private void reply(int type, Outcome outcome) throws IOException {
        ByteBuffer reply = FakeFrontend.buffer(HEADER_BYTES + 8);
        reply.putInt(type).putInt(REPLY_FLAGS).putInt(8).putLong(outcome == Outcome.DONE ? 0 : 1);
        socket.getOutputStream().write(reply.array());
    }

    /** QEMU does this after answering, and goes on whatever the back-end says. */
    private void announce(int fd, long fileOffset, long windowOffset, long length)
            throws IOException {
        byte[] region =
                FakeFrontend.buffer(40)
                        .putLong(0)
                        .putLong(WINDOW_GPA + windowOffset)
                        .putLong(length)
                        .putLong(WINDOW_UVA + windowOffset)
                        .putLong(fileOffset)
                        .array();
        if (frontend.status(FakeFrontend.ADD_MEM_REG, region, fd) == 0) {
            window.violation("a piece of the window was taken as memory");
        }
    }

    private static byte[] exactly(InputStream in, int count) throws IOException {
        byte[] bytes = in.readNBytes(count);
        if (bytes.length < count) {
            throw new EOFException();
        }
        return bytes;
    }

    @Override
    public void close() throws IOException {
        withheld.countDown();
        socket.close();
        window.close();
    }
}
