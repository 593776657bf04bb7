package io.jvirtiofsd.nio;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.SeekableByteChannel;
import java.util.Arrays;

/**
 * A channel of a file, which goes on working when the file's name is gone. It is shared by the
 * handles that are opened after that, and closed with the last handle.
 *
 * <p><i>Thread-safe</i>: channels without positional reads and writes take turns.
 */
final class OpenChannel {
    /** Largest file that is kept if its channel cannot go back. */
    static final int MAX_CONTENT_BYTES = 1 << 26;

    private final SeekableByteChannel channel;
    private final FileChannel positional;
    private final boolean readable;
    private final boolean writable;
    private final Allowance allowance; // what it is taken from that this is not a window on a file
    private final boolean copied;
    private byte[] content; // if the channel cannot go back; guarded by the channel
    private long taken; // from the allowance; guarded by the channel
    private int users = 1;

    /**
     * Takes {@code channel}, for one handle, and bytes of {@code allowance} for a copied file.
     *
     * @param copied whether the provider has copied the file, and copies what is written
     * @throws IOException if there is too little left; the channel is closed
     */
    OpenChannel(
            SeekableByteChannel channel,
            boolean readable,
            boolean writable,
            Allowance allowance,
            boolean copied)
            throws IOException {
        this.channel = channel;
        this.allowance = allowance;
        this.copied = copied;
        this.positional = channel instanceof FileChannel file ? file : null;
        this.readable = readable;
        this.writable = writable;
        try {
            synchronized (channel) {
                require(channel.size());
            }
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    /**
     * Takes the bytes that a copy of {@code size} bytes still lacks; under the channel's monitor.
     */
    private void require(long size) throws IOException {
        if (copied && size > taken) {
            allowance.take(size - taken);
            taken = size;
        }
    }

    /**
     * Counts one more handle; false if the channel is closed, or cannot read or write as wanted.
     */
    synchronized boolean share(boolean reading, boolean writing) {
        if (users == 0 || reading && !readable || writing && !writable) {
            return false;
        }
        users++;
        return true;
    }

    /** Counts one handle less. */
    void close() throws IOException {
        synchronized (this) {
            if (--users > 0) {
                return;
            }
        }
        try {
            channel.close();
        } finally {
            synchronized (channel) {
                allowance.give(taken);
                taken = 0;
            }
        }
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
                readInTurn(target, offset);
            }
        }
        return target.position() - start;
    }

    private void readInTurn(ByteBuffer target, long offset) throws IOException {
        if (content == null) {
            try {
                channel.position(offset);
                fill(target);
                return;
            } catch (UnsupportedOperationException e) {
                content = all(); // the JDK's own modules, for one, can only be read through
            }
        }
        int at = (int) Math.min(offset, content.length);
        target.put(content, at, Math.min(target.remaining(), content.length - at));
    }

    private void fill(ByteBuffer target) throws IOException {
        while (target.hasRemaining() && channel.read(target) >= 0) {
            // until there is no more
        }
    }

    /** Everything in a channel that has not been read yet and cannot go back. */
    private byte[] all() throws IOException {
        long size = channel.size();
        if (size > MAX_CONTENT_BYTES) {
            throw new UnsupportedOperationException("too large to be kept");
        }
        allowance.take(size);
        taken += size;
        ByteBuffer bytes = ByteBuffer.allocate((int) size);
        fill(bytes);
        return bytes.hasRemaining()
                ? Arrays.copyOf(bytes.array(), bytes.position())
                : bytes.array();
    }

    void write(ByteBuffer source, long offset) throws IOException {
        int start = source.position();
        if (copied) {
            synchronized (channel) {
                require(offset + source.remaining());
            }
        }
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

    /** Writes behind the last byte; only who uses this channel cannot come in between. */
    void append(ByteBuffer source) throws IOException {
        synchronized (channel) {
            write(source, channel.size());
        }
    }

    /** Cuts, or grows with zeros, which no channel does in one call. */
    void setSize(long size) throws IOException {
        synchronized (channel) {
            if (size < channel.size()) {
                channel.truncate(size);
                if (copied) {
                    allowance.give(taken - size);
                    taken = size;
                }
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
}
