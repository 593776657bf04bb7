package io.jvirtiofsd.passthrough.rules;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.fuse.Errno;
import io.jvirtiofsd.fuse.ErrnoException;
import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

/** Rules of ids: what they mean, and what is refused. */
class IdMapTest {
    private static final int LARGEST = 0xffff_fffe;

    private static int toHost(IdMap map, int id) {
        try {
            return map.toHost(id);
        } catch (ErrnoException e) {
            assertEquals(Errno.EPERM, e.errno());
            return -e.errno();
        }
    }

    @Test
    void withoutRulesAnIdIsItself() {
        IdMap none = IdMap.parse(List.of());
        assertTrue(none.isIdentity());
        assertTrue(IdMap.parseNamespace(List.of()).isIdentity());
        assertTrue(IdMap.parse(List.of("map:1:2:0")).isIdentity());
        for (int id : new int[] {0, 1, Integer.MAX_VALUE, Integer.MIN_VALUE, LARGEST}) {
            assertEquals(id, toHost(none, id));
            assertEquals(id, none.toGuest(id));
        }
    }

    @Test
    void eachRuleSpeaksOfItsDirection() {
        IdMap map =
                IdMap.parse(
                        List.of(
                                "guest:0:1000:10",
                                "host:2000:20:10",
                                "map:100:3000:10",
                                "squash-guest:200:4000:10",
                                "squash-host:5000:77:10",
                                "forbid-guest:300:10"));
        assertEquals(1009, toHost(map, 9));
        assertEquals(10, toHost(map, 10));
        assertEquals(1009, map.toGuest(1009));
        assertEquals(29, map.toGuest(2009));
        assertEquals(2009, toHost(map, 2009));
        assertEquals(3004, toHost(map, 104));
        assertEquals(104, map.toGuest(3004));
        assertEquals(4000, toHost(map, 209));
        assertEquals(77, map.toGuest(5009));
        assertEquals(5010, map.toGuest(5010));
        assertEquals(-Errno.EPERM, toHost(map, 300));
        assertEquals(-Errno.EPERM, toHost(map, 309));
        assertEquals(310, toHost(map, 310));
    }

    @Test
    void idsAreUnsigned() {
        IdMap map = IdMap.parse(List.of("map:0:4294967290:5", "squash-guest:10:7:4294967285"));
        assertEquals(LARGEST, toHost(map, 4));
        assertEquals(4, map.toGuest(LARGEST));
        assertEquals(7, toHost(map, LARGEST));
        assertEquals(9, toHost(map, 9));
    }

    @Test
    void aNamespaceHasNobodyElse() {
        IdMap map = IdMap.parseNamespace(List.of(":0:1000:1:", ",1,100000,65536,"));
        assertEquals(1000, toHost(map, 0));
        assertEquals(0, map.toGuest(1000));
        assertEquals(100000, toHost(map, 1));
        assertEquals(-Errno.EPERM, toHost(map, 65537));
        assertEquals(-Errno.EPERM, toHost(map, LARGEST));
        assertEquals(65534, map.toGuest(0));
        assertEquals(65534, map.toGuest(LARGEST));
        assertEquals(65536, map.toGuest(165535));
    }

    private static String refusal(String... rules) {
        return assertThrows(
                        IllegalArgumentException.class, () -> IdMap.parse(List.of(rules)), rules[0])
                .getMessage();
    }

    @Test
    void whatIsNoRuleIsRefused() {
        assertTrue(refusal("guest:0:1000").contains("3 fields, not 4"));
        assertTrue(refusal("forbid-guest:0:0:1").contains("4 fields, not 3"));
        assertTrue(refusal("").contains("fields"));
        assertTrue(refusal("other:0:1:2").contains("none of guest"));
        for (String number : List.of("", " 1", "-1", "0x1", "4294967296", "9".repeat(20))) {
            assertTrue(refusal("map:" + number + ":0:1").contains("no number"), number);
        }
        for (String rule :
                List.of(
                        "guest:4294967295:0:1",
                        "guest:0:4294967290:6",
                        "squash-host:0:4294967295:1")) {
            assertTrue(refusal(rule).contains("beyond"), rule);
        }
        assertTrue(refusal("guest:0:1000:10", "squash-guest:9:5:1").contains("again"));
        assertTrue(refusal("map:0:1000:10", "host:1005:2000:10").contains("again"));
        assertTrue(refusal("forbid-guest:0:10", "guest:5:0:10").contains("again"));
        for (String range : List.of("", ":", "0:1000:1", ":0:1000:1", ":0:1000:1:5:", ":0:x:1:")) {
            assertThrows(
                    IllegalArgumentException.class,
                    () -> IdMap.parseNamespace(List.of(range)),
                    range);
        }
    }

