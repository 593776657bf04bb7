package io.jvirtiofsd.fake;

import io.jvirtiofsd.fuse.Errno;
import io.jvirtiofsd.linux.AlteredSyscalls;
import io.jvirtiofsd.linux.Syscalls;
import java.lang.StackWalker.StackFrame;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;

/**
 * Lets one of the system calls fail that a file system makes for an operation, whichever these are:
 * a run without a fault tells. Owned by the test. <i>Thread-safe.</i>
 */
final class CallFault {
    private static final Set<String> CANNOT_FAIL = Set.of("geteuid", "getegid", "umask");

    /** Whoever cannot be itself again ends the process, so that is not tried here. */
    private static final Set<String> ENDING =
            Set.of("Credentials.restore", "Credentials.withoutFsetid");

    private static final Set<String> OF_IDENTITY =
            Set.of("setresuid", "setresgid", "setgroups", "capget", "capset");

    /** These are made again, with a descriptor more to be had. */
    private static final Set<String> OPENING =
            Set.of("openat", "openByHandleAt", "dup", "openTree");

    /** Of these alone the manual knows EINTR; they are made again, too. */
    private static final Set<String> INTERRUPTED =
            Set.of(
                    "openat",
                    "preadv2",
                    "pwritev2",
                    "ftruncate",
                    "fallocate",
                    "fsync",
                    "fdatasync",
                    "fstatfs");

    /** What may come of a call that fails, where it is made in these methods, and why. */
    private static final Map<String, String> TOLERATED =
            Map.of(
                    "HostDirectory.isNameless", "done", // of what cannot be asked, no harm is known
                    "Lookups.lastNamed", "done", // the same
                    "FileHandle.isNamed", "done", // compared in another way then
                    "FileHandle.of", "EOPNOTSUPP", // as where there are no handles
                    "HostDirectories.add", "done", // a name is listed without its attributes
                    "HostDirectories.fill", "done", // what was listed before is a good answer
                    "HostDirectory.contains", "ESTALE", // as if it were outside
                    "HostLocks.openAgain", "done", // opened in another way then
                    "Credentials.clearingSuid", "done"); // clears one bit more

    /**
     * A call of the file system.
     *
     * @param name the method of {@link Syscalls}
     * @param places the methods of the file system it is made in, the innermost first
     */
    record Call(String name, List<String> places) {
        /** Whether an operation whose call failed with {@code errno} may end so. */
        boolean mayEnd(String outcome, int errno) {
            if (errno == Errno.EINTR && !INTERRUPTED.contains(name)) {
                return true; // nobody gets it from this call
            }
            boolean again =
                    errno == Errno.EINTR
                            || OPENING.contains(name)
                                    && (errno == Errno.EMFILE || errno == Errno.ENFILE);
            return outcome.equals(again ? "done" : Errno.name(errno))
                    || places.stream().anyMatch(place -> outcome.equals(TOLERATED.get(place)))
                    || name.equals("close") && outcome.equals("done"); // of what was only read
        }

        @Override
        public String toString() {
            return name + " in " + places;
        }
    }

    private final Syscalls calls = AlteredSyscalls.with(this::call);
    private final List<Call> seen = new ArrayList<>();
    private boolean armed;
    private int failing = -1;
    private int errno;

    Syscalls calls() {
        return calls;
    }

    /** Lets no call fail. */
    synchronized void none() {
        at(-1, 0);
    }

    /** Lets the call with this index fail the next time. */
    synchronized void at(int index, int errno) {
        failing = index;
        this.errno = errno;
        seen.clear();
    }

    /** Looks at calls from now on, or no more. */
    synchronized void arm(boolean now) {
        armed = now;
    }

    synchronized List<Call> seen() {
        return List.copyOf(seen);
    }

    private long call(String name, Object[] arguments, LongSupplier real) {
        int fault = faultOf(name);
        boolean slow = name.equals("fsync") || name.equals("fdatasync") || name.equals("syncfs");
        if (fault != 0) {
            if (name.equals("close")) {
                real.getAsLong(); // as Linux does
            }
            return -fault;
        }
        return slow ? 0 : real.getAsLong();
    }

    private synchronized int faultOf(String name) {
        if (!armed || CANNOT_FAIL.contains(name)) {
            return 0;
        }
        List<String> places = StackWalker.getInstance().walk(CallFault::ofTheFileSystem);
        boolean ends = OF_IDENTITY.contains(name) && places.stream().anyMatch(ENDING::contains);
        if (places.isEmpty() || ends) {
            return 0;
        }
        seen.add(new Call(name, places));
        return seen.size() - 1 == failing ? errno : 0;
    }

    private static List<String> ofTheFileSystem(java.util.stream.Stream<StackFrame> frames) {
        return frames.filter(frame -> frame.getClassName().contains(".passthrough."))
                .map(
                        frame ->
                                frame.getClassName().replaceAll(".*\\.", "")
                                        + "."
                                        + frame.getMethodName())
                .filter(place -> !place.contains("$"))
                .collect(Collectors.toList());
    }
}
