package io.jvirtiofsd.passthrough.rules;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.fuzz.Fuzzer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * Any rules about names of attributes are refused by a sentence, or meet every name in both
 * directions. Those of one {@code map} are one to one: a guest finds again what it has made, and
 * what it is shown leads to where that is.
 *
 * <p>An input is text: the rules, and then a name on each line.
 */
public final class XattrMapFuzzTest {
    private static final int MOST_NAMES = 20;

    /** For Jazzer. */
    public static void fuzzerTestOneInput(byte[] input) {
        List<String> lines = new String(input, StandardCharsets.UTF_8).lines().toList();
        if (lines.isEmpty()) {
            return;
        }
        XattrMap map;
        try {
            map = XattrMap.parse(lines.get(0));
        } catch (IllegalArgumentException e) {
            return;
        }
        boolean oneToOne = lines.get(0).strip().startsWith("map", 1);
        for (String line : lines.subList(1, Math.min(lines.size(), MOST_NAMES))) {
            byte[] name = line.getBytes(StandardCharsets.UTF_8);
            if (name.length > 0) {
                check(map, oneToOne, name);
            }
        }
    }

    private static void check(XattrMap map, boolean oneToOne, byte[] name) {
        byte[] host = onHost(map, name);
        int stripped = host == null ? -1 : map.stripped(host, 0, host.length);
        if (oneToOne && host != null) {
            assertArrayEquals(name, Arrays.copyOfRange(host, stripped, host.length));
        }
        int hidden = map.stripped(name, 0, name.length);
        assertTrue(hidden >= -1 && hidden < name.length);
        if (oneToOne && hidden >= 0) {
            byte[] shown = Arrays.copyOfRange(name, hidden, name.length);
            assertArrayEquals(name, onHost(map, shown));
        }
    }

    /** The host's name for the guest's {@code name}, or null if it has none. */
    private static byte[] onHost(XattrMap map, byte[] name) {
        byte[] amid = XattrMap.join(XattrMap.join(new byte[] {'x', 0}, name), new byte[] {0, 'x'});
        XattrMap.Action action = map.action(name, 0, name.length);
        assertEquals(action, map.action(amid, 2, 2 + name.length));
        return switch (action) {
            case OK -> name;
            case PREFIX -> XattrMap.join(map.prefix(amid, 2, 2 + name.length), name);
            case BAD, UNSUPPORTED -> null;
        };
    }

    @Test
    void everyNameIsMetInBothDirections() throws Exception {
        Fuzzer.run(XattrMapFuzzTest.class, "xattrmap");
    }
}
