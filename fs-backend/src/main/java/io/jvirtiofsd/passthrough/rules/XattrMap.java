package io.jvirtiofsd.passthrough.rules;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/**
 * Other names for extended attributes on the host than in the guest, by a list of rules of which
 * the first that matches applies; the rule language is virtiofsd's.
 *
 * <p>Every name is met by a rule, in either direction: a map with a gap cannot be made. What comes
 * of a pair of rules for one direction each is the author's business; {@code map} rules are one to
 * one, so that no guest name leads to the host attribute of another. <i>Immutable.</i>
 */
public final class XattrMap {
    /** The longest name and the longest prefix. */
    static final int MAX_NAME_BYTES = 255; // linux/limits.h XATTR_NAME_MAX

    /** What a rule does with a name. */
    public enum Action {
        /** Lets it through as it is. */
        OK,
        /** Prepends, on the way to the host, what is stripped on the way back. */
        PREFIX,
        /** Refuses it with EPERM; hides it from lists. */
        BAD,
        /** Refuses it with EOPNOTSUPP; hides it from lists. */
        UNSUPPORTED
    }

    /**
     * One rule: names of the guest that begin with {@code key} match if {@code client}, names of
     * the host that begin with {@code prepend} if {@code server}.
     */
    record Rule(Action action, boolean client, boolean server, byte[] key, byte[] prepend) {
        static Rule of(Action action, boolean client, boolean server, String key, String prepend) {
            return new Rule(
                    action,
                    client,
                    server,
                    key.getBytes(StandardCharsets.UTF_8),
                    prepend.getBytes(StandardCharsets.UTF_8));
        }
    }

    private static final XattrMap IDENTITY =
            new XattrMap(List.of(Rule.of(Action.OK, true, true, "", "")));

    private final List<Rule> rules;

    /** Rules that meet every name; see {@link XattrMapParser}. */
    XattrMap(List<Rule> rules) {
        this.rules = List.copyOf(rules);
    }

    /** The map under which every name means itself. */
    public static XattrMap identity() {
        return IDENTITY;
    }

    /**
     * Reads rules as on virtiofsd's command line.
     *
     * @throws IllegalArgumentException if they are no rules, or leave names unmet; the message is
     *     for people
     */
    public static XattrMap parse(String text) {
        return new XattrMap(XattrMapParser.parse(text));
    }

    boolean isIdentity() {
        return this == IDENTITY;
    }

    /** The rule for the guest's name {@code names[from… to)}. */
    private Rule ofGuest(byte[] names, int from, int to) {
        for (Rule rule : rules) {
            if (rule.client() && startsWith(names, from, to, rule.key())) {
                return rule;
            }
        }
        throw new IllegalStateException("a name that no rule meets");
    }

    private Rule ofHost(byte[] names, int from, int to) {
        for (Rule rule : rules) {
            if (rule.server() && startsWith(names, from, to, rule.prepend())) {
                return rule;
            }
        }
        throw new IllegalStateException("a name that no rule meets");
    }

    /** What becomes of the guest's name {@code names[from… to)} on the way to the host. */
    public Action action(byte[] names, int from, int to) {
        return isIdentity() ? Action.OK : ofGuest(names, from, to).action();
    }

    /** What the host's name begins with before the guest's own, if the action is PREFIX. */
    public byte[] prefix(byte[] names, int from, int to) {
        return ofGuest(names, from, to).prepend();
    }

    /**
     * How many bytes at the front of the host's name {@code names[from… to)} the guest does not
     * see; &minus;1 if it sees none of it.
     */
    public int stripped(byte[] names, int from, int to) {
        if (isIdentity()) {
            return 0;
        }
        Rule rule = ofHost(names, from, to);
        return switch (rule.action()) {
            case OK -> 0;
            case PREFIX -> {
                int start = from + rule.prepend().length;
                // A name that the guest's side of the rule never makes would lead elsewhere.
                boolean foreign = rule.client() && !startsWith(names, start, to, rule.key());
                yield start == to || foreign ? -1 : rule.prepend().length;
            }
            case BAD, UNSUPPORTED -> -1;
        };
    }

    /** A prefix and the name after it. */
    public static byte[] join(byte[] prefix, byte[] name) {
        byte[] joined = Arrays.copyOf(prefix, prefix.length + name.length);
        System.arraycopy(name, 0, joined, prefix.length, name.length);
        return joined;
    }

    private static boolean startsWith(byte[] names, int from, int to, byte[] prefix) {
        return to - from >= prefix.length
                && Arrays.equals(names, from, from + prefix.length, prefix, 0, prefix.length);
    }
}
