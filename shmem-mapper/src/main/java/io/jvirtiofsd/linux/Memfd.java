package io.jvirtiofsd.linux;

import java.nio.charset.StandardCharsets;

/** Makes files of memory. <i>Stateless.</i> Source: memfd_create(2). */
public final class Memfd {
    private static final int MFD_CLOEXEC = 1; // linux/memfd.h
    private static final int MFD_ALLOW_SEALING = 2; // linux/memfd.h
    private static final int MFD_HUGETLB = 4; // linux/memfd.h

    private Memfd() {}

    /**
     * A file of {@code bytes} zeros that nobody can make longer or shorter; given.
     *
     * @param name what /proc shows, of ASCII characters
     */
    public static Fd sealed(Syscalls syscalls, long bytes, String name) throws LinuxException {
        return sealed(syscalls, bytes, name, 0);
    }

    /**
     * Likewise of the host's huge pages of the usual size, all of which are taken at once: a page
     * that is missing later would end whoever touches it.
     *
     * @param bytes a multiple of their size
     */
    public static Fd sealedHuge(Syscalls syscalls, long bytes, String name) throws LinuxException {
        return sealed(syscalls, bytes, name, MFD_HUGETLB);
    }

    private static Fd sealed(Syscalls syscalls, long bytes, String name, int huge)
            throws LinuxException {
        byte[] text = name.getBytes(StandardCharsets.US_ASCII);
        long path = Scratch.get().path(text, 0, text.length);
        int number = syscalls.memfdCreate(path, MFD_CLOEXEC | MFD_ALLOW_SEALING | huge);
        Fd fd = Fd.own(syscalls, LinuxException.check(number, "memfd_create"));
        int seals = Fcntl.F_SEAL_SHRINK | Fcntl.F_SEAL_GROW | Fcntl.F_SEAL_SEAL;
        int result = syscalls.ftruncate(fd.number(), bytes);
        if (result == 0 && huge != 0) {
            result = syscalls.fallocate(fd.number(), 0, 0, bytes);
        }
        if (result == 0) {
            result = syscalls.fcntl(fd.number(), Fcntl.F_ADD_SEALS, seals);
        }
        if (result < 0) {
            fd.close();
            String what = huge == 0 ? "a memfd" : "a memfd of huge pages";
            throw new LinuxException("cannot make %s of %d bytes".formatted(what, bytes), -result);
        }
        return fd;
    }
}
