package io.jvirtiofsd.cli;

import io.jvirtiofsd.fuse.LockOptions;
import picocli.CommandLine.Option;

/** The part of the command line that is about locks; a part of {@link Options}. */
final class LockArguments {
    @Option(
            names = "--posix-lock",
            description = "Locks of fcntl(2) are the host's, which all guests see.")
    private boolean posix;

    @Option(
            names = "--no-posix-lock",
            description = "Each guest keeps them for itself (the default).")
    private boolean noPosix;

    @Option(
            names = "--flock",
            description = "Locks of flock(2) are the host's, which all guests see.")
    private boolean flock;

    @Option(names = "--no-flock", description = "Each guest keeps them for itself (the default).")
    private boolean noFlock;

    /** Applies what {@code -o} says: "posix_lock" or "no_posix_lock". */
    void setPosix(boolean on) {
        posix = on;
        noPosix = !on;
    }

    /** Applies what {@code -o} says: "flock" or "no_flock". */
    void setFlock(boolean on) {
        flock = on;
        noFlock = !on;
    }

    /** What was asked for; who asks for both gets none. */
    LockOptions options() {
        return new LockOptions(posix && !noPosix, flock && !noFlock);
    }
}
