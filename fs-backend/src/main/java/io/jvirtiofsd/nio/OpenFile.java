package io.jvirtiofsd.nio;

import io.jvirtiofsd.fuse.Errno;
import io.jvirtiofsd.fuse.ErrnoException;
import java.io.IOException;

/**
 * A file that the guest has open, and what for. Owned by the session's table of handles; closed
 * once.
 *
 * <p><i>Immutable.</i>
 */
final class OpenFile implements NioHandle {
    private final Node node;
    private final OpenChannel channel;
    private final boolean readable;
    private final boolean writable;

    /** Takes a share of {@code channel}. */
    OpenFile(Node node, OpenChannel channel, boolean readable, boolean writable) {
        this.node = node;
        this.channel = channel;
        this.readable = readable;
        this.writable = writable;
    }

    @Override
    public Node node() {
        return node;
    }

    boolean writable() {
        return writable;
    }

    OpenChannel channel() {
        return channel;
    }

    OpenChannel reading() throws ErrnoException {
        if (!readable) {
            throw ErrnoException.of(Errno.EBADF);
        }
        return channel;
    }

    OpenChannel writing() throws ErrnoException {
        if (!writable) {
            throw ErrnoException.of(Errno.EBADF);
        }
        return channel;
    }

    @Override
    public void close() throws IOException {
        node.closed(this);
        channel.close();
    }
}
