package io.jvirtiofsd.fuse;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** An id means one object, and never another one. */
class SlotTableTest {
    private static final int LIMIT = 3000; // three chunks
    private static final int STEPS = 200_000;
    private static final int OBJECTS = 300_000;

    /** An object and the id that it was given. */
    private record Given(long id, Object object) {}

    @Test
    void idsArePositiveAndNeverUsedAgain() {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        SlotTable<Object> table = new SlotTable<>(LIMIT);
        Map<Long, Object> model = new HashMap<>();
        List<Long> present = new ArrayList<>();
        List<Long> gone = new ArrayList<>();
        Set<Long> ever = new HashSet<>();
        for (int i = 0; i < STEPS; i++) {
            boolean filling = i / 10_000 % 2 == 0;
            if (present.isEmpty() || random.nextInt(10) < (filling ? 7 : 3)) {
                Object object = new Object();
                assertEquals(present.size() == LIMIT, table.isFull(), "seed " + seed);
                long id = table.add(object);
                if (present.size() == LIMIT) {
                    assertEquals(0, id);
                    continue;
                }
                assertTrue(id > 0, "seed " + seed);
                assertTrue(ever.add(id), "seed " + seed);
                model.put(id, object);
                present.add(id);
            } else {
                int at = random.nextInt(present.size());
                long id = present.get(at);
                present.set(at, present.get(present.size() - 1));
                present.remove(present.size() - 1);
                assertSame(model.remove(id), table.remove(id), "seed " + seed);
                assertNull(table.remove(id));
                gone.add(id);
            }
            for (List<Long> some : List.of(present, gone)) {
                if (!some.isEmpty()) {
                    long id = some.get(random.nextInt(some.size()));
                    assertSame(model.get(id), table.get(id), "seed " + seed);
                }
            }
        }
        Set<Object> all = new HashSet<>();
        table.forEach(all::add);
        assertEquals(new HashSet<>(model.values()), all);
    }

    @Test
    void theFirstIdIsOneAndATableMayHoldNothing() {
        assertEquals(FileSystem.ROOT, new SlotTable<>(1).add("root"));
        SlotTable<String> none = new SlotTable<>(0);
        assertTrue(none.isFull());
        assertEquals(0, none.add("more"));
    }

    @Test
    void whatIsNoIdFindsNothing() {
        SlotTable<String> table = new SlotTable<>(10);
        long id = table.add("a");
        for (long wrong :
                new long[] {
                    0,
                    -1,
                    2,
                    1024,
                    1L << 26,
                    1L << 31,
                    id | 1L << 32,
                    id | 1L << 63,
                    Long.MAX_VALUE,
                    Long.MIN_VALUE,
                    0xffff_ffffL
                }) {
            assertNull(table.get(wrong), Long.toHexString(wrong));
            assertNull(table.remove(wrong), Long.toHexString(wrong));
        }
        assertEquals("a", table.get(id));
    }

    @Test
    void anotherObjectTakesThePlaceOfOneThatIsThere() {
        SlotTable<String> table = new SlotTable<>(10);
        long id = table.add("a");
        table.replace(id, "b");
        assertEquals("b", table.remove(id));
        assertThrows(IllegalArgumentException.class, () -> table.replace(id, "c"));
        assertFalse(table.isFull());
    }

    /** Readers ask for ids whose slots are taken out and used again meanwhile. */
    @Test
    @Timeout(60)
    void readersMeetTheObjectOfTheirIdOrNone() throws Exception {
        SlotTable<Object> table = new SlotTable<>(2);
        AtomicReference<Given> last = new AtomicReference<>(new Given(0, null));
        AtomicReference<Given> wrong = new AtomicReference<>();
        Thread[] readers = new Thread[2];
        for (int i = 0; i < readers.length; i++) {
            readers[i] =
                    new Thread(
                            () -> {
                                Given given = last.get();
                                while (given != null) {
                                    Object found = table.get(given.id());
                                    if (found != null && found != given.object()) {
                                        wrong.set(given);
                                    }
                                    given = last.get();
                                }
                            });
            readers[i].start();
        }
        for (int i = 0; i < OBJECTS; i++) {
            Object object = new Object();
            long id = table.add(object);
            last.set(new Given(id, object));
            assertSame(object, table.remove(id));
            assertNull(table.get(id));
        }
        last.set(null);
        for (Thread reader : readers) {
            reader.join();
        }
        assertNull(wrong.get(), () -> "another object has the id " + wrong.get().id());
    }

    @Test
    void anotherTableGoesOnWithTheSameIds() {
        SlotTable<String> first = new SlotTable<>(LIMIT);
        List<Long> given = new ArrayList<>();
        for (int i = 0; i < LIMIT; i++) {
            given.add(first.add("" + i));
        }
        for (int i = 0; i < 2000; i++) { // all of the first chunk, and more
            first.remove(given.get(i));
        }
        given.add(first.add("again"));
        SlotTable<String> second = new SlotTable<>(LIMIT, first.mostUses());
        for (int i = given.size() - 1; i >= 2000; i--) {
            assertTrue(second.restore(given.get(i), first.get(given.get(i))));
        }
        second.restored();

        assertEquals("again", second.get(given.get(LIMIT)));
        assertEquals("2999", second.remove(given.get(2999)));
        Set<Long> ever = new HashSet<>(given);
        for (int i = 0; i < 2000; i++) {
            assertTrue(ever.add(second.add("new")));
        }
        assertTrue(second.isFull());
    }

    @Test
    void idsThatNoTableOfThisSizeGivesAreNotTakenOver() {
        SlotTable<String> table = new SlotTable<>(10, 3);
        for (long id : new long[] {0, -1, 11, 1L << 31, 1L << 32, 1L << 63 | 1}) {
            assertFalse(table.restore(id, "hostile"), Long.toHexString(id));
        }
        assertTrue(table.restore(1L << 32 | 7, "seven"));
        assertFalse(table.restore(7, "its slot is taken"));
        table.restored();
        assertEquals(3L << 32 | 1, table.add("next"));
    }
}
