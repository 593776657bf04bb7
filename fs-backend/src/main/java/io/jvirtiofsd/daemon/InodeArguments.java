package io.jvirtiofsd.daemon;

import picocli.CommandLine.Option;

/** The part of the command line that is about inodes and mounts; a part of {@link Options}. */
final class InodeArguments {
    @Option(
            names = "--announce-submounts",
            description = "Tell the guest where other file systems are mounted (the default).")
    private boolean announceSubmounts;

    @Option(
            names = "--no-announce-submounts",
            description = "Show other file systems as a part of the shared one.")
    private boolean noAnnounceSubmounts;

    /** Applies what {@code -o} says: "announce_submounts" or "no_announce_submounts". */
    void setAnnounceSubmounts(boolean on) {
        announceSubmounts = on;
        noAnnounceSubmounts = !on;
    }

    boolean announcesSubmounts() {
        return announceSubmounts || !noAnnounceSubmounts;
    }
}
