package io.jvirtiofsd.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;

class DatedStreamTest {
    private static final String DATE = "\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z";

    @Property
    void datesAreThoseOfTheLibrary(
            @ForAll @LongRange(min = 0, max = 4_000_000_000_000L) long millis) {
        assertEquals(Instant.ofEpochMilli(millis), Instant.parse(DatedStream.date(millis)));
        assertTrue(DatedStream.date(millis).matches(DATE), DatedStream.date(millis));
    }

    @Test
    void eachLineHasOneButNotWhatFollowsIt() {
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        PrintStream stream = new DatedStream(printed);
        stream.println("one");
        new IllegalStateException("two").printStackTrace(stream);
        stream.println("three");
        String[] lines = printed.toString(StandardCharsets.UTF_8).split("\n");
        assertTrue(lines[0].matches(DATE + " one"), lines[0]);
        assertEquals("java.lang.IllegalStateException: two", lines[1]);
        assertTrue(lines[2].startsWith("\tat "), lines[2]);
        assertTrue(lines[lines.length - 1].matches(DATE + " three"), lines[lines.length - 1]);
    }
}
