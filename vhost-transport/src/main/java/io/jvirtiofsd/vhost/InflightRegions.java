package io.jvirtiofsd.vhost;

import io.jvirtiofsd.linux.Fd;
import io.jvirtiofsd.linux.LinuxException;
import io.jvirtiofsd.linux.Mapping;
import io.jvirtiofsd.linux.Memfd;
import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.linux.Scratch;
import io.jvirtiofsd.linux.Statx;
import io.jvirtiofsd.linux.Syscalls;
import io.jvirtiofsd.virtio.InflightRegion;
import io.jvirtiofsd.virtio.Ring;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The file in which each ring has its {@link InflightRegion}, one behind the other. We make it, and
 * the front-end keeps it and gives it back, to us or to a process that follows. Owned by the
 * session's rings.
 *
 * <p>What the front-end says of it is checked here. It can cut the file later: so this thread looks
 * at it by system calls only, and those that serve rings stop at a fault. <i>Confined to the
 * control thread</i>, but for the regions. Source: vhost-user.rst, "Inflight I/O tracking".
 */
final class InflightRegions implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(InflightRegions.class);

    // spotless:off
    private static final int PAYLOAD_BYTES   = 24; // vhost-user.rst, "Inflight description"
    private static final int VERSION         = 8;  // vhost-user.rst, QueueRegionSplit, QueueRegionPacked
    private static final int VERSION_BYTES   = 4;  // vhost-user.rst, likewise: version, desc_num
    private static final int ALIGNMENT       = 64; // of a region; as others have it
    private static final int ENTRY_ALIGNMENT = 8;
    private static final int PAGE_BYTES      = 4096;
    // spotless:on

    private final Syscalls syscalls;
    private final Fd fd;
    private final Mapping mapping;
    private final long fileOffset;
    private final int count;
    private final int size;
    private final boolean packed;

    private InflightRegions(Syscalls syscalls, Fd fd, Mapping mapping, Shape shape) {
        this.syscalls = syscalls;
        this.fd = fd;
        this.mapping = mapping;
        this.fileOffset = shape.fileOffset;
        this.count = shape.count;
        this.size = shape.size;
        this.packed = shape.packed;
    }

    /** What a message says of the file, checked. */
    private record Shape(long bytes, long fileOffset, int count, int size, boolean packed) {
        static Shape of(Message message, int rings, boolean packed) throws Refusal {
            int numbers = message.u32(16);
            int count = numbers & 0xffff;
            int size = numbers >>> 16;
            if (count == 0 || count > rings || size == 0 || size > Ring.MAX_SIZE) {
                throw new Refusal(
                        "a record of requests in flight of %d rings of %d".formatted(count, size));
            }
            return new Shape(message.u64(0), message.u64(8), count, size, packed);
        }

        int stride() {
            return InflightRegions.stride(size, packed);
        }

        long needed() {
            return (long) count * stride();
        }
    }

    /** What GET_INFLIGHT_FD is answered with; {@code fd}, null for none, is closed with it. */
    record Offer(byte[] payload, Fd fd) implements AutoCloseable {
        @Override
        public void close() {
            if (fd != null) {
                fd.close();
            }
        }
    }

    private static int stride(int size, boolean packed) {
        int bytes = packed ? InflightRegion.packedBytes(size) : InflightRegion.splitBytes(size);
        return bytes + ALIGNMENT - 1 & -ALIGNMENT;
    }

    /**
     * GET_INFLIGHT_FD: makes a file for as many rings of such a size as {@code message} says. Where
     * that fails there is none, and requests in flight are not recorded.
     *
     * @param rings how many there can be
     */
    static Offer make(Syscalls syscalls, Message message, int rings, boolean packed)
            throws Refusal {
        Shape shape = Shape.of(message, rings, packed);
        try {
            Fd fd = Memfd.sealed(syscalls, shape.needed(), "jvirtiofsd-inflight");
            return new Offer(payload(shape.needed(), shape), fd);
        } catch (LinuxException e) {
            LOG.warn("requests in flight are not recorded: {}", e.getMessage());
            return new Offer(payload(0, shape), null);
        }
    }

    private static byte[] payload(long bytes, Shape shape) {
        return ByteBuffer.allocate(PAYLOAD_BYTES)
                .order(ByteOrder.nativeOrder())
                .putLong(bytes)
                .putLong(0)
                .putShort((short) shape.count)
                .putShort((short) shape.size)
                .array();
    }

    /**
     * SET_INFLIGHT_FD: maps what {@link #make} has made, here or in another process.
     *
     * @param rings how many there can be
     */
    static InflightRegions map(Syscalls syscalls, Message message, int rings, boolean packed)
            throws Refusal {
        Shape shape = Shape.of(message, rings, packed);
        if (message.fdCount() != 1) {
            throw new Refusal("no descriptor");
        }
        Fd fd = message.takeFd();
        boolean taken = false;
        try {
            checkFile(syscalls, fd, shape);
            long start = shape.fileOffset & -PAGE_BYTES;
            long lead = shape.fileOffset - start;
            Mapping mapping = Mapping.map(syscalls, fd.number(), start, lead + shape.needed());
            taken = true;
            return new InflightRegions(syscalls, fd, mapping, shape);
        } catch (LinuxException e) {
            throw new Refusal("cannot map what is in flight: " + e.getMessage(), e);
        } finally {
            if (!taken) {
                fd.close();
            }
        }
    }

    private static void checkFile(Syscalls syscalls, Fd fd, Shape shape)
            throws Refusal, LinuxException {
        NativeMemory statx = Statx.of(syscalls, fd, "statx of a record");
        boolean regular = (statx.getShort(Statx.MODE) & Statx.S_IFMT) == Statx.S_IFREG;
        long fileBytes = statx.getLong(Statx.SIZE);
        if (!regular
                || shape.bytes < shape.needed()
                || shape.bytes > fileBytes
                || shape.fileOffset < 0
                || shape.fileOffset > fileBytes - shape.bytes
                || shape.fileOffset % ENTRY_ALIGNMENT != 0) {
            throw new Refusal(
                    "a record of requests in flight of %d bytes at %d of %d, where %d are needed"
                            .formatted(shape.bytes, shape.fileOffset, fileBytes, shape.needed()));
        }
        for (int i = 0; i < shape.count; i++) {
            checkVersion(syscalls, fd, shape.fileOffset + (long) i * shape.stride(), shape.size);
        }
    }

    /** What was recorded of a ring, if anything was, is of this form and size. */
    private static void checkVersion(Syscalls syscalls, Fd fd, long at, int size)
            throws Refusal, LinuxException {
        NativeMemory block = vector(VERSION_BYTES);
        long read =
                LinuxException.check(
                        syscalls.preadv2(fd.number(), block.address(0), 1, at + VERSION, 0),
                        "read");
        int version = block.getShort(16) & 0xffff;
        int recorded = block.getShort(18) & 0xffff;
        if (read < VERSION_BYTES
                || !InflightRegion.isKnown(version)
                || InflightRegion.isUsed(version) && recorded != size) {
            throw new Refusal(
                    "a record of requests in flight of version %d for a ring of %d"
                            .formatted(version, recorded));
        }
    }

    /** A struct iovec, and the {@code bytes} &le; 16 behind it that it leads to, all zero. */
    private static NativeMemory vector(int bytes) {
        NativeMemory block = Scratch.get().small();
        block.putLong(0, block.address(16));
        block.putLong(8, bytes);
        block.clear(16, 16);
        return block;
    }

    /**
     * Where is recorded what of ring {@code index} is in flight.
     *
     * @throws Refusal if a ring of {@code ringSize} and this format has no place there
     */
    InflightRegion region(int index, int ringSize, boolean ringPacked) throws Refusal {
        if (index >= count || ringSize > size || ringPacked != packed) {
            throw new Refusal(
                    "ring %d of %d where %d %s rings of %d are recorded"
                            .formatted(index, ringSize, count, packed ? "packed" : "split", size));
        }
        int stride = stride(size, packed);
        long lead = fileOffset % PAGE_BYTES;
        long address = mapping.address() + lead + (long) index * stride;
        return new InflightRegion(NativeMemory.view(address, stride), size);
    }

    /** The driver starts ring {@code index} anew: what was recorded of it is void. */
    void forget(int index) {
        if (index < count) {
            NativeMemory block = vector(2);
            long at = fileOffset + (long) index * stride(size, packed) + VERSION;
            syscalls.pwritev2(fd.number(), block.address(0), 1, at, 0);
        }
    }

    /** No ring may run. */
    @Override
    public void close() {
        mapping.close();
        fd.close();
    }
}
