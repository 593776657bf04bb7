package io.jvirtiofsd.passthrough.rules;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.jvirtiofsd.fuse.Errno;
import io.jvirtiofsd.fuse.ErrnoException;
import io.jvirtiofsd.fuzz.Fuzzer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/**
 * Any rules about ids are refused by a sentence, or say of each id what the one rule says that
 * names it, and nothing else.
 *
 * <p>An input is text, one rule a line: ranges of a user namespace if the first line is {@code
 * namespace}, otherwise rules for translation.
 */
public final class IdMapFuzzTest {
    private static final String NAMESPACE = "namespace\n";
    private static final int MOST_RULES = 20;
    private static final Pattern NUMBER = Pattern.compile("[0-9]+");
    private static final long NOBODY = 65534;
    private static final long FORBIDDEN = -1;

    /** For Jazzer. */
    public static void fuzzerTestOneInput(byte[] input) {
        String text = new String(input, StandardCharsets.UTF_8);
        boolean namespace = text.startsWith(NAMESPACE);
        List<String> rules =
                (namespace ? text.substring(NAMESPACE.length()) : text)
                        .lines()
                        .limit(MOST_RULES)
                        .toList();
        IdMap map;
        try {
            map = namespace ? IdMap.parseNamespace(rules) : IdMap.parse(rules);
        } catch (IllegalArgumentException e) {
            return;
        }
        for (long id : new long[] {0, 1000, NOBODY, 0xffff_fffeL, 0xffff_ffffL}) {
            check(map, rules, namespace, id);
        }
        Matcher number = NUMBER.matcher(text);
        long before = 0;
        while (number.find() && number.end() - number.start() <= 10) {
            long named = Long.parseLong(number.group());
            for (long id :
                    new long[] {named - 1, named, named + 1, named + before - 1, named + before}) {
                check(map, rules, namespace, id & 0xffff_ffffL);
            }
            before = named;
        }
    }

    private static void check(IdMap map, List<String> rules, boolean namespace, long id) {
        boolean bounded = namespace && !rules.isEmpty() && id != 0xffff_ffffL;
        long host = bounded ? FORBIDDEN : id;
        long guest = bounded ? NOBODY : id;
        for (String rule : rules) {
            String[] fields = rule.split(namespace ? Pattern.quote(rule.substring(0, 1)) : ":", -1);
            long first = Long.parseLong(fields[1]);
            boolean forbid = !namespace && fields[0].equals("forbid-guest");
            long second = forbid ? 0 : Long.parseLong(fields[2]);
            long count = Long.parseLong(fields[forbid ? 2 : 3]);
            boolean isFirst = id >= first && id < first + count;
            boolean isSecond = id >= second && id < second + count;
            switch (namespace ? "map" : fields[0]) {
                case "map" -> {
                    host = isFirst ? id - first + second : host;
                    guest = isSecond ? id - second + first : guest;
                }
                case "guest" -> host = isFirst ? id - first + second : host;
                case "host" -> guest = isFirst ? id - first + second : guest;
                case "squash-guest" -> host = isFirst ? second : host;
                case "squash-host" -> guest = isFirst ? second : guest;
                case "forbid-guest" -> host = isFirst ? FORBIDDEN : host;
                default -> throw new AssertionError(rule);
            }
        }
        assertEquals(host, toHost(map, (int) id));
        assertEquals(guest, Integer.toUnsignedLong(map.toGuest((int) id)));
    }

    private static long toHost(IdMap map, int id) {
        try {
            return Integer.toUnsignedLong(map.toHost(id));
        } catch (ErrnoException e) {
            assertEquals(Errno.EPERM, e.errno());
            return FORBIDDEN;
        }
    }

    @Test
    void everyIdIsWhatTheRulesSay() throws Exception {
        Fuzzer.run(IdMapFuzzTest.class, "ids");
    }
}
