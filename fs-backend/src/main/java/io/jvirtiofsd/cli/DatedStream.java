package io.jvirtiofsd.cli;

import java.io.OutputStream;
import java.io.PrintStream;
import java.time.LocalDate;

/**
 * Puts the time before each line that is printed as a string, as a logger's are; a stack trace
 * below it has none. UTC, as in 2026-11-27T18:34:05.649Z. Stands in for standard error, owned by
 * the process.
 *
 * <p>The logger's own dates would take a seventh of a start, for the words of all languages.
 * <i>Thread-safe.</i>
 */
final class DatedStream extends PrintStream {
    private static final long DAY_MILLIS = 86_400_000;
    private static final int HOUR_MILLIS = 3_600_000;
    private static final int MINUTE_MILLIS = 60_000;
    private static final int SECOND_MILLIS = 1000;

    DatedStream(OutputStream out) {
        super(out, true);
    }

    @Override
    public void println(String line) {
        super.println(date(System.currentTimeMillis()) + " " + line);
    }

    /** A time after 1970 in the words of ISO 8601. */
    static String date(long millis) {
        int ofDay = (int) (millis % DAY_MILLIS);
        return LocalDate.ofEpochDay(millis / DAY_MILLIS)
                + "T"
                + digits(ofDay / HOUR_MILLIS, 2)
                + ":"
                + digits(ofDay / MINUTE_MILLIS % 60, 2)
                + ":"
                + digits(ofDay / SECOND_MILLIS % 60, 2)
                + "."
                + digits(ofDay % SECOND_MILLIS, 3)
                + "Z";
    }

    private static String digits(int number, int count) {
        String digits = Integer.toString(number);
        return "0".repeat(count - digits.length()) + digits;
    }
}
