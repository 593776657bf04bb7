package io.jvirtiofsd.fuse.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.fuse.AttributeChange;
import io.jvirtiofsd.fuse.OpenFlags;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** What the trace prints of bits says exactly which they are. */
class FlagSetTest {
    private static final int VALUES = 2000;

    @Test
    void bitsArePrintedByName() {
        int change = AttributeChange.FATTR_MODE | AttributeChange.FATTR_SIZE;
        assertEquals("FATTR_MODE|FATTR_SIZE", FlagSet.FATTR.text(change));
        assertEquals("FATTR_UID|0x80000000", FlagSet.FATTR.text(1 << 31 | 2));
        assertEquals("0x80000000", FlagSet.FATTR.text(1 << 31));
        assertEquals("0", FlagSet.FATTR.text(0));
        assertEquals("WRITE_KILL_SUIDGID", FlagSet.WRITE.text(4));
    }

    @Test
    void openFlagsBeginWithTheAccessMode() {
        assertEquals("O_RDONLY", FlagSet.OPEN.text(0));
        assertEquals("O_WRONLY|O_TRUNC", FlagSet.OPEN.text(1 | OpenFlags.O_TRUNC));
        assertEquals("O_RDWR|O_SYNC", FlagSet.OPEN.text(2 | OpenFlags.O_SYNC));
        assertEquals("O_RDONLY|O_DSYNC", FlagSet.OPEN.text(OpenFlags.O_DSYNC));
        assertEquals("O_ACCMODE", FlagSet.OPEN.text(3));
    }

    @Test
    void modesAreOctal() {
        assertEquals("0", FlagSet.MODE.text(0));
        assertEquals("0100644", FlagSet.MODE.text(0100644));
        assertEquals("07777", FlagSet.MODE.text(07777));
    }

    @Test
    void initFlagsAreTwoHalvesOfOneTable() {
        for (InitFlag flag : InitFlag.values()) {
            FlagSet half = flag.bit() < 32 ? FlagSet.INIT : FlagSet.INIT2;
            assertEquals(flag.name(), half.text(1 << flag.bit() % 32));
        }
    }

    /** What is printed can be read back: no bit is left out or printed twice. */
    @Test
    void allBitsOfAnyValueArePrinted() {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        for (FlagSet set : FlagSet.values()) {
            if (set == FlagSet.MODE) {
                continue;
            }
            Map<String, Integer> bits = bits(set);
            for (int i = 0; i < VALUES; i++) {
                int value = random.nextInt();
                int read = 0;
                String text = set.text(value);
                for (String name : text.split("\\|")) {
                    int named = name.startsWith("0") ? hex(name) : bits.get(name);
                    assertEquals(0, read & named, () -> "twice: " + text + ", seed " + seed);
                    read |= named;
                }
                assertEquals(value, read, () -> set + " " + text + ", seed " + seed);
            }
        }
    }

    private static int hex(String text) {
        return text.equals("0") ? 0 : Integer.parseUnsignedInt(text.substring(2), 16);
    }

    /** The bits of each name, found by printing them alone. */
    private static Map<String, Integer> bits(FlagSet set) {
        Map<String, Integer> bits = new HashMap<>();
        for (int i = set == FlagSet.OPEN ? 2 : 0; i < 32; i++) {
            String name = set.text(1 << i).replace("O_RDONLY|", "");
            if (!name.startsWith("0x")) {
                bits.put(name, 1 << i);
            }
        }
        assertFalse(bits.isEmpty(), set.name());
        if (set == FlagSet.OPEN) {
            bits.put("O_SYNC", OpenFlags.O_SYNC);
            bits.putAll(Map.of("O_RDONLY", 0, "O_WRONLY", 1, "O_RDWR", 2, "O_ACCMODE", 3));
            assertTrue(bits.size() > 10);
        }
        return bits;
    }
}
