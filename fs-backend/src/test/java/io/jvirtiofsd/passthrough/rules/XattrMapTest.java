package io.jvirtiofsd.passthrough.rules;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;

/** Rules of names: what they mean, what is refused, and that maps are one to one. */
class XattrMapTest {
    private static final String HIDDEN = "(hidden)";

    /** The host's name, or the action that refused. */
    private static String toHost(XattrMap map, String name) {
        byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
        return switch (map.action(bytes, 0, bytes.length)) {
            case OK -> name;
            case PREFIX ->
                    new String(map.prefix(bytes, 0, bytes.length), StandardCharsets.UTF_8) + name;
            case BAD -> "BAD";
            case UNSUPPORTED -> "UNSUPPORTED";
        };
    }

    private static String toGuest(XattrMap map, String name) {
        byte[] bytes = ("before\0" + name).getBytes(StandardCharsets.UTF_8);
        int stripped = map.stripped(bytes, 7, bytes.length);
        return stripped < 0 ? HIDDEN : name.substring(stripped);
    }

    @Test
    void identityMeansEveryName() {
        for (XattrMap map : List.of(XattrMap.identity(), XattrMap.parse(":ok:all:::"))) {
            assertEquals("user.a", toHost(map, "user.a"));
            assertEquals("trusted.a", toGuest(map, "trusted.a"));
        }
    }

    @Test
    void everythingMovesUnderAPrefix() {
        for (String text :
                List.of(
                        ":map::user.virtiofs.:",
                        "  :prefix:all::user.virtiofs.::bad:all:::\n",
                        "/prefix/client//user.virtiofs./ !prefix!server!!user.virtiofs.!"
                                + " :bad:all:::")) {
            XattrMap map = XattrMap.parse(text);
            assertEquals("user.virtiofs.user.a", toHost(map, "user.a"));
            assertEquals("user.virtiofs.security.b", toHost(map, "security.b"));
            assertEquals("user.virtiofs.user.virtiofs.a", toHost(map, "user.virtiofs.a"));
            assertEquals("user.a", toGuest(map, "user.virtiofs.user.a"));
            assertEquals(HIDDEN, toGuest(map, "user.a"));
            assertEquals(HIDDEN, toGuest(map, "security.selinux"));
            assertEquals(HIDDEN, toGuest(map, "user.virtiofs."));
        }
    }

    @Test
    void oneClassMovesAndItsPlaceIsClosed() {
        for (String text :
                List.of(
                        "/map/trusted./user.virtiofs./",
                        "/prefix/all/trusted./user.virtiofs./ /bad/server//trusted./"
                                + " /bad/client/user.virtiofs.// /ok/all///")) {
            XattrMap map = XattrMap.parse(text);
            assertEquals("user.virtiofs.trusted.a", toHost(map, "trusted.a"));
            assertEquals("BAD", toHost(map, "user.virtiofs.trusted.a"));
            assertEquals("user.a", toHost(map, "user.a"));
            assertEquals("trusted.a", toGuest(map, "user.virtiofs.trusted.a"));
            assertEquals(HIDDEN, toGuest(map, "trusted.a"));
            assertEquals(HIDDEN, toGuest(map, "user.virtiofs.user.a"), "would lead to user.a");
            assertEquals("user.a", toGuest(map, "user.a"));
        }
    }

    @Test
    void namesAreRefusedInEitherWay() {
        XattrMap map =
                XattrMap.parse(
                        ":bad:all:security.:security.: :unsupported:client:system.::"
                                + ":unsupported:server::system.: :ok:all:::");
        assertEquals("BAD", toHost(map, "security.selinux"));
        assertEquals("UNSUPPORTED", toHost(map, "system.posix_acl_access"));
        assertEquals("user.a", toHost(map, "user.a"));
        assertEquals(HIDDEN, toGuest(map, "security.selinux"));
        assertEquals(HIDDEN, toGuest(map, "system.nfs4_acl"));
        assertEquals("user.a", toGuest(map, "user.a"));
    }

    @Test
    void theFirstRuleThatMatchesApplies() {
        XattrMap map = XattrMap.parse(":ok:client:user.a:: :bad:client:user.:: :ok:all:::");
        assertEquals("user.ab", toHost(map, "user.ab"));
        assertEquals("BAD", toHost(map, "user.b"));
    }

    private static void refused(String part, String text) {
        String message =
                assertThrows(IllegalArgumentException.class, () -> XattrMap.parse(text))
                        .getMessage();
        assertTrue(message.contains(part), message);
    }

    @Test
    void whatIsNoMapIsSaidInASentence() {
        refused("'good' is none of prefix, ok", ":good:all:::");
        refused("'both' is none of client, server, all", ":ok:both:::");
        refused("the scope has no ':'", ":ok:");
        refused("the type has no '/'", "/");
        refused("the prepend has no ':'", ":ok:all:: /ok/all///");
        refused("names of the client", "");
        refused("names of the client", ":ok:server:::");
        refused("names of the server", ":ok:client:::");
        refused("names of the server", ":prefix:all::user.x.:");
        refused("must be the last", ":map::user.x.: :ok:all:::");
        refused("must be the last", ":map::a.: :map::b.:");
        refused("something to prepend", ":map:trusted.::");
        refused("more than 255", ":map::" + "x".repeat(256) + ":");
    }

    /** Names and prefixes of few letters, so that they often begin alike. */
    @Provide
    Arbitrary<String> names() {
        return Arbitraries.strings().withChars("ab.").ofMinLength(1).ofMaxLength(6);
    }

    @Provide
    Arbitrary<XattrMap> maps() {
        Arbitrary<String> keys = Arbitraries.strings().withChars("ab.").ofMaxLength(3);
        return Combinators.combine(keys, names())
                .as((key, prepend) -> XattrMap.parse(":map:" + key + ":" + prepend + ":"));
    }

    @Property
    void whatIsSetIsListedByItsName(@ForAll("maps") XattrMap map, @ForAll("names") String name) {
        String host = toHost(map, name);
        if (!host.equals("BAD")) {
            assertEquals(name, toGuest(map, host), "on the host " + host);
        }
    }

    @Property
    void twoNamesNeverMeanTheSame(
            @ForAll("maps") XattrMap map,
            @ForAll("names") String one,
            @ForAll("names") String two) {
        if (!one.equals(two) && !toHost(map, one).equals("BAD")) {
            assertTrue(!toHost(map, one).equals(toHost(map, two)), one + " and " + two);
        }
    }

    @Property
    void realNamesUnderTheKeyAreOutOfReach(
            @ForAll("names") String key,
            @ForAll("names") String prepend,
            @ForAll("names") String name,
            @ForAll("names") String rest) {
        XattrMap map = XattrMap.parse(":map:" + key + ":" + prepend + ":");
        String real = key + rest;
        if (!real.startsWith(prepend)) {
            assertTrue(!toHost(map, name).equals(real), name + " reaches " + real);
            assertEquals(HIDDEN, toGuest(map, real));
        }
    }

    @Property
    void whatIsListedCanBeAskedFor(@ForAll("maps") XattrMap map, @ForAll("names") String host) {
        String name = toGuest(map, host);
        if (!name.equals(HIDDEN)) {
            assertEquals(host, toHost(map, name));
        }
    }
}
