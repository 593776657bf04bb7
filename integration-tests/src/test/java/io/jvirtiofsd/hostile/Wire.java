package io.jvirtiofsd.hostile;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Little-endian bytes of a request, from what they stand for. <i>Stateless.</i> */
final class Wire {
    private Wire() {}

    /** Numbers by their type, arrays as they are, strings with a NUL. */
    static byte[] bytes(Object... parts) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (Object part : parts) {
            if (part instanceof byte[] value) {
                out.writeBytes(value);
            } else if (part instanceof String value) {
                out.writeBytes(value.getBytes(StandardCharsets.UTF_8));
                out.write(0);
            } else {
                out.writeBytes(number((Number) part));
            }
        }
        return out.toByteArray();
    }

    private static byte[] number(Number number) {
        int bytes = number instanceof Long ? 8 : number instanceof Integer ? 4 : 2;
        ByteBuffer buffer = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
        return Arrays.copyOf(buffer.putLong(number.longValue()).array(), bytes);
    }
}
