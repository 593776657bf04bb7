package io.jvirtiofsd.cli;

import io.jvirtiofsd.fuse.SlotTable;
import io.jvirtiofsd.passthrough.HandleMode;
import io.jvirtiofsd.passthrough.PassthroughOptions;
import picocli.CommandLine.Option;

/**
 * The part of the command line that is about inodes and mounts; a part of {@link Options}, and
 * <i>confined to the main thread</i> as these are.
 */
final class InodeArguments {
    /** What a JVM and a session need, and a little for files. */
    static final int LEAST_DESCRIPTORS = 256;

    @Option(
            names = "--inode-file-handles",
            paramLabel = "MODE",
            defaultValue = "prefer",
            description =
                    "Keep inodes by file handle instead of descriptor: never, where possible and"
                        + " needed (prefer), or always (mandatory; what has no handle is refused)"
                        + " (default: ${DEFAULT-VALUE}).")
    HandleMode handles = HandleMode.PREFER;

    @Option(
            names = "--rlimit-nofile",
            paramLabel = "N",
            description =
                    "Most files this process may have open; 0 leaves the limit as it is "
                            + "(default: 1000000, or as many as it may).")
    Integer descriptors;

    @Option(
            names = "--max-inodes",
            paramLabel = "N",
            description =
                    "Most files and directories the guest may know at a time; beyond it is ENFILE "
                            + "(default: as many as have room in half of the heap).")
    Integer maxInodes;

    @Option(
            names = "--preserve-noatime",
            description =
                    "O_NOATIME of the guest's programs holds or fails: without this option it is"
                            + " left out where the daemon may not use it.")
    boolean preserveNoatime;

    @Option(
            names = "--announce-submounts",
            negatable = true,
            defaultValue = "true",
            fallbackValue = "true",
            description =
                    "Tell the guest where other file systems are mounted (the default;"
                            + " --no-announce-submounts: show them as a part of the shared one).")
    boolean announceSubmounts = true;

    HandleMode handles() {
        return handles;
    }

    /** The limit of open files asked for: 0 to leave it as it is, &minus;1 for the default. */
    int descriptors() {
        return descriptors == null ? -1 : descriptors;
    }

    /** How many inodes the guest may know. */
    int maxInodes() {
        return maxInodes == null
                ? PassthroughOptions.defaultMaxInodes()
                : Math.min(maxInodes, SlotTable.MOST);
    }

    /** Whether {@link #descriptors} can be had. */
    boolean areDescriptorsEnough() {
        return descriptors == null || descriptors == 0 || descriptors >= LEAST_DESCRIPTORS;
    }

    boolean preservesNoatime() {
        return preserveNoatime;
    }

    boolean announcesSubmounts() {
        return announceSubmounts;
    }
}
