package io.jvirtiofsd.bench;

import io.jvirtiofsd.linux.NativeMemory;

/**
 * A place in the made-up guest's memory for one FUSE request and its answer, and the table of
 * descriptors that lead to them, laid out as Linux does: header, arguments, pages of data. It is
 * laid out once and sent again and again.
 *
 * <p><i>Confined to one thread at a time.</i> Source: fuse.h.
 */
final class Call {
    /** Bytes of guest memory that one takes, but for the data. */
    static final int PLACE_BYTES = 16 << 10;

    private static final int REQUEST = 8 << 10; // offset in the place, after the table
    private static final int ANSWER = 12 << 10; // likewise
    private static final int IN_HEADER = 40; // struct fuse_in_header
    private static final int OUT_HEADER = 16; // struct fuse_out_header
    private static final int DESCRIPTOR_BYTES = 16; // virtio 1.3, 2.7.5
    private static final int NEXT = 1; // virtio 1.3, 2.7.5
    private static final int WRITE = 2; // virtio 1.3, 2.7.5
    private static final int PAGE_BYTES = 4096;

    private final NativeMemory memory;
    private final long gpaBase;
    private final int place;
    private final int data;
    private int descriptors;
    private long unique;
    private int mostBytes;
    private boolean exact;
    private int allowedErrno;
    private int usedLength;

    /**
     * @param place offset of its 16 KiB in {@code memory}
     * @param data offset of the pages from which it sends, or into which it receives
     */
    Call(NativeMemory memory, long gpaBase, int place, int data) {
        this.memory = memory;
        this.gpaBase = gpaBase;
        this.place = place;
        this.data = data;
    }

    /** A request whose answer has exactly so many bytes after its header. */
    Call request(int opcode, long nodeId, byte[] arguments, int answerBytes) {
        layOut(opcode, nodeId, arguments, 0);
        descriptor(place + ANSWER, OUT_HEADER, WRITE);
        answerPieces(place + ANSWER + OUT_HEADER, answerBytes, true);
        return this;
    }

    /** A request whose answer has at most so many bytes after its header. */
    Call upTo(int opcode, long nodeId, byte[] arguments, int answerBytes) {
        request(opcode, nodeId, arguments, answerBytes);
        exact = false;
        return this;
    }

    /** A request that has {@code dataBytes} of data after its arguments. */
    Call sending(int opcode, long nodeId, byte[] arguments, int dataBytes, int answerBytes) {
        layOut(opcode, nodeId, arguments, dataBytes);
        descriptor(place + ANSWER, OUT_HEADER, WRITE);
        answerPieces(place + ANSWER + OUT_HEADER, answerBytes, true);
        return this;
    }

    /** A request whose answer is at most {@code dataBytes} of data. */
    Call receiving(int opcode, long nodeId, byte[] arguments, int dataBytes) {
        layOut(opcode, nodeId, arguments, 0);
        descriptor(place + ANSWER, OUT_HEADER, WRITE);
        answerPieces(data, dataBytes, false);
        return this;
    }

    /** A request that nobody answers. */
    Call posting(int opcode, long nodeId, byte[] arguments) {
        layOut(opcode, nodeId, arguments, 0);
        mostBytes = -OUT_HEADER;
        exact = true;
        endTable();
        return this;
    }

    /** It may also fail, with this error. */
    Call mayFail(int errno) {
        allowedErrno = errno;
        return this;
    }

    private void layOut(int opcode, long nodeId, byte[] arguments, int dataBytes) {
        int at = place + REQUEST;
        memory.clear(at, IN_HEADER);
        memory.putInt(at, IN_HEADER + arguments.length + dataBytes);
        memory.putInt(at + 4, opcode);
        memory.putLong(at + 16, nodeId);
        memory.putInt(at + 32, 1); // pid
        memory.put(at + IN_HEADER, arguments, 0, arguments.length);
        descriptors = 0;
        descriptor(at, IN_HEADER, 0);
        if (arguments.length > 0) {
            descriptor(at + IN_HEADER, arguments.length, 0);
        }
        pages(data, dataBytes, 0);
    }

    private void answerPieces(int at, int bytes, boolean exactly) {
        pages(at, bytes, WRITE);
        mostBytes = bytes;
        exact = exactly;
        endTable();
    }

    private void pages(int at, int bytes, int flags) {
        for (int done = 0; done < bytes; done += PAGE_BYTES) {
            descriptor(at + done, Math.min(PAGE_BYTES, bytes - done), flags);
        }
    }

    private void descriptor(int at, int bytes, int flags) {
        int entry = place + DESCRIPTOR_BYTES * descriptors++;
        memory.putLong(entry, gpaBase + at);
        memory.putInt(entry + 8, bytes);
        memory.putShort(entry + 12, (short) (flags | NEXT));
        memory.putShort(entry + 14, (short) descriptors);
    }

    private void endTable() {
        int flags = place + DESCRIPTOR_BYTES * (descriptors - 1) + 12;
        memory.putShort(flags, (short) (memory.getShort(flags) & ~NEXT));
    }

    /** About another node from now on. */
    Call node(long nodeId) {
        memory.putLong(place + REQUEST + 16, nodeId);
        return this;
    }

    /** Changes 8 bytes of the arguments. */
    Call argument(int offset, long value) {
        memory.putLong(place + REQUEST + IN_HEADER + offset, value);
        return this;
    }

    /** Makes it available, to be published. */
    void put(BareRing ring, int head) {
        unique += 2;
        memory.putLong(place + REQUEST + 8, unique);
        ring.put(head, gpaBase + place, DESCRIPTOR_BYTES * descriptors);
    }

    /**
     * It is used: looks whether that can be the answer.
     *
     * @throws IllegalStateException if it is none, or an error that was not expected
     */
    void check(int used) {
        usedLength = used;
        if (mostBytes == -OUT_HEADER && used == 0) {
            return;
        }
        int error = error();
        boolean failed = error != 0 && used == OUT_HEADER && error == allowedErrno;
        int most = OUT_HEADER + mostBytes;
        boolean answered = error == 0 && (exact ? used == most : used <= most);
        int at = place + ANSWER;
        if (!failed && !answered || used != memory.getInt(at) || memory.getLong(at + 8) != unique) {
            throw new IllegalStateException(
                    "opcode %d: used %d of %d bytes, answer says %d, error %d, to %d of %d"
                            .formatted(
                                    memory.getInt(place + REQUEST + 4),
                                    used,
                                    most,
                                    memory.getInt(at),
                                    error,
                                    memory.getLong(at + 8),
                                    unique));
        }
    }

    /** The answer's error, 0 if there was none. */
    int error() {
        return -memory.getInt(place + ANSWER + 4);
    }

    /** How many bytes follow the answer's header. */
    int answerBytes() {
        return usedLength - OUT_HEADER;
    }

    long answer(int offset) {
        return memory.getLong(place + ANSWER + OUT_HEADER + offset);
    }
}
