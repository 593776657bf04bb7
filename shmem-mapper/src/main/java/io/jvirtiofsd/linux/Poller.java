package io.jvirtiofsd.linux;

/**
 * An epoll instance, edge-triggered: descriptors wake it and need not be read. Owned by the thread
 * that waits.
 *
 * <p><i>Confined to that thread</i>, but for {@link #add} and {@link #remove}, which any may call.
 * Source: epoll(7).
 */
public final class Poller implements AutoCloseable {
    private static final int EPOLLIN = 1; // linux/eventpoll.h
    private static final int EPOLLET = 1 << 31; // linux/eventpoll.h
    private static final int EPOLL_CTL_ADD = 1; // linux/eventpoll.h
    private static final int EPOLL_CTL_DEL = 2; // linux/eventpoll.h
    private static final int EPOLL_CLOEXEC = 0x80000; // linux/eventpoll.h
    private static final int EVENT_BYTES = Architecture.IS_AARCH64 ? 16 : 12;
    private static final int MAX_EVENTS = 4;

    private final Syscalls syscalls;
    private final Fd fd;
    private final NativeMemory events = NativeMemory.allocate(MAX_EVENTS * EVENT_BYTES);

    private Poller(Syscalls syscalls, Fd fd) {
        this.syscalls = syscalls;
        this.fd = fd;
    }

    public static Poller create(Syscalls syscalls) throws LinuxException {
        int number = LinuxException.check(syscalls.epollCreate1(EPOLL_CLOEXEC), "epoll_create1");
        return new Poller(syscalls, Fd.own(syscalls, number));
    }

    /** Lets {@code descriptor}, borrowed until it is removed, wake the poller. */
    public void add(int descriptor) throws LinuxException {
        NativeMemory event = Scratch.get().small();
        event.putInt(0, EPOLLIN | EPOLLET);
        event.putLong(Architecture.IS_AARCH64 ? 8 : 4, descriptor);
        LinuxException.check(
                syscalls.epollCtl(fd.number(), EPOLL_CTL_ADD, descriptor, event.address()),
                "epoll_ctl");
    }

    /** Ends what {@link #add} began; to be called before the descriptor closes. */
    public void remove(int descriptor) {
        syscalls.epollCtl(fd.number(), EPOLL_CTL_DEL, descriptor, events.address());
    }

    /**
     * Waits until a descriptor was signalled since the last wait.
     *
     * @param timeoutMillis &minus;1 for no limit
     * @return whether one was
     */
    public boolean await(int timeoutMillis) {
        return syscalls.epollWait(fd.number(), events.address(), MAX_EVENTS, timeoutMillis) > 0;
    }

    @Override
    public void close() {
        fd.close();
    }
}
