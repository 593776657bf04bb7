package io.jvirtiofsd.hostile;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import java.util.List;
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

    private Stream<DynamicTest> tests(List<HostileCase> table) {
        long names = table.stream().map(HostileCase::name).distinct().count();
        assertEquals(table.size(), names, "a name stands for two cases");
        return table.stream().map(one -> DynamicTest.dynamicTest(one.name(), () -> rig.check(one)));
    }

    @TestFactory
    Stream<DynamicTest> socket() {
        return tests(SocketCases.all());
    }
}
