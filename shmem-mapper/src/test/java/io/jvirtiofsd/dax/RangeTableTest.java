package io.jvirtiofsd.dax;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

/** Ranges 10 to 20, 20 to 30 and 50 to 60 of a window; a page here is one byte. */
class RangeTableTest {
    private final RangeTable table = new RangeTable();
    private final DaxRange first = range(10, 10);
    private final DaxRange second = range(20, 10);
    private final DaxRange third = range(50, 10);

    RangeTableTest() {
        List.of(third, first, second).forEach(table::add);
    }

    private static DaxRange range(long windowOffset, int length) {
        return new DaxRange(null, 1000 + windowOffset, windowOffset, length);
    }

    private static String text(List<DaxRange> ranges) {
        StringBuilder text = new StringBuilder();
        for (DaxRange range : ranges) {
            assertEquals(1000 + range.windowOffset, range.fileOffset);
            text.append(range.windowOffset).append('-').append(range.windowEnd()).append(' ');
        }
        return text.toString().strip();
    }

    @Test
    void rangesComeInTheOrderOfTheWindow() {
        assertEquals("10-20 20-30 50-60", text(table.all()));
        assertEquals(3, table.count());
    }

    @Test
    void rangeIsFoundWhereItBegins() {
        assertSame(second, table.at(20));
        assertNull(table.at(21));
        table.remove(second);
        assertNull(table.at(20));
        assertEquals(2, table.count());
    }

    @Test
    void rangesWithAByteInsideOverlap() {
        assertEquals("", text(table.overlapping(0, 10)));
        assertEquals("10-20", text(table.overlapping(0, 11)));
        assertEquals("10-20", text(table.overlapping(19, 20)));
        assertEquals("20-30", text(table.overlapping(20, 21)));
        assertEquals("10-20 20-30", text(table.overlapping(19, 21)));
        assertEquals("", text(table.overlapping(30, 50)));
        assertEquals("20-30 50-60", text(table.overlapping(29, 51)));
        assertEquals("", text(table.overlapping(60, 1000)));
        assertEquals("10-20 20-30 50-60", text(table.overlapping(0, 1000)));
    }

    @Test
    void whatIsNotTakenOutStaysAtTheSides() {
        assertEquals("10-15 25-30", text(RangeTable.sides(table.overlapping(15, 25), 15, 25)));
        assertEquals("10-12 18-20", text(RangeTable.sides(List.of(first), 12, 18)));
        assertEquals("18-20", text(RangeTable.sides(List.of(first), 10, 18)));
        assertEquals("", text(RangeTable.sides(List.of(first), 10, 20)));
    }

    @Test
    void tableHasABound() {
        assertTrue(table.hasRoomFor(1021));
        assertFalse(table.hasRoomFor(1022));
        assertTrue(table.hasRoomFor(-1));
    }
}
