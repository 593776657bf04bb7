package io.jvirtiofsd.cli;

import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.linux.Syscalls;
import java.io.ByteArrayOutputStream;
import java.io.OutputStream;

/**
 * Sends each line written to it to the system log; stands in for standard error under {@code
 * --syslog}, owned by the process.
 *
 * <p><i>Thread-safe.</i> Source: syslog(3).
 */
final class SyslogStream extends OutputStream {
    private static final int PRIORITY = (3 << 3) | 6; // syslog.h LOG_DAEMON | LOG_INFO
    private static final int MAX_LINE_BYTES = 4000;

    private final Syscalls syscalls;
    private final NativeMemory message = NativeMemory.allocate(MAX_LINE_BYTES + 1);
    private final ByteArrayOutputStream line = new ByteArrayOutputStream();

    SyslogStream(Syscalls syscalls) {
        this.syscalls = syscalls;
    }

    @Override
    public synchronized void write(int b) {
        if (b == '\n') {
            byte[] bytes = line.toByteArray();
            syscalls.syslog(PRIORITY, message.putCString(0, bytes, 0, bytes.length));
            line.reset();
        } else if (b != 0 && line.size() < MAX_LINE_BYTES) {
            line.write(b);
        }
    }
}
