package io.jvirtiofsd.fake;

import io.jvirtiofsd.linux.Fd;
import io.jvirtiofsd.linux.LinuxException;
import io.jvirtiofsd.linux.Mapping;
import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.linux.Scratch;
import io.jvirtiofsd.linux.Syscalls;
import java.nio.charset.StandardCharsets;

/** One region of a made-up guest's memory: a memfd, mapped here. Owned by the front-end. */
public final class FakeMemory implements AutoCloseable {
    private static final int MFD_CLOEXEC = 1; // linux/memfd.h

    private final Fd fd;
    private final Mapping mapping;
    private final NativeMemory view;
    private final long gpa;
    private final long uva;

    FakeMemory(Syscalls syscalls, long gpa, long uva, int bytes) throws LinuxException {
        byte[] name = "fake-guest".getBytes(StandardCharsets.UTF_8);
        this.gpa = gpa;
        this.uva = uva;
        this.fd =
                Fd.own(
                        syscalls,
                        LinuxException.check(
                                syscalls.memfdCreate(
                                        Scratch.get().path(name, 0, name.length), MFD_CLOEXEC),
                                "memfd"));
        LinuxException.check(syscalls.ftruncate(fd.number(), bytes), "ftruncate");
        this.mapping = Mapping.map(syscalls, fd.number(), 0, bytes);
        this.view = NativeMemory.view(mapping.address(), bytes);
    }

    public int fd() {
        return fd.number();
    }

    public long gpa() {
        return gpa;
    }

    public long uva() {
        return uva;
    }

    /** The memory itself. */
    public NativeMemory view() {
        return view;
    }

    @Override
    public void close() {
        mapping.close();
        fd.close();
    }
}
