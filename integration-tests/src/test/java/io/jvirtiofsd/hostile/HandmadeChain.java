package io.jvirtiofsd.hostile;

import static io.jvirtiofsd.hostile.HostileRig.REGION_BYTES;

import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.vhost.FakeDriver;
import io.jvirtiofsd.vhost.FakeFrontend;
import java.io.IOException;

/**
 * A chain whose descriptors are put into the maltreated ring one by one. The request is a GETATTR
 * of the root. <i>Stateless.</i> Source: virtio 1.3, 2.7.5.
 */
final class HandmadeChain {
    static final int NEXT = 1;
    static final int WRITE = 2;
    static final int INDIRECT = 4;

    static final int IN_HEADER = 40; // fuse.h
    static final int REQUEST_BYTES = IN_HEADER + 16;
    static final int ANSWER_BYTES = 16 + 104;

    /** The end of the guest's memory, which begins at 0. */
    static final long MEMORY_END = 2L * REGION_BYTES;

    // In memory of the ring's own that nothing else uses.
    private static final int PLACE = FakeDriver.memoryBytes(1) + 1_000_000;
    static final long REQUEST = PLACE;
    static final long ARGUMENTS = REQUEST + IN_HEADER;
    static final long ANSWER = PLACE + 4096;
    static final long TABLE = PLACE + 8192;

    private static final int GETATTR = 3;
    private static final int DESCRIPTOR_BYTES = 16;
    private static final int ROOM = 1 << 20; // for what is checked elsewhere

    /** One descriptor; {@code length} is unsigned. */
    record Descriptor(long gpa, int length, int flags, int next) {}

    private HandmadeChain() {}

    static Descriptor descriptor(long gpa, long length, int flags, int next) {
        return new Descriptor(gpa, (int) length, flags, next);
    }

    /** Puts descriptors at {@code offset} of the first region. */
    static void put(HostileRig rig, long offset, Descriptor... descriptors) {
        int at = (int) offset;
        for (Descriptor one : descriptors) {
            rig.ring().put(at, one.gpa, one.length, one.flags, one.next);
            at += DESCRIPTOR_BYTES;
        }
    }

    /** The bytes of the request. */
    static byte[] request() {
        return FakeFrontend.buffer(REQUEST_BYTES)
                .putInt(REQUEST_BYTES)
                .putInt(GETATTR)
                .putLong(4711)
                .putLong(1)
                .array();
    }

    /** Makes the chain that begins with the first of {@code descriptors} available. */
    static Consequence offer(HostileRig rig, Descriptor... descriptors) throws IOException {
        return offer(rig, request(), descriptors);
    }

    /** Likewise, with {@code request} at {@link #REQUEST}. */
    static Consequence offer(HostileRig rig, byte[] request, Descriptor... descriptors)
            throws IOException {
        put(rig, request, descriptors);
        return rig.ofRing((int) ANSWER);
    }

    /** Makes the chain available, of which anything may come. */
    static void put(HostileRig rig, byte[] request, Descriptor... descriptors) {
        NativeMemory memory = rig.frontend().memory().get(0).view();
        memory.put((int) REQUEST, request, 0, request.length);
        memory.clear((int) ANSWER, ANSWER_BYTES);
        put(rig, rig.ring().descriptorsOffset(), descriptors);
        rig.ring().answers(0, ROOM);
        rig.ring().makeAvailable(0);
    }
}
