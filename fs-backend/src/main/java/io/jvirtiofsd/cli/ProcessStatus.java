package io.jvirtiofsd.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** What the kernel says of this process in sets of bits. Source: proc(5), /proc/PID/status. */
final class ProcessStatus {
    private static final int HEXADECIMAL = 16;

    private ProcessStatus() {}

    /** The set of this {@code name}, such as CapPrm or SigBlk. */
    static long set(String name) throws IOException {
        for (String line :
                Files.readAllLines(Path.of("/proc/self/status"), StandardCharsets.ISO_8859_1)) {
            if (line.startsWith(name + ":")) {
                String digits = line.substring(name.length() + 1).trim();
                return Long.parseUnsignedLong(digits, HEXADECIMAL);
            }
        }
        throw new IOException("/proc/self/status has no " + name);
    }
}
