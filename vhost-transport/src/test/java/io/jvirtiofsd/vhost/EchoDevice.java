package io.jvirtiofsd.vhost;

import io.jvirtiofsd.dax.DaxWindow;
import io.jvirtiofsd.virtio.GuestBuffers;
import java.util.EnumSet;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A device of three queues that answers each request with its first byte, unless told otherwise.
 */
class EchoDevice implements VirtioDevice {
    /** Protocol features that are offered for one that cannot be migrated. */
    static final long OFFERED =
            ProtocolFeature.mask(
                    EnumSet.complementOf(
                            EnumSet.of(
                                    ProtocolFeature.SHMEM,
                                    ProtocolFeature.LOG_SHMFD,
                                    ProtocolFeature.DEVICE_STATE)));

    final AtomicInteger resets = new AtomicInteger();
    private DeviceState state; // null for none

    /** From now on says that it can be migrated, with {@code state}. */
    EchoDevice migratable(DeviceState state) {
        this.state = state;
        return this;
    }

    private static final class Echo implements ChainHandler {
        @Override
        public int handle(GuestBuffers readable, GuestBuffers writable) {
            byte[] first = new byte[1];
            readable.get(0, first, 0, 1);
            writable.put(0, first, 0, 1);
            return 1;
        }

        @Override
        public int refuse(GuestBuffers readable, GuestBuffers writable) {
            return 0;
        }
    }

    @Override
    public int maxQueues() {
        return 3;
    }

    @Override
    public long deviceFeatures() {
        return 0;
    }

    @Override
    public byte[] config(int queueCount) {
        return new byte[40];
    }

    @Override
    public Optional<DaxWindow> window() {
        return Optional.empty();
    }

    @Override
    public Optional<DeviceState> state() {
        return Optional.ofNullable(state);
    }

    @Override
    public ChainHandler newHandler(int queueIndex) {
        return new Echo();
    }

    @Override
    public void reset() {
        resets.incrementAndGet();
    }
}
