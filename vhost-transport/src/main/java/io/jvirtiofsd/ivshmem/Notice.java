package io.jvirtiofsd.ivshmem;

import java.util.OptionalInt;

/**
 * One message of the server's: 8 bytes, a little-endian number, and at most one descriptor, which
 * is borrowed from whoever owns what it is about. <i>Immutable.</i>
 *
 * @param value what is said: the version, an id, or {@link #MEMORY}
 * @param fd the descriptor that comes with it
 */
record Notice(long value, OptionalInt fd) {
    static final int BYTES = 8; // ivshmem-spec.rst, server protocol
    static final long VERSION = 0; // ivshmem-spec.rst, server protocol
    static final long MEMORY = -1; // ivshmem-spec.rst, server protocol
    static final int MOST_ID = 65_535; // ivshmem-spec.rst, IVPosition

    static Notice of(long value) {
        return new Notice(value, OptionalInt.empty());
    }

    static Notice with(long value, int fd) {
        return new Notice(value, OptionalInt.of(fd));
    }

    /** Whether it is one of those that say that {@code id} is there. */
    boolean announces(int id) {
        return value == id && fd.isPresent();
    }
}
