package io.jvirtiofsd.linux;

import java.nio.charset.StandardCharsets;

/** Makes files of memory. <i>Stateless.</i> Source: memfd_create(2). */
public final class Memfd {
    private static final int MFD_CLOEXEC = 1; // linux/memfd.h
    private static final int MFD_ALLOW_SEALING = 2; // linux/memfd.h

    private Memfd() {}

    /**
     * A file of {@code bytes} zeros that nobody can make longer or shorter; given.
     *
     * @param name what /proc shows, of ASCII characters
     */
    public static Fd sealed(Syscalls syscalls, long bytes, String name) throws LinuxException {
        byte[] text = name.getBytes(StandardCharsets.US_ASCII);
        long path = Scratch.get().path(text, 0, text.length);
        int number = syscalls.memfdCreate(path, MFD_CLOEXEC | MFD_ALLOW_SEALING);
        Fd fd = Fd.own(syscalls, LinuxException.check(number, "memfd_create"));
        int seals = Fcntl.F_SEAL_SHRINK | Fcntl.F_SEAL_GROW | Fcntl.F_SEAL_SEAL;
        int result = syscalls.ftruncate(fd.number(), bytes);
        if (result == 0) {
            result = syscalls.fcntl(fd.number(), Fcntl.F_ADD_SEALS, seals);
        }
        if (result < 0) {
            fd.close();
            throw new LinuxException("cannot make a memfd of " + bytes + " bytes", -result);
        }
        return fd;
    }
}
