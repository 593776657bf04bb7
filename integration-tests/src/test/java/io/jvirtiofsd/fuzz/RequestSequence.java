package io.jvirtiofsd.fuzz;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * The FUSE requests in a fuzzed input, one after another: room for the answer (u16, of which 14
 * bits count), bytes of the request (u16), and these. The length that a request tells of itself is
 * put right unless bit 15 of the second word is set. What is cut off at the end of the input is
 * zero.
 *
 * <p><i>Confined to its thread.</i>
 */
public final class RequestSequence {
    /** The most in one input. */
    private static final int MOST = 24;

    private static final int MOST_ROOM = (1 << 14) - 1;
    private static final int PREFIX_BYTES = 4;
    private static final int OWN_LENGTH = 1 << 15;

    private final ByteBuffer input;
    private int count;
    private byte[] request;
    private int room;

    /** The requests in {@code input} from {@code start} on. */
    public RequestSequence(byte[] input, int start) {
        this.input = ByteBuffer.wrap(input).order(ByteOrder.LITTLE_ENDIAN).position(start);
    }

    /** Goes to the next request; false if there is none. */
    public boolean next() {
        if (input.remaining() < PREFIX_BYTES || count++ == MOST) {
            return false;
        }
        room = input.getShort() & MOST_ROOM;
        int word = Short.toUnsignedInt(input.getShort());
        int bytes = word & (OWN_LENGTH - 1);
        int given = Math.min(bytes, input.remaining());
        byte[] read = new byte[given];
        input.get(read);
        request = Arrays.copyOf(read, Math.min(bytes, given + 128));
        if ((word & OWN_LENGTH) == 0 && request.length >= 4) {
            ByteBuffer.wrap(request).order(ByteOrder.LITTLE_ENDIAN).putInt(0, request.length);
        }
        return true;
    }

    public byte[] request() {
        return request;
    }

    /** Bytes that there are for the answer. */
    public int room() {
        return room;
    }
}
