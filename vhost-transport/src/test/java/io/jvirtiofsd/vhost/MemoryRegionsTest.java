package io.jvirtiofsd.vhost;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.linux.Fd;
import io.jvirtiofsd.linux.OpenDescriptors;
import io.jvirtiofsd.linux.Reclaimer;
import io.jvirtiofsd.linux.Syscalls;
import io.jvirtiofsd.shmem.GuestMemory;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The messages that change the memory table: what is wrong changes nothing and leaks nothing. */
class MemoryRegionsTest {
    private static final Syscalls SYSCALLS = Syscalls.load();
    private static final int FILE_BYTES = 1 << 16;
    private static final long UVA = 1L << 40;
    private static final int TABLE_REGIONS = 8; // VHOST_MEMORY_BASELINE_NREGIONS

    private final Reclaimer reclaimer = new Reclaimer();
    private final List<GuestMemory> tables = new ArrayList<>();
    private final MemoryRegions memory =
            new MemoryRegions(SYSCALLS, reclaimer, Optional.empty(), tables::add);
    private FakeMemory file;

    @BeforeEach
    void begin() throws Exception {
        file = new FakeMemory(SYSCALLS, 0, UVA, FILE_BYTES, 0);
    }

    @AfterEach
    void end() {
        memory.close();
        file.close();
    }

    private record Region(long gpa, long bytes, long uva, long fileOffset) {
        void describe(ByteBuffer payload) {
            payload.putLong(gpa).putLong(bytes).putLong(uva).putLong(fileOffset);
        }
    }

    private static Region at(long address, long bytes) {
        return new Region(address, bytes, UVA + address, 0);
    }

    private Message message(MessageType type, byte[] payload, int fds) {
        List<Fd> given = new ArrayList<>();
        for (int i = 0; i < fds; i++) {
            given.add(Fd.own(SYSCALLS, SYSCALLS.dup(file.fd())));
        }
        return new Message(type.id(), 1, payload, given);
    }

    private Message single(MessageType type, Region region, int fds) {
        ByteBuffer payload = FakeFrontend.buffer(40).putLong(0);
        region.describe(payload);
        return message(type, payload.array(), fds);
    }

    private void add(Region region) throws Exception {
        try (Message message = single(MessageType.ADD_MEM_REG, region, 1)) {
            memory.add(message);
        }
    }

    private Message table(int count, int fds, Region... regions) {
        ByteBuffer payload = FakeFrontend.buffer(8 + 32 * regions.length).putInt(count).putInt(0);
        for (Region region : regions) {
            region.describe(payload);
        }
        return message(MessageType.SET_MEM_TABLE, payload.array(), fds);
    }

    private interface Change {
        void make() throws Exception;
    }

    /** The table is the same afterwards, and no descriptor and no mapping is left. */
    private void assertRefused(String what, Change change) throws Exception {
        GuestMemory before = memory.current();
        int descriptors = OpenDescriptors.count();
        int mappings = mappings();
        int told = tables.size();
        assertThrows(Refusal.class, change::make, what);
        assertSame(before, memory.current(), what);
        assertEquals(told, tables.size(), what);
        assertEquals(descriptors, OpenDescriptors.count(), what);
        assertEquals(mappings, mappings(), what);
    }

    private static int mappings() throws Exception {
        try (var lines = java.nio.file.Files.lines(java.nio.file.Path.of("/proc/self/maps"))) {
            return (int) lines.filter(line -> line.contains("fake-guest")).count();
        }
    }

    @Test
    void overlappingRegionsAreRefused() throws Exception {
        add(at(8192, 8192));
        Region[] overlapping = {
            at(8192, 8192),
            at(4096, 4097),
            at(16383, 1),
            at(10000, 10),
            at(0, 20000),
            new Region(1 << 20, 4096, UVA + 12288, 0), // in the front-end's addresses only
            new Region(12288, 4096, 2 * UVA, 0), // in the guest's only
        };
        for (Region region : overlapping) {
            assertRefused("" + region, () -> add(region));
        }
        add(at(4096, 4096)); // which touches
        add(at(16384, 4096));
        assertEquals(3, memory.current().regions().size());
    }

