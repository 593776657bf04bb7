package io.jvirtiofsd.hostile;

import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/**
 * What peers can do wrong, in tables: each row names what is sent and what must come of it, to the
 * errno. One daemon meets all of it, and serves on after each.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class HostileTableTest {
    private HostileRig rig;

    @BeforeAll
    void begin(@TempDir Path folder) throws Exception {
        rig = new HostileRig(folder);
    }

    @AfterAll
    void end() throws Exception {
        rig.close();
    }

    private Stream<DynamicTest> tests(HostileTable table, boolean reconnecting) {
        return table.cases().stream()
                .map(one -> dynamicTest(one.name(), () -> rig.check(one, reconnecting)));
    }

    /** Done to the front-end's connection. */
    private Stream<DynamicTest> connections(HostileTable table) {
        return tests(table, true);
    }

    /** Done to the FUSE session, over a connection that stays. */
    private Stream<DynamicTest> sessions(HostileTable table) {
        return tests(table, false);
    }

    @TestFactory
    Stream<DynamicTest> socket() {
        return connections(new SocketTable());
    }

    @TestFactory
    Stream<DynamicTest> memory() {
        return connections(new MemoryTable());
    }

    @TestFactory
    Stream<DynamicTest> inflight() {
        return connections(new InflightTable());
    }

    @TestFactory
    Stream<DynamicTest> rings() {
        return connections(new RingTable());
    }

    @TestFactory
    Stream<DynamicTest> packedRings() {
        return connections(new PackedRingTable());
    }

    @TestFactory
    Stream<DynamicTest> chains() {
        return connections(new ChainTable());
    }

    @TestFactory
    Stream<DynamicTest> headers() {
        return sessions(new HeaderTable());
    }

    @TestFactory
    Stream<DynamicTest> bodies() {
        return sessions(new BodyTable());
    }

    @TestFactory
    Stream<DynamicTest> names() {
        return sessions(new NameTable());
    }

    @TestFactory
    Stream<DynamicTest> handles() {
        return sessions(new HandleTable());
    }

    @TestFactory
    Stream<DynamicTest> mappings() {
        return connections(new MappingTable());
    }

    @TestFactory
    Stream<DynamicTest> answers() {
        return connections(new AnswerTable());
    }
}
