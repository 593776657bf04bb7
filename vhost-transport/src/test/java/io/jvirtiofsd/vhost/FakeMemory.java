package io.jvirtiofsd.vhost;

import io.jvirtiofsd.linux.Fd;
import io.jvirtiofsd.linux.LinuxException;
import io.jvirtiofsd.linux.Mapping;
import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.linux.Scratch;
import io.jvirtiofsd.linux.Syscalls;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** One region of a made-up guest's memory: a memfd, mapped here. Owned by the front-end. */
public final class FakeMemory implements AutoCloseable {
    private static final int MFD_CLOEXEC = 1; // linux/memfd.h

    private final Fd fd;
    private final Mapping mapping;
    private final NativeMemory view;
    private final long gpa;
    private final long uva;
    private final long fileOffset;

    /** Maps {@code bytes} bytes that start at {@code fileOffset} of a new memfd. */
    public FakeMemory(Syscalls syscalls, long gpa, long uva, int bytes, long fileOffset)
            throws LinuxException {
        byte[] name = "fake-guest".getBytes(StandardCharsets.UTF_8);
        this.gpa = gpa;
        this.uva = uva;
        this.fileOffset = fileOffset;
        this.fd =
                Fd.own(
                        syscalls,
                        LinuxException.check(
                                syscalls.memfdCreate(
                                        Scratch.get().path(name, 0, name.length), MFD_CLOEXEC),
                                "memfd"));
        LinuxException.check(syscalls.ftruncate(fd.number(), fileOffset + bytes), "ftruncate");
        this.mapping = Mapping.map(syscalls, fd.number(), fileOffset, bytes);
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

    public long fileOffset() {
        return fileOffset;
    }

    /** The memory itself. */
    public NativeMemory view() {
        return view;
    }

    /** The payload of SET_MEM_TABLE. */
    public static byte[] table(List<FakeMemory> regions) {
        ByteBuffer payload =
                FakeFrontend.buffer(8 + 32 * regions.size()).putInt(regions.size()).putInt(0);
        regions.forEach(region -> describe(payload, region));
        return payload.array();
    }

    /** The payload of ADD_MEM_REG and REM_MEM_REG. */
    public static byte[] singleRegion(FakeMemory region) {
        ByteBuffer payload = FakeFrontend.buffer(40).putLong(0);
        describe(payload, region);
        return payload.array();
    }

    private static void describe(ByteBuffer payload, FakeMemory region) {
        payload.putLong(region.gpa())
                .putLong(region.view().size())
                .putLong(region.uva())
                .putLong(region.fileOffset());
    }

    @Override
    public void close() {
        mapping.close();
        fd.close();
    }
}
