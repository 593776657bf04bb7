package io.jvirtiofsd.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class RunDelayTest {
    @Test
    void isWhatTheKernelSaysOfThisThread() throws Exception {
        Syscalls syscalls = Syscalls.load();
        long before = RunDelay.nanos(syscalls);
        // Java's files are opened and read by the same thread.
        String told = Files.readString(Path.of("/proc/thread-self/schedstat")).split(" ")[1];
        long after = RunDelay.nanos(syscalls);
        assertTrue(before > 0, "a thread is never started at once");
        assertTrue(before <= Long.parseLong(told) && Long.parseLong(told) <= after);
    }

    @Test
    void isUnknownWhereTheKernelDoesNotSay() {
        FaultySyscalls faulty = new FaultySyscalls();
        faulty.fail("openat", 0, 1, LinuxErrno.ENOENT);
        assertEquals(RunDelay.UNKNOWN, RunDelay.nanos(faulty.calls()));
        faulty.fail("preadv2", 0, 1, LinuxErrno.EIO);
        assertEquals(RunDelay.UNKNOWN, RunDelay.nanos(faulty.calls()));
    }
}
