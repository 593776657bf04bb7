package io.jvirtiofsd.linux;

/**
 * An eventfd, or what a peer passed in its place; owned by whoever made or received it.
 *
 * <p>Signalling never blocks: a counter that is full has been signalled already.
 * <i>Thread-safe.</i> Source: eventfd(2).
 */
public final class EventFd implements Resource {
    private static final int EFD_NONBLOCK = 0x800; // sys/eventfd.h
    private static final int EFD_CLOEXEC = 0x80000; // sys/eventfd.h

    private static final NativeMemory ONE = NativeMemory.allocate(8);

    static {
        ONE.putLong(0, 1);
    }

    private final Syscalls syscalls;
    private final Fd fd;

    private EventFd(Syscalls syscalls, Fd fd) {
        this.syscalls = syscalls;
        this.fd = fd;
    }

    /** A new eventfd with counter 0, close-on-exec, non-blocking. */
    public static EventFd create(Syscalls syscalls) throws LinuxException {
        int number =
                LinuxException.check(syscalls.eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), "eventfd");
        return new EventFd(syscalls, Fd.own(syscalls, number));
    }

    /**
     * Takes a received descriptor to signal through and makes it non-blocking, so that {@link
     * #signal} does not wait, unless the peer, which shares it, makes it block again.
     */
    public static EventFd adopt(Syscalls syscalls, Fd fd) {
        int flags = syscalls.fcntl(fd.number(), Fcntl.F_GETFL, 0);
        if (flags >= 0 && (flags & Fcntl.O_NONBLOCK) == 0) {
            syscalls.fcntl(fd.number(), Fcntl.F_SETFL, flags | Fcntl.O_NONBLOCK);
        }
        return new EventFd(syscalls, fd);
    }

    /** The descriptor's number, borrowed. */
    public int number() {
        return fd.number();
    }

    /** Adds 1 to the counter; failures are the peer's own. */
    public void signal() {
        long result;
        do {
            result = syscalls.write(fd.number(), ONE.address(), 8);
        } while (result == -LinuxErrno.EINTR);
    }

    /** Reads the counter, resetting it; 0 if it was not signalled. */
    public long drain() {
        NativeMemory value = Scratch.get().small();
        return syscalls.read(fd.number(), value.address(), 8) == 8 ? value.getLong(0) : 0;
    }

    @Override
    public void close() {
        fd.close();
    }
}
