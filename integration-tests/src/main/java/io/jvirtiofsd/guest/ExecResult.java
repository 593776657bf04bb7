package io.jvirtiofsd.guest;

import java.nio.charset.StandardCharsets;

/**
 * What a script in the guest, or a command on the host, left: its exit code and all its output.
 *
 * <p><i>Immutable</i>; the array is the reader's to keep.
 */
public record ExecResult(int exitCode, byte[] output) {
    /** The output as UTF-8, without trailing white space. */
    public String text() {
        return new String(output, StandardCharsets.UTF_8).stripTrailing();
    }
}
