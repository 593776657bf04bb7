package io.jvirtiofsd.cli;

import io.jvirtiofsd.linux.RawCalls;
import io.jvirtiofsd.linux.Syscalls;
import java.util.Arrays;

/**
 * A program that confines itself as the daemon does, and then does what somebody would who has
 * taken it over.
 *
 * <p>Arguments: a mode of {@link SystemCallPolicy}; what to try: a system call, with up to three
 * arguments. Prints what that gives.
 */
final class Intruder {
    private Intruder() {}

    public static void main(String[] args) throws Exception {
        Syscalls.load();
        RawCalls.call("getpid", 0, 0, 0); // loads what it needs
        SystemCallPolicy.install(SystemCallPolicy.Mode.valueOf(args[0]), false);
        Thread thread = new Thread(() -> System.out.println("confined"), "one more");
        thread.start();
        thread.join();
        if (args[1].equals("program")) {
            new ProcessBuilder("true").start().waitFor();
            System.out.println(0);
            return;
        }
        long[] all =
                Arrays.copyOf(Arrays.stream(args).skip(2).mapToLong(Long::decode).toArray(), 3);
        System.out.println(RawCalls.call(args[1], all[0], all[1], all[2]));
    }
}
