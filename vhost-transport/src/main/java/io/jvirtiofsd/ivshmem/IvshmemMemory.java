package io.jvirtiofsd.ivshmem;

import io.jvirtiofsd.linux.Fcntl;
import io.jvirtiofsd.linux.Fd;
import io.jvirtiofsd.linux.LinuxException;
import io.jvirtiofsd.linux.Memfd;
import io.jvirtiofsd.linux.Resource;
import io.jvirtiofsd.linux.Scratch;
import io.jvirtiofsd.linux.Statx;
import io.jvirtiofsd.linux.Syscalls;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * The memory that peers share: memory of no name, which nobody can make shorter, or a file. Owned
 * by whoever opens it; the server never touches what is in it.
 *
 * <p>Its size is a power of two, as that of a PCI BAR is, and at least a page. <i>Immutable.</i>
 * Source: ivshmem-spec.rst, server protocol; PCI 3.0, 6.2.5.1.
 */
public final class IvshmemMemory implements Resource {
    /** The smallest memory: one page. */
    public static final long LEAST_BYTES = 4096;

    /** The largest memory. */
    public static final long MOST_BYTES = 1L << 40;

    private final Fd fd;
    private final long bytes;

    private IvshmemMemory(Fd fd, long bytes) {
        this.fd = fd;
        this.bytes = bytes;
    }

    /**
     * Zeroed memory of no name, sealed against any change of its size.
     *
     * @param hugePages whether it is made of the host's huge pages, which are taken at once
     * @throws IOException if there can be none of this size; the message is one sentence
     */
    public static IvshmemMemory create(Syscalls syscalls, long bytes, boolean hugePages)
            throws IOException {
        check(bytes, "shared memory");
        Fd fd =
                hugePages
                        ? Memfd.sealedHuge(syscalls, bytes, "ivshmem")
                        : Memfd.sealed(syscalls, bytes, "ivshmem");
        return new IvshmemMemory(fd, bytes);
    }

    /**
     * An existing file, as it is. Whoever may write to it may also cut it short, at which all die
     * who touch what was cut off.
     *
     * @throws IOException if it is no file, or none of a possible size; the message is one sentence
     */
    public static IvshmemMemory open(Syscalls syscalls, Path path) throws IOException {
        return open(syscalls, path, path);
    }

    /** Likewise, where people know the file by another path than this process. */
    public static IvshmemMemory open(Syscalls syscalls, Path path, Path known) throws IOException {
        byte[] name = path.toString().getBytes(StandardCharsets.UTF_8);
        String failure = "cannot share " + known;
        if (name.length > Scratch.MOST_PATH_BYTES) {
            throw new IOException(failure + ": name too long");
        }
        // A FIFO, or a device, is not to keep us waiting.
        int flags = Fcntl.O_RDWR | Fcntl.O_NONBLOCK | Fcntl.O_NOCTTY | Fcntl.O_CLOEXEC;
        int number =
                syscalls.openat(Fcntl.AT_FDCWD, Scratch.get().path(name, 0, name.length), flags, 0);
        Fd fd = Fd.own(syscalls, LinuxException.check(number, failure));
        try {
            long bytes = size(syscalls, fd, failure);
            check(bytes, failure);
            return new IvshmemMemory(fd, bytes);
        } catch (IOException e) {
            fd.close();
            throw e;
        }
    }

    /** Size of the regular file {@code fd}. */
    static long size(Syscalls syscalls, Fd fd, String failure) throws IOException {
        var statx = Statx.of(syscalls, fd, failure);
        if ((statx.getShort(Statx.MODE) & Statx.S_IFMT) != Statx.S_IFREG) {
            throw new IOException(failure + ": not a regular file");
        }
        return statx.getLong(Statx.SIZE);
    }

    private static void check(long bytes, String what) throws IOException {
        if (!isPossible(bytes)) {
            throw new IOException(
                    "%s: its size, %d bytes, is no power of two from %d to %d"
                            .formatted(what, bytes, LEAST_BYTES, MOST_BYTES));
        }
    }

    static boolean isPossible(long bytes) {
        return bytes >= LEAST_BYTES && bytes <= MOST_BYTES && Long.bitCount(bytes) == 1;
    }

    /** Its size. */
    public long bytes() {
        return bytes;
    }

    /** The file's descriptor, borrowed. */
    int number() {
        return fd.number();
    }

    @Override
    public void close() {
        fd.close();
    }
}
