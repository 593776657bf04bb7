package io.jvirtiofsd.hostile;

import io.jvirtiofsd.linux.Fcntl;
import io.jvirtiofsd.linux.Fd;
import io.jvirtiofsd.linux.LinuxException;
import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.linux.Syscalls;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** Descriptors that nobody should pass for memory or an eventfd. */
enum OddDescriptor {
    DIRECTORY,
    DEVICE,
    FIFO,
    FULL_FIFO,
    SOCKET,
    EVENT,
    EPOLL,
    READ_ONLY,
    WRITE_ONLY,
    SEALED;

    private static final int AF_UNIX = 1; // sys/socket.h
    private static final int SOCK_STREAM = 1; // sys/socket.h
    private static final int MFD_ALLOW_SEALING = 2; // linux/memfd.h
    private static final int F_SEAL_WRITE = 8; // linux/fcntl.h
    private static final int PAGE_BYTES = 4096;

    /** A new one; given. */
    Fd open(HostileRig rig) throws LinuxException {
        Syscalls syscalls = rig.frontend().syscalls();
        Path share = rig.share();
        return switch (this) {
            case DIRECTORY -> open(syscalls, share, Fcntl.O_DIRECTORY);
            case DEVICE -> open(syscalls, Path.of("/dev/null"), Fcntl.O_RDWR);
            case FIFO -> open(syscalls, share.resolve("fifo"), Fcntl.O_RDWR);
            case FULL_FIFO -> full(syscalls, share.resolve("fifo"));
            case SOCKET -> own(syscalls, syscalls.socket(AF_UNIX, SOCK_STREAM, 0));
            case EVENT -> own(syscalls, syscalls.eventfd(0, 0));
            case EPOLL -> own(syscalls, syscalls.epollCreate1(0));
            case READ_ONLY -> open(syscalls, share.resolve("page"), Fcntl.O_RDONLY);
            case WRITE_ONLY -> open(syscalls, share.resolve("page"), Fcntl.O_WRONLY);
            case SEALED -> sealed(syscalls);
        };
    }

    private static Fd own(Syscalls syscalls, int result) throws LinuxException {
        return Fd.own(syscalls, LinuxException.check(result, "descriptor"));
    }

    private static NativeMemory string(String text) {
        byte[] bytes = (text + "\0").getBytes(StandardCharsets.UTF_8);
        NativeMemory block = NativeMemory.allocate(bytes.length);
        block.put(0, bytes, 0, bytes.length);
        return block;
    }

    private static Fd open(Syscalls syscalls, Path path, int flags) throws LinuxException {
        NativeMemory name = string(path.toString());
        int all = flags | Fcntl.O_CLOEXEC;
        return own(syscalls, syscalls.openat(Fcntl.AT_FDCWD, name.address(), all, 0));
    }

    /** A pipe into which a write would wait for a reader. */
    private static Fd full(Syscalls syscalls, Path path) throws LinuxException {
        Fd fifo = open(syscalls, path, Fcntl.O_RDWR | Fcntl.O_NONBLOCK);
        NativeMemory page = NativeMemory.allocate(PAGE_BYTES);
        for (long written = 1; written > 0; ) {
            written = syscalls.write(fifo.number(), page.address(), PAGE_BYTES);
        }
        syscalls.fcntl(fifo.number(), Fcntl.F_SETFL, Fcntl.O_RDWR);
        return fifo;
    }

    private static Fd sealed(Syscalls syscalls) throws LinuxException {
        Fd memory =
                own(syscalls, syscalls.memfdCreate(string("sealed").address(), MFD_ALLOW_SEALING));
        syscalls.ftruncate(memory.number(), PAGE_BYTES);
        syscalls.fcntl(memory.number(), Fcntl.F_ADD_SEALS, F_SEAL_WRITE);
        return memory;
    }
}
