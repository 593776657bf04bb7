package io.jvirtiofsd.bench;

import java.util.Locale;

/** Writes a picture in SVG 1.1: lines, boxes and words on white. Lengths are in pixels. */
public final class Svg {
    private final StringBuilder text = new StringBuilder();

    /** An empty picture. */
    public Svg(double width, double height) {
        add(
                "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%s\" height=\"%s\""
                        + " font-family=\"sans-serif\" font-size=\"13\">",
                number(width), number(height));
        add("<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>");
    }

    /** A line of text that begins at a point, ends there, or has it in its middle. */
    public Svg text(double x, double y, String anchor, String words) {
        return add(
                "<text x=\"%s\" y=\"%s\" text-anchor=\"%s\">%s</text>",
                number(x),
                number(y),
                anchor,
                words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"));
    }

    /** A filled box. */
    public Svg box(double x, double y, double width, double height, String colour) {
        return add(
                "<rect x=\"%s\" y=\"%s\" width=\"%s\" height=\"%s\" fill=\"%s\"/>",
                number(x), number(y), number(width), number(height), colour);
    }

    /** The outline of a box. */
    public Svg frame(double x, double y, double width, double height, String colour) {
        return add(
                "<rect x=\"%s\" y=\"%s\" width=\"%s\" height=\"%s\" fill=\"none\" stroke=\"%s\"/>",
                number(x), number(y), number(width), number(height), colour);
    }

    /** A line through points, of which {@code points} has x and y in turns. */
    public Svg line(String colour, double... points) {
        StringBuilder all = new StringBuilder();
        for (int i = 0; i < points.length; i += 2) {
            all.append(i > 0 ? " " : "").append(number(points[i])).append(',');
            all.append(number(points[i + 1]));
        }
        return add("<polyline fill=\"none\" stroke=\"%s\" points=\"%s\"/>", colour, all);
    }

    private Svg add(String format, Object... values) {
        text.append(String.format(Locale.ROOT, format, values)).append('\n');
        return this;
    }

    /** With one digit after the point, if it is not a whole number. */
    public static String number(double value) {
        return String.format(Locale.ROOT, value == Math.rint(value) ? "%.0f" : "%.1f", value);
    }

    /** The picture. */
    @Override
    public String toString() {
        return text + "</svg>\n";
    }
}
