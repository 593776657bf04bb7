package io.jvirtiofsd.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.ivshmem.IvshmemOptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine.ParameterException;

/** Command lines of {@code jvirtiofsd ivshmem}. */
class IvshmemArgumentsTest {
    private static IvshmemArguments read(String line) {
        IvshmemArguments arguments = new IvshmemArguments();
        AnnotatedOptions.parser(arguments).parseArgs(line.split(" "));
        arguments.check();
        return arguments;
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "--size=1M | either --socket-path",
                "--size=1M --fd=3 --socket-path=s | either --socket-path",
                "--socket-path=s | either --shm-path",
                "--socket-path=s --size=1M --shm-path=m | either --shm-path",
                "--socket-path=s --shm-path=m --hugetlb | goes with --size",
                "--fd=3 --size=1M --socket-group=0 | goes with --socket-path",
                "--fd=-1 --size=1M | not a descriptor",
                "--fd=3 --size=1M --vectors=0 | 0 vectors: there can be 1 to 2048",
                "--fd=3 --size=1M --vectors=2049 | 1 to 2048",
                "--fd=3 --size=1M --max-peers=0 | 0 peers: there can be 1 to 4096",
                "--fd=3 --size=1M --max-peers=4097 | 1 to 4096",
                "--fd=3 --size=1M --modcaps=mknod | --modcaps",
            })
    void whatContradictsIsRefused(String line, String why) {
        IllegalArgumentException refused =
                assertThrows(IllegalArgumentException.class, () -> read(line));
        assertTrue(refused.getMessage().contains(why), refused.getMessage());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "--fd=3 --size=much | no size",
                "--fd=3 --size=1M --vectors=many | many",
                "--fd=3 --size=1M --shared-dir=/ | --shared-dir",
                "--fd=3 --size=1M --sandbox=tight | tight",
                "--fd=3 --size=1M word | word",
            })
    void whatIsNoOptionIsRefused(String line, String why) {
        ParameterException refused = assertThrows(ParameterException.class, () -> read(line));
        assertTrue(refused.getMessage().contains(why), refused.getMessage());
    }

    @Test
    void whatIsNotSaidHasADefault() {
        IvshmemArguments arguments = read("--fd=3 --size=1M");
        assertEquals(new IvshmemOptions(1, IvshmemOptions.USUAL_PEERS), arguments.options());
        assertEquals(-1, arguments.descriptors());
        assertEquals(Options.LogLevel.INFO, arguments.logLevel());
        arguments = read("--fd=3 --size=1M --vectors=3 --max-peers 5 --rlimit-nofile=0 -d");
        assertEquals(new IvshmemOptions(3, 5), arguments.options());
        assertEquals(0, arguments.descriptors());
        assertEquals(Options.LogLevel.DEBUG, arguments.logLevel());
    }
}
