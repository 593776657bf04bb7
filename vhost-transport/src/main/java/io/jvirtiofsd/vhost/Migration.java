package io.jvirtiofsd.vhost;

import io.jvirtiofsd.linux.Syscalls;

/**
 * The messages by which a front-end takes the device's state to another process, and from there. At
 * most one transfer at a time: what the front-end begins next ends the one before. Owned by the
 * session.
 *
 * <p><i>Confined to the control thread</i>, which goes on serving messages during a transfer.
 * Source: vhost-user.rst, "Migrating back-end state".
 */
final class Migration implements AutoCloseable {
    private static final int SAVE = 0; // vhost-user.rst, "Device state transfer parameters"
    private static final int LOAD = 1; // likewise
    private static final int STOPPED = 0; // likewise

    /** How long a front-end may keep us waiting that has said that its part is done. */
    private static final long CHECK_MILLIS = 10_000;

    private final Syscalls syscalls;
    private final int socket;
    private final VirtioDevice device;
    private StateTransfer transfer; // the last one; null for none

    /** For the session over {@code socket}, borrowed. */
    Migration(Syscalls syscalls, int socket, VirtioDevice device) {
        this.syscalls = syscalls;
        this.socket = socket;
        this.device = device;
    }

    /**
     * SET_DEVICE_STATE_FD: begins a transfer.
     *
     * @param suspended whether all rings are stopped
     */
    void begin(Message message, boolean suspended) throws Refusal {
        int direction = message.u32(0);
        int phase = message.u32(4);
        if (direction != SAVE && direction != LOAD) {
            throw new Refusal("direction " + (direction & 0xffffffffL));
        }
        if (phase != STOPPED) {
            throw new Refusal("phase " + (phase & 0xffffffffL));
        }
        if (!suspended) {
            throw new Refusal("a ring is running");
        }
        if (message.fdCount() != 1) {
            throw new Refusal("no descriptor");
        }
        StateTransfer next =
                StateTransfer.over(
                        syscalls,
                        device,
                        direction == SAVE
                                ? StateTransfer.Direction.SAVE
                                : StateTransfer.Direction.LOAD,
                        message.takeFd());
        end("the front-end begins another transfer");
        transfer = next;
        next.start();
    }

    /**
     * CHECK_DEVICE_STATE: waits for the end of the last transfer.
     *
     * @return whether it has succeeded
     */
    boolean check() throws Refusal {
        if (transfer == null) {
            throw new Refusal("there was no transfer");
        }
        return transfer.await(socket, CHECK_MILLIS);
    }

    /**
     * A ring is about to start. The migration has failed elsewhere if the device is being saved, so
     * it goes on; half loaded it cannot.
     */
    void ringStarts() throws Refusal {
        if (transfer == null || !transfer.isRunning()) {
            return;
        }
        if (transfer.direction() == StateTransfer.Direction.LOAD) {
            throw new Refusal("the device's state is being loaded");
        }
        transfer.cancel("a ring starts");
    }

    /** The device is about to be reset: there is no transfer any more. */
    void reset() {
        end("the device is reset");
    }

    private void end(String reason) {
        if (transfer != null) {
            transfer.cancel(reason);
            transfer.close();
            transfer = null;
        }
    }

    @Override
    public void close() {
        end("the session ends");
    }
}
