package io.jvirtiofsd.vhost;

import io.jvirtiofsd.dax.DaxWindow;
import java.util.Optional;

/**
 * What a device type adds to the transport: its queues, features, configuration space and the
 * handling of descriptor chains. Owned by the daemon, used by one session after another.
 *
 * <p><i>Thread-safe</i>: {@link #newHandler} results are confined to one thread each; everything
 * else is called by the control thread, or by a transfer of the state while no other may.
 */
public interface VirtioDevice {
    /** Number of virtqueues the device can have, hiprio included. */
    int maxQueues();

    /** Device-specific virtio feature bits to offer (bits 0 to 23). */
    long deviceFeatures();

    /**
     * The device's configuration space, up to 256 bytes, a new copy; empty if the front-end has its
     * own (the CONFIG feature is then not offered).
     *
     * @param queueCount virtqueues the front-end has set up so far, hiprio included
     */
    byte[] config(int queueCount);

    /** The shared memory region with id 0, if the device has one. */
    Optional<DaxWindow> window();

    /**
     * What goes along when the guest goes on in another process; the same at each call. Without one
     * the front-end is not offered what a migration needs, and does not begin it.
     */
    default Optional<DeviceState> state() {
        return Optional.empty();
    }

    /** A handler for one more thread that serves queue {@code queueIndex}. */
    ChainHandler newHandler(int queueIndex);

    /**
     * Drops all device state: the front-end resets the device, or is gone, or has sent a state that
     * could not be taken over. No request is running.
     */
    void reset();
}
