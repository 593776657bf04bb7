package io.jvirtiofsd.vhost;

import io.jvirtiofsd.dax.DaxWindow;
import io.jvirtiofsd.linux.Fd;
import io.jvirtiofsd.linux.LinuxException;
import io.jvirtiofsd.linux.Syscalls;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;

/**
 * The session's side of the device's shared memory region: what the front-end is told of it, the
 * channel on which it is asked to map, and when that may be. Owned by the session.
 *
 * <p><i>Confined to the control thread.</i> Source: vhost-user.rst, VHOST_USER_GET_SHMEM_CONFIG.
 */
final class WindowLink implements AutoCloseable {
    private static final int CONFIG_BYTES = 2056; // vhost-user.rst, VhostUserShMemConfig

    private final Syscalls syscalls;
    private final Optional<DaxWindow> window;
    private BackendChannel channel;
    private boolean running; // the device: a ring is enabled
    private boolean mapping;
    private boolean announced;

    /** Borrows {@code window}, empty if the device has none. */
    WindowLink(Syscalls syscalls, Optional<DaxWindow> window) {
        this.syscalls = syscalls;
        this.window = window;
        window.ifPresent(DaxWindow::newFrontEnd);
    }

    Optional<DaxWindow> window() {
        return window;
    }

    /** GET_SHMEM_CONFIG: one region with id 0; {@code num} u32@0, 256 sizes u64@8. */
    byte[] config() {
        announced = true;
        attach();
        return ByteBuffer.allocate(CONFIG_BYTES)
                .order(ByteOrder.nativeOrder())
                .putInt(0, 1)
                .putLong(8, window.orElseThrow().bytes())
                .array();
    }

    /**
     * SET_BACKEND_REQ_FD: takes {@code socket} in place of an earlier one.
     *
     * @param forMapping whether the front-end understands requests to map
     */
    void use(Fd socket, boolean forMapping) throws Refusal {
        close();
        mapping = forMapping;
        try {
            channel = BackendChannel.over(syscalls, socket);
        } catch (LinuxException e) {
            throw new Refusal("cannot use the back-end channel: " + e.getMessage(), e);
        }
        if (running) {
            channel.resume();
        }
        attach();
    }

    /**
     * Lets the window use the channel once the front-end has asked for the region: else it has
     * none.
     */
    private void attach() {
        if (channel != null && mapping && announced) {
            window.ifPresent(present -> present.attach(channel));
        }
    }

    /** A ring is enabled: the device runs. */
    void resume() {
        running = true;
        if (channel != null) {
            channel.resume();
        }
    }

    /** A ring stops: the front-end may not be asked for anything any more. */
    void suspend() {
        running = false;
        if (channel != null) {
            channel.suspend();
        }
    }

    /** The device has been reset. */
    void restarted() {
        window.ifPresent(DaxWindow::restarted);
    }

    @Override
    public void close() {
        if (channel != null) {
            window.ifPresent(DaxWindow::detach);
            channel.close();
            channel = null;
        }
    }
}
