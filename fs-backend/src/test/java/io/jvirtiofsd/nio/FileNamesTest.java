package io.jvirtiofsd.nio;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Every name that a guest can send is a string of its own, and comes back as it went. */
class FileNamesTest {
    private static final int NAMES = 200_000;
    private static final int MOST_BYTES = 255;

    // Where UTF-8 changes its mind: first and last bytes of sequences, and what is none.
    private static final int[] EDGES = {
        0x41, 0x7f, 0x80, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xed, 0xef, 0xf0, 0xf4, 0xf5,
        0xff, 0x9f, 0xa0, 0x8f, 0x90
    };

    private static void comesBack(byte[] name) throws CharacterCodingException {
        String string = FileNames.decode(name, 0, name.length);
        assertArrayEquals(name, FileNames.encode(string), Arrays.toString(name));
    }

    @Test
    void allNamesOfUpToTwoBytesComeBack() throws Exception {
        for (int first = 0; first < 256; first++) {
            comesBack(new byte[] {(byte) first});
            for (int second = 0; second < 256; second++) {
                comesBack(new byte[] {(byte) first, (byte) second});
            }
        }
    }

    @Test
    void allSequencesOfEdgesComeBack() throws Exception {
        for (int a : EDGES) {
            for (int b : EDGES) {
                for (int c : EDGES) {
                    for (int d : EDGES) {
                        comesBack(new byte[] {(byte) a, (byte) b, (byte) c, (byte) d});
                    }
                }
            }
        }
    }

    @Test
    void longNamesComeBack() throws Exception {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        for (int i = 0; i < NAMES; i++) {
            byte[] name = new byte[1 + random.nextInt(i % 10 == 0 ? MOST_BYTES : 8)];
            random.nextBytes(name);
            String string = FileNames.decode(name, 0, name.length);
            assertArrayEquals(name, FileNames.encode(string), "seed " + seed);
        }
    }

    @Test
    void whatIsUtf8IsItsString() throws Exception {
        for (String string :
                new String[] {"", "plain", "Grüße", "日本", "a\uD83D\uDE00b", "\uFFFD"}) {
            byte[] bytes = string.getBytes(StandardCharsets.UTF_8);
            assertEquals(string, FileNames.decode(bytes, 0, bytes.length));
            assertArrayEquals(bytes, FileNames.encode(string));
        }
    }

    @Test
    void aNameIsAPartOfAnArray() {
        byte[] request = {'x', (byte) 0xc3, (byte) 0xa9, (byte) 0xff, 'y'};
        assertEquals("é\uDCFF", FileNames.decode(request, 1, 3));
        assertEquals("\uDCC3", FileNames.decode(request, 1, 1));
    }

    @Test
    void surrogatesThatStandForNoByteAreRefused() {
        for (String string :
                new String[] {"\uD800", "\uD800x", "\uDC00", "\uDC7F", "\uDD00", "a\uDFFF"}) {
            assertThrows(CharacterCodingException.class, () -> FileNames.encode(string));
        }
    }
}
