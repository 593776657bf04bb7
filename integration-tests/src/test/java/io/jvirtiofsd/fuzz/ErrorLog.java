package io.jvirtiofsd.fuzz;

import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/**
 * What the code of ours logs as an error while Jazzer runs: a fault that it has survived, on any
 * thread, and that is none the less to be found. <i>Thread-safe.</i>
 */
public final class ErrorLog {
    private static final String MARK = " ERROR io.jvirtiofsd.";
    private static final ByteArrayOutputStream LINES = new ByteArrayOutputStream();

    private ErrorLog() {}

    /** Begins to watch; for Jazzer's JVM, where nothing else is logged. */
    public static void watch() {
        PrintStream console = System.err;
        OutputStream both =
                new OutputStream() {
                    @Override
                    public void write(int value) {
                        console.write(value);
                        LINES.write(value);
                    }

                    @Override
                    public void write(byte[] bytes, int from, int length) {
                        console.write(bytes, from, length);
                        LINES.write(bytes, from, length);
                    }
                };
        System.setErr(new PrintStream(both, true, StandardCharsets.UTF_8));
    }

    /** Throws if an error has been logged. */
    public static void check() {
        if (LINES.size() > 0) {
            String lines = LINES.toString(StandardCharsets.UTF_8);
            LINES.reset();
            if (lines.contains(MARK)) {
                throw new AssertionError(lines);
            }
        }
    }
}
