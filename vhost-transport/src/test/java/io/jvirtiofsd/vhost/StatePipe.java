package io.jvirtiofsd.vhost;

import io.jvirtiofsd.linux.Fcntl;
import io.jvirtiofsd.linux.Fd;
import io.jvirtiofsd.linux.LinuxErrno;
import io.jvirtiofsd.linux.LinuxException;
import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.linux.Scratch;
import io.jvirtiofsd.linux.Syscalls;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** A pipe that a device's state goes through, 64 KiB. Owned by the test, as both its ends are. */
final class StatePipe implements AutoCloseable {
    private static final Syscalls SYSCALLS = Syscalls.load();
    private static final int FIFO = 0010600;
    private static final int CHUNK_BYTES = 4096;

    private final NativeMemory chunk = NativeMemory.allocate(CHUNK_BYTES);
    private final Fd reading;
    private final Fd writing;

    /** One that has a name in {@code folder} for a moment. */
    StatePipe(Path folder) throws IOException {
        Path path = folder.resolve("pipe");
        long name = name(path);
        LinuxException.check(SYSCALLS.mknodat(Fcntl.AT_FDCWD, name, FIFO, 0), "mknod");
        reading = open(path, Fcntl.O_RDONLY | Fcntl.O_NONBLOCK); // does not wait for the writer
        writing = open(path, Fcntl.O_WRONLY);
        SYSCALLS.fcntl(reading.number(), Fcntl.F_SETFL, 0);
        Files.delete(path);
    }

    private static long name(Path path) {
        byte[] bytes = path.toString().getBytes(StandardCharsets.UTF_8);
        return Scratch.get().path(bytes, 0, bytes.length);
    }

    /** Opens what has a name; given. */
    static Fd open(Path path, int flags) throws IOException {
        int all = flags | Fcntl.O_CLOEXEC;
        int fd = SYSCALLS.openat(Fcntl.AT_FDCWD, name(path), all, 0);
        return Fd.own(SYSCALLS, LinuxException.check(fd, "open"));
    }

    /** The end to read from, borrowed. */
    int reading() {
        return reading.number();
    }

    /** The end to write to, borrowed. */
    int writing() {
        return writing.number();
    }

    void closeReading() {
        reading.close();
    }

    void closeWriting() {
        writing.close();
    }

    /** Reads up to {@code most} bytes, until all writers have closed it. */
    byte[] read(int most) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        while (bytes.size() < most) {
            int wanted = Math.min(CHUNK_BYTES, most - bytes.size());
            long count = SYSCALLS.read(reading.number(), chunk.address(), wanted);
            byte[] copy = new byte[(int) LinuxException.check(count, "read")];
            chunk.get(0, copy, 0, copy.length);
            bytes.writeBytes(copy);
            if (count == 0) {
                break;
            }
        }
        return bytes.toByteArray();
    }

    /** Writes {@code bytes}; less if nobody reads them any more. */
    void write(byte... bytes) throws IOException {
        int done = 0;
        while (done < bytes.length) {
            int size = Math.min(CHUNK_BYTES, bytes.length - done);
            chunk.put(0, bytes, done, size);
            long count = SYSCALLS.write(writing.number(), chunk.address(), size);
            if (count == -LinuxErrno.EPIPE) {
                return;
            }
            done += (int) LinuxException.check(count, "write");
        }
    }

    @Override
    public void close() {
        reading.close();
        writing.close();
    }
}