    /** A rule as a test sees it: all of ids below 1000. */
    private record Rule(String type, int first, int target, int count) {
        String text() {
            return type.equals("forbid-guest")
                    ? "%s:%d:%d".formatted(type, first, count)
                    : "%s:%d:%d:%d".formatted(type, first, target, count);
        }

        /** The host's id, &minus;1 for none, &minus;2 if this rule does not speak of it. */
        int toHost(int id) {
            if (id < first || id >= first + count) {
                return -2;
            }
            return switch (type) {
                case "guest", "map" -> id - first + target;
                case "squash-guest" -> target;
                case "forbid-guest" -> -1;
                default -> -2;
            };
        }

        int toGuest(int id) {
            int from = type.equals("map") ? target : first;
            if (id < from || id >= from + count) {
                return -2;
            }
            return switch (type) {
                case "host" -> id - first + target;
                case "map" -> id - target + first;
                case "squash-host" -> target;
                default -> -2;
            };
        }
    }

    @Provide
    Arbitrary<List<Rule>> rules() {
        Arbitrary<String> types =
                Arbitraries.of(
                        "guest", "host", "map", "squash-guest", "squash-host", "forbid-guest");
        return Combinators.combine(
                        types,
                        Arbitraries.integers().between(0, 900),
                        Arbitraries.integers().between(0, 900),
                        Arbitraries.integers().between(0, 99))
                .as(Rule::new)
                .list()
                .ofMaxSize(12);
    }

    @Property(tries = 300)
    void whatIsAcceptedMeansWhatTheRulesSay(@ForAll("rules") List<Rule> rules) {
        List<Rule> accepted = new ArrayList<>();
        IdMap map = IdMap.identity();
        for (Rule rule : rules) {
            accepted.add(rule);
            boolean clear = true;
            for (int id = 0; id < 1000; id++) {
                int of = id;
                clear &= accepted.stream().filter(one -> one.toHost(of) != -2).count() <= 1;
                clear &= accepted.stream().filter(one -> one.toGuest(of) != -2).count() <= 1;
            }
            List<String> texts = accepted.stream().map(Rule::text).toList();
            if (clear) {
                map = IdMap.parse(texts);
            } else {
                assertThrows(IllegalArgumentException.class, () -> IdMap.parse(texts));
                accepted.remove(accepted.size() - 1);
            }
        }
        for (int id = 0; id < 1000; id++) {
            int of = id;
            int host =
                    accepted.stream()
                            .mapToInt(r -> r.toHost(of))
                            .filter(x -> x != -2)
                            .findAny()
                            .orElse(id);
            int guest =
                    accepted.stream()
                            .mapToInt(r -> r.toGuest(of))
                            .filter(x -> x != -2)
                            .findAny()
                            .orElse(id);
            assertEquals(host, toHost(map, id));
            assertEquals(guest, map.toGuest(id));
        }
    }

    @Property
    void aMapIsOneToOne(
            @ForAll @IntRange(max = Integer.MAX_VALUE - 1) int guest,
            @ForAll @IntRange(max = Integer.MAX_VALUE - 1) int host,
            @ForAll @IntRange(min = 1, max = 100_000) int count,
            @ForAll @IntRange(max = 99_999) int at) {
        String fields = guest + ":" + host + ":" + count;
        int id = guest + at % count;
        for (IdMap map :
                List.of(
                        IdMap.parse(List.of("map:" + fields)),
                        IdMap.parseNamespace(List.of(":" + fields + ":")))) {
            assertEquals(host + at % count, toHost(map, id));
            assertEquals(id, map.toGuest(toHost(map, id)));
        }
    }
}
