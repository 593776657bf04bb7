package io.jvirtiofsd.vhost;

import io.jvirtiofsd.linux.EventFd;
import io.jvirtiofsd.linux.Fcntl;
import io.jvirtiofsd.linux.Fd;
import io.jvirtiofsd.linux.LinuxErrno;
import io.jvirtiofsd.linux.LinuxException;
import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.linux.Scratch;
import io.jvirtiofsd.linux.Statx;
import io.jvirtiofsd.linux.Syscalls;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Objects;
import java.util.concurrent.TimeUnit;

/**
 * What the front-end has passed for a device's state to go through, read or written to its end: a
 * pipe's end, a socket, or a file. Owned by a transfer; holds one buffer, however large the state
 * is.
 *
 * <p>The descriptor does not block, unless the front-end, which may share it, makes it block again.
 * <i>Confined to the transfer's thread</i>, but for {@link #cancel} and {@link #limit}. Source:
 * vhost-user.rst, "Migrating back-end state".
 */
final class StateChannel implements AutoCloseable {
    // spotless:off
    private static final int BUFFER_BYTES       = 64 * 1024; // what a pipe holds, pipe(7)
    private static final int AT_STATX_DONT_SYNC = 0x4000; // linux/stat.h
    private static final short POLLIN           = 1; // asm-generic/poll.h
    private static final short POLLOUT          = 4; // asm-generic/poll.h
    // spotless:on

    private final Syscalls syscalls;
    private final Fd fd;
    private final EventFd wake;
    private final boolean reading;
    private final NativeMemory buffer = NativeMemory.allocate(BUFFER_BYTES);
    private final NativeMemory polled = NativeMemory.allocate(16); // two of fd@0 events@4 revents@6
    private long bytes;

    private volatile String cancelled; // why; null if it is not
    private volatile boolean limited;
    private volatile long endNanos; // good once it is limited

    /**
     * Takes {@code fd}, once nothing is thrown any more.
     *
     * @param wake brings the thread back that waits; borrowed, and good for longer than the channel
     * @param reading whether the state is read from {@code fd}; else it is written
     * @throws Refusal for a descriptor that no state can go through
     */
    StateChannel(Syscalls syscalls, Fd fd, EventFd wake, boolean reading) throws Refusal {
        this.syscalls = syscalls;
        this.fd = fd;
        this.wake = wake;
        this.reading = reading;
        checkType();
        int flags = syscalls.fcntl(fd.number(), Fcntl.F_GETFL, 0);
        int wrong = reading ? Fcntl.O_WRONLY : Fcntl.O_RDONLY;
        if (flags < 0 || (flags & Fcntl.O_ACCMODE) == wrong) {
            throw new Refusal("a descriptor that cannot be " + (reading ? "read" : "written to"));
        }
        syscalls.fcntl(fd.number(), Fcntl.F_SETFL, flags | Fcntl.O_NONBLOCK);
        polled.putInt(0, fd.number());
        polled.putShort(4, reading ? POLLIN : POLLOUT);
        polled.putInt(8, wake.number());
        polled.putShort(12, POLLIN);
    }

    /** Of a file whose server may hang nothing is asked but what the kernel knows. */
    private void checkType() throws Refusal {
        Scratch scratch = Scratch.get();
        NativeMemory statx = scratch.small();
        int flags = Fcntl.AT_EMPTY_PATH | AT_STATX_DONT_SYNC;
        int done =
                syscalls.statx(
                        fd.number(), scratch.emptyPath(), flags, Statx.STATX_TYPE, statx.address());
        int type = done < 0 ? 0 : statx.getShort(Statx.MODE) & Statx.S_IFMT;
        if (type != Statx.S_IFIFO && type != Statx.S_IFSOCK && type != Statx.S_IFREG) {
            throw new Refusal("a descriptor that is neither pipe nor socket nor file");
        }
    }

    /** Ends the transfer at its next look at the channel, which is now if it waits there. */
    void cancel(String reason) {
        cancelled = reason;
        wake.signal();
    }

    /** Lets the front-end keep the channel waiting for {@code millis} from now on, and no more. */
    void limit(long millis) {
        endNanos = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
        limited = true;
        wake.signal();
    }

    /** Bytes that have gone through so far. */
    long bytes() {
        return bytes;
    }

    /** What is written to the channel, of which there is one; to be flushed at the end. */
    OutputStream sink() {
        return new Sink();
    }

    /** What is read from the channel, of which there is one. */
    InputStream source() {
        return new Source();
    }

    /** Moves up to {@code count} bytes of the buffer; 0 at the end of what is read. */
    private int move(int at, int count) throws IOException {
        while (true) {
            throwIfCancelled();
            long address = buffer.address(at);
            long done =
                    reading
                            ? syscalls.read(fd.number(), address, count)
                            : syscalls.write(fd.number(), address, count);
            if (done >= 0) {
                bytes += done;
                return (int) done;
            }
            if (done == -LinuxErrno.EAGAIN) {
                await();
            } else if (done != -LinuxErrno.EINTR) {
                throw new LinuxException("the front-end's descriptor", (int) -done);
            }
        }
    }

    private void throwIfCancelled() throws IOException {
        String reason = cancelled;
        if (reason != null) {
            throw new IOException(reason);
        }
    }

    /** Waits until the channel may be ready, or there is news from the control thread. */
    private void await() throws IOException {
        long left = -1;
        if (limited) {
            left = Math.max(0, TimeUnit.NANOSECONDS.toMillis(endNanos - System.nanoTime()));
        }
        int ready = syscalls.poll(polled.address(), 2, (int) left);
        if (ready == 0) {
            throw new IOException("the front-end's descriptor has not come to its end in time");
        }
        if (ready > 0 && polled.getShort(14) != 0) {
            wake.drain();
        }
    }

    @Override
    public void close() {
        fd.close();
    }

    private final class Sink extends OutputStream {
        private int filled;

        @Override
        public void write(int b) throws IOException {
            write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        public void write(byte[] source, int from, int length) throws IOException {
            Objects.checkFromIndexSize(from, length, source.length);
            int done = 0;
            while (done < length) {
                int count = Math.min(length - done, BUFFER_BYTES - filled);
                buffer.put(filled, source, from + done, count);
                filled += count;
                done += count;
                if (filled == BUFFER_BYTES) {
                    flush();
                }
            }
        }

        @Override
        public void flush() throws IOException {
            int done = 0;
            while (done < filled) {
                done += move(done, filled - done);
            }
            filled = 0;
        }
    }

    private final class Source extends InputStream {
        private int at;
        private int filled;
        private boolean ended;

        @Override
        public int read() throws IOException {
            return fill() ? buffer.getByte(at++) & 0xff : -1;
        }

        @Override
        public int read(byte[] target, int from, int length) throws IOException {
            Objects.checkFromIndexSize(from, length, target.length);
            if (length == 0) {
                return 0;
            }
            if (!fill()) {
                return -1;
            }
            int count = Math.min(length, filled - at);
            buffer.get(at, target, from, count);
            at += count;
            return count;
        }

        @Override
        public int available() {
            return filled - at;
        }

        /** Sees to it that there is something in the buffer; false at the end. */
        private boolean fill() throws IOException {
            if (ended) {
                throwIfCancelled(); // whoever is busy with what was read looks here
            } else if (at == filled) {
                at = 0;
                filled = 0; // also if nothing comes
                filled = move(0, BUFFER_BYTES);
                ended = filled == 0;
            }
            return at < filled;
        }
    }
}
