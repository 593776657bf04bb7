package io.jvirtiofsd.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.guest.ExecResult;
import io.jvirtiofsd.guest.Processes;
import io.jvirtiofsd.linux.RawCalls;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What somebody can do who has taken over a serving daemon. */
class SystemCallPolicyTest {
    private static final int ENOSYS = 38;
    private static final int EBADF = 9;
    private static final int EFAULT = 14;
    private static final int KILLED = 128 + 31; // SIGSYS

    /** Runs {@link Intruder} in a process of its own. */
    private static ExecResult intrude(String mode, String attempt) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin/java").toString());
        command.addAll(List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx64m"));
        command.addAll(List.of("-cp", System.getProperty("java.class.path")));
        command.addAll(List.of(Intruder.class.getName(), mode));
        command.addAll(List.of(attempt.split(" ")));
        return Processes.run(Duration.ofSeconds(60), command);
    }

    @Test
    void whatAnIntruderNeedsEndsTheProcess() {
        for (String attempt :
                List.of(
                        "program",
                        "execve 0 0 0",
                        "fork",
                        "socket 2 1 0", // AF_INET
                        "socket 1 1 0", // AF_UNIX: as soon as there is no log to open again
                        "mount 0 0 0",
                        "ptrace 16 1 0",
                        "bpf 0 0 0",
                        "keyctl 0 0 0",
                        "io_uring_setup 1 0 0",
                        "userfaultfd 0 0 0",
                        "setns 0 0 0",
                        "unshare 0x10000000", // CLONE_NEWUSER
                        "clone 0x10000011 0 0", // a process in a user namespace
                        "process_vm_readv 1 0 0",
                        "kill 1 0 0",
                        "finit_module 0 0 0",
                        "kexec_load 0 0 0")) {
            ExecResult result = intrude("KILL", attempt);
            assertEquals(KILLED, result.exitCode(), attempt + ": " + result.text());
            assertTrue(result.text().contains("confined"), attempt + ": " + result.text());
        }
    }

    @Test
    void modesSayWhatHappens() {
        assertEquals(KILLED, intrude("TRAP", "mount 0 0 0").exitCode());
        assertGives(-EFAULT, intrude("LOG", "mount 1 1 1"));
        assertGives(0, intrude("LOG", "program"));
        assertGives(-EFAULT, intrude("NONE", "mount 1 1 1"));
    }

    /**
     * A call of ours that the filter does not know would fail with ENOSYS, in the middle of a
     * request.
     */
    @Test
    void everyCallOfOursIsDecided() {
        Set<String> notServing =
                Set.of(
                        "bind",
                        "connect",
                        "listen",
                        "socket",
                        "syscall",
                        "syslog",
                        "harmless",
                        "sched_getattr",
                        "sched_setattr",
                        "setpriority");
        Map<String, String> byAnotherName =
                Map.of(
                        "eventfd", "eventfd2",
                        "futimens", "utimensat",
                        "sigaction", "rt_sigaction",
                        "sigwait", "rt_sigtimedwait");
        Set<String> allowed = new HashSet<>(List.of(SystemCallPolicy.ALLOWED.split(" ")));
        allowed.addAll( // with arguments of ours
                Set.of("ioctl", "prlimit", "process_vm_readv", "process_vm_writev", "unshare"));
        allowed.add("tgkill");
        List<String> missing =
                Stream.concat(RawCalls.functions(), RawCalls.namesByNumber())
                        .distinct()
                        .filter(name -> !notServing.contains(name))
                        .map(name -> byAnotherName.getOrDefault(name, name))
                        .filter(name -> !allowed.contains(name))
                        .toList();
        assertEquals(List.of(), missing);
    }

    /** Of a socket, it tells what the peer has not read (SIOCOUTQ). */
    @Test
    void anIvshmemServerMayLookAtItsSockets() {
        assertGives(-EBADF, intrude("KILL", "ioctl -1 0x5411 0"));
    }

    /** A library tries it, and takes what there was before. */
    @Test
    void callsOfNeitherListAreNotThere() {
        assertGives(-ENOSYS, intrude("KILL", "clone3 0 0 0"));
        assertGives(-ENOSYS, intrude("KILL", "clone 0x40010000 0 0")); // a thread with a network
        assertGives(-ENOSYS, intrude("KILL", "ioctl 0 0x5412 0")); // TIOCSTI
        assertGives(-ENOSYS, intrude("KILL", "prlimit64 0 7 1"));
        assertGives(0, intrude("KILL", "unshare 0x200")); // CLONE_FS
    }

    private static void assertGives(int value, ExecResult result) {
        assertEquals(0, result.exitCode(), result.text());
        String said = result.text().strip(); // a JVM may warn first
        assertTrue(said.endsWith("confined\n" + value), said);
    }
}
