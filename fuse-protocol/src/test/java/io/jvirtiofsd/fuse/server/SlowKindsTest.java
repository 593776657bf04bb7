package io.jvirtiofsd.fuse.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

class SlowKindsTest {
    private static final int KIND = Opcode.FSYNC.code();
    private static final int OTHER = Opcode.OPEN.code();

    private final SlowKinds kinds = new SlowKinds();

    private void note(int times, long nanos) {
        for (int i = 0; i < times; i++) {
            kinds.note(KIND, nanos);
        }
    }

    /** How many requests of so long it takes until the kind is slow, or not any more. */
    private int until(boolean slow, long nanos) {
        int requests = 0;
        while (kinds.isSlow(KIND) != slow) {
            assertTrue(++requests < 100, "never");
            note(1, nanos);
        }
        return requests;
    }

    @Test
    void nothingIsSlowAtFirst() {
        assertFalse(kinds.any());
        for (int kind = -1; kind <= 4096; kind++) {
            assertFalse(kinds.isSlow(kind));
        }
    }

    @Test
    void whatTakesLongIsSlowFromTheFirstOn() {
        assertEquals(1, until(true, 5_000_000));
        assertTrue(kinds.any());
        assertFalse(kinds.isSlow(OTHER));
    }

    @Test
    void whatIsJustLongerIsSlowInTheLongRun() {
        assertTrue(until(true, SlowKinds.SLOW_NANOS + 10_000) > 10);
    }

    @Test
    void betweenTheLimitsAKindStaysWhatItIs() {
        long between = (SlowKinds.SLOW_NANOS + SlowKinds.FAST_NANOS) / 2;
        note(1000, between);
        assertFalse(kinds.isSlow(KIND));
        until(true, 5_000_000);
        note(1000, between);
        assertTrue(kinds.isSlow(KIND));
        until(false, SlowKinds.FAST_NANOS / 2);
        assertFalse(kinds.any());
    }

    @Test
    void oneOfSecondsIsForgottenSoon() {
        note(1000, 20_000);
        assertEquals(1, until(true, 30_000_000_000L));
        assertTrue(until(false, 20_000) < 20);
    }

    @Test
    void kindsAreKeptApart() {
        kinds.note(OTHER, 5_000_000);
        until(true, 5_000_000);
        until(false, 1_000);
        assertTrue(kinds.isSlow(OTHER));
        assertTrue(kinds.any());
    }

    @Test
    void whatHoldsTheLockOfADirectoryIsNotHandedOver() {
        for (Opcode opcode :
                new Opcode[] {
                    Opcode.CREATE, Opcode.MKDIR, Opcode.LINK, Opcode.UNLINK, Opcode.RENAME2
                }) {
            assertFalse(opcode.mayWait());
        }
    }

    /** What blocks is in the table; what is not measured costs nothing. */
    @Test
    void frequentKindsAreNotMeasured() {
        for (Opcode opcode :
                new Opcode[] {Opcode.READ, Opcode.WRITE, Opcode.LOOKUP, Opcode.GETATTR}) {
            assertFalse(opcode.mayWait());
        }
        assertTrue(Opcode.FSYNC.mayWait());
        assertTrue(Opcode.OPEN.mayWait());
        assertTrue(
                Arrays.stream(Opcode.values())
                        .filter(Opcode::mayWait)
                        .allMatch(opcode -> opcode.code() < Long.SIZE));
    }
}
