package io.jvirtiofsd.bench;

import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Writes JSON (RFC 8259): of maps, lists, strings, numbers and truth values. */
final class Json {
    private static final int FIRST_PRINTABLE = 0x20;

    private final StringBuilder text = new StringBuilder();

    private Json() {}

    /** The text of {@code value}, with a line for each member of the outer two levels. */
    static String of(Object value) {
        Json json = new Json();
        json.write(value, 0);
        return json.text.append('\n').toString();
    }

    private void write(Object value, int level) {
        if (value instanceof Map<?, ?> map) {
            Iterator<? extends Map.Entry<?, ?>> entries = map.entrySet().iterator();
            text.append('{');
            while (entries.hasNext()) {
                Map.Entry<?, ?> entry = entries.next();
                newLine(level + 1);
                string(entry.getKey().toString());
                text.append(": ");
                write(entry.getValue(), level + 1);
                text.append(entries.hasNext() ? "," : "");
            }
            newLine(level);
            text.append('}');
        } else if (value instanceof List<?> list) {
            text.append('[');
            for (int i = 0; i < list.size(); i++) {
                text.append(i > 0 ? "," : "");
                newLine(level + 1);
                write(list.get(i), level + 1);
            }
            newLine(level);
            text.append(']');
        } else if (value instanceof double[] numbers) {
            write(java.util.Arrays.stream(numbers).boxed().toList(), level + 1);
        } else if (value instanceof Double number) {
            text.append(number(number));
        } else if (value instanceof Number || value instanceof Boolean) {
            text.append(value);
        } else {
            string(value.toString());
        }
    }

    private void newLine(int level) {
        if (level <= 2) {
            text.append('\n').append("  ".repeat(level));
        } else if (text.charAt(text.length() - 1) == ',') {
            text.append(' ');
        }
    }

    /** Six digits are more than was measured; JSON has no word for what is no number. */
    private static String number(double value) {
        return Double.isFinite(value)
                ? new java.math.BigDecimal(value)
                        .round(new java.math.MathContext(6))
                        .stripTrailingZeros()
                        .toPlainString()
                : "null";
    }

    private void string(String value) {
        text.append('"');
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            if (c == '"' || c == '\\') {
                text.append('\\').append(c);
            } else if (c < FIRST_PRINTABLE) {
                text.append(String.format(Locale.ROOT, "\\u%04x", (int) c));
            } else {
                text.append(c);
            }
        }
        text.append('"');
    }
}
