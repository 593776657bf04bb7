package io.jvirtiofsd.cli;

import static org.junit.jupiter.api.Assertions.assertFalse;

import io.jvirtiofsd.fuzz.Fuzzer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

/**
 * Any command line is understood, so that a back-end can be made of it, or refused with a sentence.
 *
 * <p>An input is text, with an argument on each line.
 */
public final class CommandLineFuzzTest {
    private static final int MOST_ARGUMENTS = 20;

    /** For Jazzer. */
    public static void fuzzerTestOneInput(byte[] input) {
        String[] arguments =
                new String(input, StandardCharsets.UTF_8)
                        .lines()
                        .limit(MOST_ARGUMENTS)
                        .toArray(String[]::new);
        Options options = new Options();
        try {
            CommandLine line = AnnotatedOptions.read(options, arguments);
            if (line.isUsageHelpRequested() || line.isVersionHelpRequested()) {
                return;
            }
            options.complete();
        } catch (IllegalArgumentException e) {
            assertFalse(e.getMessage().lines().findFirst().orElse("").isBlank());
            return;
        }
        options.backEnd(Path.of("/share"), 1000, null);
        options.modcaps();
        options.logLevel();
        options.descriptors();
    }

    @Test
    void anyArgumentsAreUnderstoodOrRefused() throws Exception {
        Fuzzer.run(CommandLineFuzzTest.class, "options");
    }
}
