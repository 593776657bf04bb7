package io.jvirtiofsd.passthrough.rules;

import io.jvirtiofsd.passthrough.rules.XattrMap.Action;
import io.jvirtiofsd.passthrough.rules.XattrMap.Rule;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads the rules of an {@link XattrMap}: fields that each end with the rule's first character,
 * type, scope, key and prepend, or "map", key and prepend. <i>Confined to one reading.</i>
 */
final class XattrMapParser {
    private static final String MAP = "map";

    private final String text;
    private final List<Rule> rules = new ArrayList<>();
    private int at;

    private XattrMapParser(String text) {
        this.text = text;
    }

    /**
     * The rules of {@code text}.
     *
     * @throws IllegalArgumentException if they are none, or leave names unmet
     */
    static List<Rule> parse(String text) {
        XattrMapParser parser = new XattrMapParser(text);
        parser.parseAll();
        return parser.rules;
    }

    private void parseAll() {
        boolean complete = false;
        while (skipSpace()) {
            if (complete) {
                throw new IllegalArgumentException("a map rule must be the last");
            }
            int start = at;
            char separator = text.charAt(at++);
            String type = field(start, separator, "type");
            if (type.equals(MAP)) {
                addMap(field(start, separator, "key"), field(start, separator, "prepend"));
                complete = true;
            } else {
                addRule(
                        action(type),
                        field(start, separator, "scope"),
                        field(start, separator, "key"),
                        field(start, separator, "prepend"));
            }
        }
        if (rules.stream().noneMatch(rule -> rule.client() && rule.key().length == 0)) {
            throw new IllegalArgumentException(
                    "no rule for all other names of the client; end with :ok:all::: or"
                            + " :bad:all:::");
        }
        if (rules.stream().noneMatch(rule -> rule.server() && rule.prepend().length == 0)) {
            throw new IllegalArgumentException(
                    "no rule for all other names of the server; end with :ok:all::: or"
                            + " :bad:all:::");
        }
    }

    /** Passes over white space; whether anything follows. */
    private boolean skipSpace() {
        while (at < text.length() && Character.isWhitespace(text.charAt(at))) {
            at++;
        }
        return at < text.length();
    }

    private String field(int start, char separator, String name) {
        int end = text.indexOf(separator, at);
        if (end < 0) {
            throw new IllegalArgumentException(
                    "rule '%s': the %s has no '%c' at its end"
                            .formatted(text.substring(start).strip(), name, separator));
        }
        String field = text.substring(at, end);
        at = end + 1;
        if (field.getBytes(StandardCharsets.UTF_8).length > XattrMap.MAX_NAME_BYTES) {
            throw new IllegalArgumentException("a %s of more than 255 bytes".formatted(name));
        }
        return field;
    }

    private static Action action(String type) {
        return switch (type) {
            case "ok" -> Action.OK;
            case "prefix" -> Action.PREFIX;
            case "bad" -> Action.BAD;
            case "unsupported" -> Action.UNSUPPORTED;
            default ->
                    throw new IllegalArgumentException(
                            "'%s' is none of prefix, ok, bad, unsupported, map".formatted(type));
        };
    }

    private void addRule(Action action, String scope, String key, String prepend) {
        switch (scope) {
            case "client" -> rules.add(Rule.of(action, true, false, key, prepend));
            case "server" -> rules.add(Rule.of(action, false, true, key, prepend));
            case "all" -> rules.add(Rule.of(action, true, true, key, prepend));
            default ->
                    throw new IllegalArgumentException(
                            "'%s' is none of client, server, all".formatted(scope));
        }
    }

    /**
     * What begins with {@code key}, and may thus be guarded in the guest, moves to another place;
     * the guest neither sees what the host has under the key, nor reaches that place directly.
     */
    private void addMap(String key, String prepend) {
        if (prepend.isEmpty()) {
            throw new IllegalArgumentException("a map rule needs something to prepend");
        }
        rules.add(Rule.of(Action.PREFIX, true, true, key, prepend));
        if (key.isEmpty()) {
            rules.add(Rule.of(Action.BAD, true, true, "", ""));
        } else {
            rules.add(Rule.of(Action.BAD, false, true, "", key));
            rules.add(Rule.of(Action.BAD, true, false, prepend, ""));
            rules.add(Rule.of(Action.OK, true, true, "", ""));
        }
    }
}
