package io.jvirtiofsd.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;

class BenchOptionsTest {
    private static BenchOptions of(String... args) {
        BenchOptions options = new BenchOptions();
        CommandLine parser = new CommandLine(options);
        parser.parseArgs(args);
        options.check(parser);
        return options;
    }

    @Test
    void byDefaultEachRowIsComparedAtThreeDepthsWithBothDrivers() {
        BenchOptions options = of();
        List<Combination> all = options.combinations();
        for (Row row : Rows.ALL) {
            long oneQueue =
                    all.stream().filter(one -> one.row() == row && one.queues() == 1).count();
            assertEquals(6, oneQueue, row.name());
        }
        assertEquals(4, options.mostQueues());
        assertEquals(5, options.rounds());
        assertEquals(200_000_000, options.cellNanos());
        assertTrue(options.has("cold"));
    }

    @Test
    void whatIsSaidIsCompared() {
        BenchOptions options =
                of("--rows=rename,size", "--depths=2,8", "--drivers=polls", "--queues=1,3");
        assertEquals(
                List.of("1x2", "1x8", "3x2", "3x8"),
                options.combinations().stream()
                        .map(one -> one.queues() + "x" + one.depth())
                        .toList());
        assertTrue(options.combinations().stream().noneMatch(Combination::sleeping));
        assertEquals(List.of("rename"), options.requestRows().stream().map(Row::name).toList());
        assertTrue(options.has("size"));
    }

    @Test
    void moreThanFitsIntoARingIsLeftOut() {
        assertEquals(
                List.of(32, 64, 128),
                of("--rows=getattr", "--depths=32", "--queues=1,2,4,8", "--drivers=polls")
                        .combinations()
                        .stream()
                        .map(Combination::chains)
                        .toList());
    }

    @Test
    void whatMakesNoSenseIsRefused() {
        for (String[] args :
                new String[][] {
                    {"--rows=gettattr"},
                    {"--depths=0"},
                    {"--queues=129"},
                    {"--rounds=0"},
                    {"--seconds-per-cell=0"},
                    {"--drivers=naps"},
                    {"--json=/no/such/folder/file"},
                    {"--markdown=/no/such/page"},
                    {"--quick", "--full"},
                    {"--no-such-option"}
                }) {
            assertThrows(ParameterException.class, () -> of(args), args[0]);
        }
    }
}
