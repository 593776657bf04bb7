package io.jvirtiofsd.nio;

import io.jvirtiofsd.fuse.Errno;
import io.jvirtiofsd.fuse.ErrnoException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.SeekableByteChannel;

/**
 * A file that the guest has open: a channel, which goes on working when the name is gone. Owned by
 * the session's table of handles; closed once.
 *
 * <p><i>Thread-safe</i>: channels without positional reads and writes take turns.
 */
final class OpenFile implements Handle {
    private final Node node;
    private final SeekableByteChannel channel;
    private final FileChannel positional;
    private final boolean readable;
    private final boolean writable;

    /** Takes {@code channel}. */
    OpenFile(Node node, SeekableByteChannel channel, boolean readable, boolean writable) {
        this.node = node;
        this.channel = channel;
        this.positional = channel instanceof FileChannel file ? file : null;
        this.readable = readable;
        this.writable = writable;
    }

    Node node() {
        return node;
    }

    boolean writable() {
        return writable;
    }

    OpenFile reading() throws ErrnoException {
        if (!readable) {
            throw ErrnoException.of(Errno.EBADF);
        }
        return this;
    }

    OpenFile writing() throws ErrnoException {
        if (!writable) {
            throw ErrnoException.of(Errno.EBADF);
        }
        return this;
    }

    long size() throws IOException {
        return channel.size();
    }

    /** Reads what fits, fewer bytes only at the end; the number of bytes. */
    int read(ByteBuffer target, long offset) throws IOException {
        int start = target.position();
        if (positional != null) {
            while (target.hasRemaining()) {
                if (positional.read(target, offset + target.position() - start) < 0) {
                    break;
                }
            }
        } else {
            synchronized (channel) {
                channel.position(offset);
                while (target.hasRemaining() && channel.read(target) >= 0) {
                    // until there is no more
                }
            }
        }
        return target.position() - start;
    }

    void write(ByteBuffer source, long offset) throws IOException {
        int start = source.position();
        if (positional != null) {
            while (source.hasRemaining()) {
                positional.write(source, offset + source.position() - start);
            }
        } else {
            synchronized (channel) {
                channel.position(offset);
                while (source.hasRemaining()) {
                    channel.write(source);
                }
            }
        }
    }

    /** Cuts, or grows with zeros, which no channel does in one call. */
    void setSize(long size) throws IOException {
        synchronized (channel) {
            if (size < channel.size()) {
                channel.truncate(size);
            } else if (size > channel.size()) {
                write(ByteBuffer.allocate(1), size - 1);
            }
        }
    }

    void force(boolean metadata) throws IOException {
        if (positional != null && writable) {
            positional.force(metadata);
        }
    }

    @Override
    public void close() throws IOException {
        node.closed(this);
        channel.close();
    }
}
