package io.jvirtiofsd.nio;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CharsetEncoder;
import java.nio.charset.CoderResult;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;

/**
 * Names are bytes for the guest and strings for a provider: UTF-8, and each byte that is none
 * becomes the lone surrogate U+DC00 + byte, so that every name has a string of its own and comes
 * back as it went. A provider that stores strings keeps such names; one that encodes them refuses
 * them, which the guest sees as EILSEQ.
 *
 * <p><i>Stateless.</i>
 */
final class FileNames {
    private static final int ESCAPE = 0xDC00;

    private FileNames() {}

    /** The string for {@code length} bytes at {@code offset}; two names never share one. */
    static String decode(byte[] bytes, int offset, int length) {
        boolean ascii = true;
        for (int i = offset; i < offset + length; i++) {
            ascii &= bytes[i] >= 0;
        }
        if (ascii) {
            return new String(bytes, offset, length, StandardCharsets.US_ASCII);
        }
        CharsetDecoder decoder =
                StandardCharsets.UTF_8
                        .newDecoder()
                        .onMalformedInput(CodingErrorAction.REPORT)
                        .onUnmappableCharacter(CodingErrorAction.REPORT);
        ByteBuffer in = ByteBuffer.wrap(bytes, offset, length);
        CharBuffer out = CharBuffer.allocate(length);
        while (true) {
            CoderResult result = decoder.decode(in, out, true);
            if (result.isUnderflow()) {
                return out.flip().toString();
            }
            for (int i = 0; i < result.length(); i++) {
                out.put((char) (ESCAPE + (in.get() & 0xff)));
            }
        }
    }

    /**
     * The bytes of a provider's string.
     *
     * @throws CharacterCodingException if it has a surrogate that stands for no byte
     */
    static byte[] encode(String name) throws CharacterCodingException {
        CharsetEncoder encoder = StandardCharsets.UTF_8.newEncoder();
        if (encoder.canEncode(name)) {
            return name.getBytes(StandardCharsets.UTF_8);
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        int plain = 0;
        for (int i = 0; i < name.length(); i++) {
            char c = name.charAt(i);
            if (Character.isHighSurrogate(c)) {
                i++; // its second half; alone, the encoder refuses it
            } else if (c >= ESCAPE + 0x80 && c <= ESCAPE + 0xff) {
                put(encoder, name, plain, i, out);
                out.write(c - ESCAPE);
                plain = i + 1;
            }
        }
        put(encoder, name, plain, name.length(), out);
        return out.toByteArray();
    }

    private static void put(
            CharsetEncoder encoder, String name, int from, int to, ByteArrayOutputStream out)
            throws CharacterCodingException {
        ByteBuffer bytes = encoder.encode(CharBuffer.wrap(name, from, to));
        out.write(bytes.array(), bytes.arrayOffset(), bytes.remaining());
    }
}
