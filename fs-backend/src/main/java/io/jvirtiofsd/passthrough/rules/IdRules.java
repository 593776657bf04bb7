package io.jvirtiofsd.passthrough.rules;

import io.jvirtiofsd.passthrough.rules.IdRanges.Kind;
import io.jvirtiofsd.passthrough.rules.IdRanges.Range;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.regex.Pattern;

/** Reads the rules of an {@link IdMap}. <i>Confined to one reading.</i> */
final class IdRules {
    private static final long END =
            0xffff_ffffL; // the last of 32 bits is nobody's: it means "keep"
    private static final long OVERFLOW_ID = 65534; // user_namespaces(7): what has no mapping
    private static final Pattern NUMBER = Pattern.compile("\\+?[0-9]{1,20}");

    private final List<Range> toHost = new ArrayList<>();
    private final List<Range> toGuest = new ArrayList<>();

    private IdRules() {}

    static IdMap parse(List<String> texts) {
        IdRules rules = new IdRules();
        texts.forEach(rules::addRule);
        return rules.map();
    }

    static IdMap parseNamespace(List<String> texts) {
        IdRules rules = new IdRules();
        texts.forEach(rules::addNamespace);
        if (!texts.isEmpty()) {
            rules.toHost.addAll(gaps(rules.toHost, Kind.FORBID, 0));
            rules.toGuest.addAll(gaps(rules.toGuest, Kind.SQUASH, OVERFLOW_ID));
        }
        return rules.map();
    }

    private IdMap map() {
        return toHost.isEmpty() && toGuest.isEmpty()
                ? IdMap.identity()
                : new IdMap(IdRanges.of(toHost), IdRanges.of(toGuest));
    }

    private void addRule(String text) {
        String[] fields = text.split(":", -1);
        boolean forbid = fields[0].equals("forbid-guest");
        int wanted = forbid ? 3 : 4;
        if (fields.length != wanted) {
            throw new IllegalArgumentException(
                    "'%s' has %d fields, not %d".formatted(text, fields.length, wanted));
        }
        long source = number(text, fields[1]);
        long target = forbid ? 0 : number(text, fields[2]);
        long count = number(text, fields[wanted - 1]);
        switch (fields[0]) {
            case "guest" -> add(toHost, text, Kind.SHIFT, source, target, count);
            case "host" -> add(toGuest, text, Kind.SHIFT, source, target, count);
            case "map" -> {
                add(toHost, text, Kind.SHIFT, source, target, count);
                add(toGuest, text, Kind.SHIFT, target, source, count);
            }
            case "squash-guest" -> add(toHost, text, Kind.SQUASH, source, target, count);
            case "squash-host" -> add(toGuest, text, Kind.SQUASH, source, target, count);
            case "forbid-guest" -> add(toHost, text, Kind.FORBID, source, 0, count);
            default ->
                    throw new IllegalArgumentException(
                            "'%s' is none of guest, host, map, squash-guest, squash-host, forbid-guest"
                                    .formatted(fields[0]));
        }
    }

    private void addNamespace(String text) {
        String separator = text.isEmpty() ? ":" : text.substring(0, 1);
        String[] fields = text.split(Pattern.quote(separator), -1);
        if (fields.length != 5 || !fields[0].isEmpty() || !fields[4].isEmpty()) {
            throw new IllegalArgumentException("'%s' is not :ID:ID:COUNT:".formatted(text));
        }
        long guest = number(text, fields[1]);
        long host = number(text, fields[2]);
        long count = number(text, fields[3]);
        add(toHost, text, Kind.SHIFT, guest, host, count);
        add(toGuest, text, Kind.SHIFT, host, guest, count);
    }

    private static long number(String text, String field) {
        if (NUMBER.matcher(field).matches()) {
            try {
                long value = Long.parseLong(field);
                if (value <= END) {
                    return value;
                }
            } catch (NumberFormatException e) {
                // more than 64 bits
            }
        }
        throw new IllegalArgumentException(
                "'%s': '%s' is no number of 32 bits".formatted(text, field));
    }

    private static void add(
            List<Range> ranges, String text, Kind kind, long source, long target, long count) {
        long reach = kind == Kind.SHIFT ? target + count : target;
        boolean beyond = source + count > END || kind == Kind.SQUASH && target == END;
        if (kind != Kind.FORBID && (beyond || reach > END)) {
            throw new IllegalArgumentException(
                    "'%s' goes beyond the last id, 4294967294".formatted(text));
        }
        Range range = new Range(kind, source, source + count, target);
        if (ranges.stream().anyMatch(range::meets)) {
            throw new IllegalArgumentException(
                    "'%s' says again what becomes of an id".formatted(text));
        }
        ranges.add(range);
    }

    /** What {@code ranges} leave out, treated alike. */
    private static List<Range> gaps(List<Range> ranges, Kind kind, long target) {
        List<Range> sorted = new ArrayList<>(ranges);
        sorted.sort(Comparator.comparingLong(Range::first));
        List<Range> gaps = new ArrayList<>();
        long at = 0;
        for (Range range : sorted) {
            gaps.add(new Range(kind, at, range.first(), target));
            at = Math.max(at, range.end());
        }
        gaps.add(new Range(kind, at, END, target));
        return gaps;
    }
}