    @Test
    void rangesThatOverflowAreRefused() throws Exception {
        Region[] wrong = {
            at(0, 0),
            at(0, -1),
            at(0, FILE_BYTES + 1),
            new Region(Long.MAX_VALUE - 4094, 4096, UVA, 0),
            new Region(-4096, 4096, UVA, 0),
            new Region(0, 4096, Long.MAX_VALUE - 4094, 0),
            new Region(0, 4096, -4096, 0),
            new Region(0, 4096, UVA, FILE_BYTES),
            new Region(0, 4096, UVA, Long.MAX_VALUE - 4094),
            new Region(0, 4096, UVA, -4096),
            new Region(0, Long.MAX_VALUE, UVA, 0),
        };
        for (Region region : wrong) {
            assertRefused("" + region, () -> add(region));
        }
    }

    @Test
    void moreRegionsThanTheBoundAreRefused() throws Exception {
        for (int i = 0; i < GuestMemory.MAX_REGIONS; i++) {
            add(at(4096L * i, 4096));
        }
        assertRefused("one more", () -> add(at(4096L * GuestMemory.MAX_REGIONS, 4096)));
        try (Message message = single(MessageType.REM_MEM_REG, at(4096, 4096), 0)) {
            memory.remove(message);
        }
        add(at(4096L * GuestMemory.MAX_REGIONS, 4096));
    }

    @Test
    void onlyWhatIsThereIsRemoved() throws Exception {
        add(at(8192, 8192));
        Region[] absent = {
            at(8192, 4096),
            at(8192, 8193),
            at(12288, 4096),
            at(0, 8192),
            new Region(8192, 8192, UVA, 0),
            at(-1, 8192),
        };
        for (Region region : absent) {
            assertRefused(
                    "" + region,
                    () -> {
                        try (Message message = single(MessageType.REM_MEM_REG, region, 1)) {
                            memory.remove(message);
                        }
                    });
        }
        try (Message message =
                single(MessageType.REM_MEM_REG, new Region(8192, 8192, UVA + 8192, 77), 1)) {
            memory.remove(message); // QEMU's offset in the file means nothing
        }
        assertTrue(memory.current().regions().isEmpty());
    }

    @Test
    void tablesThatDoNotFitTheirMessageAreRefused() throws Exception {
        add(at(0, 4096));
        Region[] nine = new Region[TABLE_REGIONS + 1];
        for (int i = 0; i < nine.length; i++) {
            nine[i] = at(4096L * i, 4096);
        }
        assertTableRefused("too many", table(nine.length, nine.length, nine));
        assertTableRefused("a negative number", table(-1, 0));
        assertTableRefused("fewer than said", table(2, 2, nine[0]));
        assertTableRefused("too few descriptors", table(2, 1, nine[0], nine[1]));
        assertTableRefused("too many descriptors", table(1, 2, nine[0]));
        assertTableRefused("no header", message(MessageType.SET_MEM_TABLE, new byte[4], 0));
        assertTableRefused("an overlap", table(3, 3, nine[0], nine[1], at(4097, 1)));
        assertTableRefused("an overflow", table(2, 2, nine[0], at(4096, -1)));
    }

    private void assertTableRefused(String what, Message table) throws Exception {
        int given = table.fdCount();
        int mappings = mappings();
        int descriptors = OpenDescriptors.count() - given;
        GuestMemory before = memory.current();
        try (table) {
            assertThrows(Refusal.class, () -> memory.replace(table), what);
        }
        assertSame(before, memory.current(), what);
        assertEquals(descriptors, OpenDescriptors.count(), what);
        assertEquals(mappings, mappings(), what);
    }

    /** Rings are found in the new table first; then readers of the old one are waited for. */
    @Test
    void aTableIsReplacedAtOnceAndUnmappedWhenNobodyCanSeeIt() throws Exception {
        add(at(0, 4096));
        int mapped = mappings();
        try (Reclaimer.Reader reader = reclaimer.register()) {
            reader.enter();
            try (Message message = table(2, 2, at(4096, 4096), at(8192, 4096))) {
                memory.replace(message);
            }
            assertSame(memory.current(), tables.get(tables.size() - 1));
            assertNull(memory.current().find(0));
            assertNotNull(memory.current().find(4096));
            assertEquals(mapped + 2, mappings());
            reader.exit();
            assertEquals(mapped + 1, mappings());
        }
        memory.close();
        assertSame(GuestMemory.EMPTY, memory.current());
        assertEquals(mapped - 1, mappings());
    }
}
