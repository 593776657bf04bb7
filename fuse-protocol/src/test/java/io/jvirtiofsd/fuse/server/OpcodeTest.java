package io.jvirtiofsd.fuse.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;

import io.jvirtiofsd.fuse.server.FileRequests.WriteIn;
import io.jvirtiofsd.fuse.server.SessionRequests.InitIn;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The rows of the table agree with the header and with the records. */
class OpcodeTest {
    private final Map<String, Integer> numbers = new LayoutTable().numbers("opcode");

    @Test
    void numbersAreThoseOfTheHeader() {
        for (Opcode opcode : Opcode.values()) {
            assertEquals(numbers.get(opcode.name()), opcode.code(), opcode.name());
        }
        assertEquals(numbers.get("INIT_SWAPPED"), Opcode.INIT_SWAPPED);
        assertEquals(numbers.size() - 1, Opcode.values().length);
    }

    @Test
    void everyNumberFindsItsRow() {
        for (Opcode opcode : Opcode.values()) {
            assertSame(opcode, Opcode.of(opcode.code()));
        }
        for (int unused : new int[] {-1, 0, 7, 19, 54, 63, 64, 4095, 4097, Integer.MIN_VALUE}) {
            assertNull(Opcode.of(unused));
        }
    }

    @Test
    void argumentBytesAreWhatTheRecordReads() {
        for (Opcode opcode : Opcode.values()) {
            WireReader reader = new WireReader();
            int bytes = opcode.argumentBytes();
            reader.reset(new byte[bytes], 0, bytes);
            opcode.arguments(reader);
            assertEquals(0, reader.remaining(), opcode.name());
        }
    }

    @Test
    void dataOfWriteIsNeverCopied() {
        assertEquals(WriteIn.BYTES, Opcode.WRITE.snapshotBytes());
    }

    @Test
    void initIsCopiedAsFarAsItGoes() {
        assertEquals(InitIn.SHORT_BYTES, Opcode.INIT.argumentBytes());
        assertEquals(InitIn.BYTES, Opcode.INIT.snapshotBytes());
    }
}
