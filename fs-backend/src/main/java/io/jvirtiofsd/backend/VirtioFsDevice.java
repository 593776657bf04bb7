package io.jvirtiofsd.backend;

import io.jvirtiofsd.dax.DaxWindow;
import io.jvirtiofsd.fuse.server.FuseServer;
import io.jvirtiofsd.vhost.ChainHandler;
import io.jvirtiofsd.vhost.DeviceState;
import io.jvirtiofsd.vhost.VirtioDevice;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * The virtio file system device: its queues and configuration space, and a {@link FuseChainHandler}
 * for each thread that serves a queue. Owned by the {@link BackEnd}; owns nothing.
 *
 * <p><i>Thread-safe.</i> Source: virtio 1.3, 5.11.
 */
public final class VirtioFsDevice implements VirtioDevice {
    /** Most request queues; the front-end decides how many there are. */
    static final int MAX_REQUEST_QUEUES = 64;

    /** Bytes of the tag field. */
    public static final int TAG_BYTES = 36; // virtio 1.3, 5.11.4

    private static final int CONFIG_BYTES = TAG_BYTES + 4; // le32 num_request_queues

    private final FuseServer server;
    private final byte[] tag;
    private final Optional<DaxWindow> window;
    private final Optional<DeviceState> state;

    /**
     * @param tag the name guests mount by; empty when the front-end supplies it, as QEMU's
     *     vhost-user-fs device does
     * @param window the DAX window, borrowed
     */
    VirtioFsDevice(FuseServer server, String tag, Optional<DaxWindow> window) {
        this.server = server;
        this.state =
                server.isMigratable() ? Optional.of(new FuseDeviceState(server)) : Optional.empty();
        this.window = window;
        this.tag = tag.getBytes(StandardCharsets.UTF_8);
        if (this.tag.length > TAG_BYTES) {
            throw new IllegalArgumentException("tag longer than " + TAG_BYTES + " bytes: " + tag);
        }
    }

    @Override
    public int maxQueues() {
        return 1 + MAX_REQUEST_QUEUES; // hiprio is queue 0
    }

    @Override
    public long deviceFeatures() {
        return 0; // no VIRTIO_FS_F_NOTIFICATION: no Linux driver knows it
    }

    @Override
    public byte[] config(int queueCount) {
        if (tag.length == 0) {
            return new byte[0];
        }
        return ByteBuffer.allocate(CONFIG_BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put(tag)
                .putInt(TAG_BYTES, Math.max(1, queueCount - 1))
                .array();
    }

    @Override
    public Optional<DaxWindow> window() {
        return window;
    }

    @Override
    public Optional<DeviceState> state() {
        return state;
    }

    @Override
    public ChainHandler newHandler(int queueIndex) {
        return new FuseChainHandler(server.newWorker());
    }

    @Override
    public void reset() {
        server.reset();
    }
}
