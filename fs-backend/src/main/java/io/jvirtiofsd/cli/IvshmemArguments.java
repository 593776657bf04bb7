package io.jvirtiofsd.cli;

import io.jvirtiofsd.ivshmem.IvshmemMemory;
import io.jvirtiofsd.ivshmem.IvshmemOptions;
import io.jvirtiofsd.linux.Listener;
import io.jvirtiofsd.linux.Syscalls;
import java.io.IOException;
import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * The command line of {@code jvirtiofsd ivshmem}. Filled once by picocli; read by {@link
 * IvshmemCommand}. <i>Confined to the main thread.</i>
 */
@Command(
        name = "jvirtiofsd ivshmem",
        sortOptions = false,
        usageHelpAutoWidth = true,
        description =
                "Serves QEMU's ivshmem-doorbell devices: memory that virtual machines and programs"
                        + " share, and doorbells by which they ring each other.")
final class IvshmemArguments {
    @Option(
            names = {"--socket-path", "--socket"},
            paramLabel = "PATH",
            description =
                    "Socket to create and listen on; PATH.pid, which keeps other daemons away, is"
                            + " made beside it.")
    private Path socketPath;

    @Option(
            names = "--socket-group",
            paramLabel = "GROUP",
            description = "Group (name or number) that may connect to the socket.")
    private String socketGroup;

    @Option(
            names = "--fd",
            paramLabel = "N",
            description = "Descriptor of an open socket, instead of --socket-path.")
    private Integer fd;

    @Option(
            names = "--shm-path",
            paramLabel = "FILE",
            description = "An existing file that is the memory.")
    private Path shmPath;

    @Option(
            names = "--size",
            paramLabel = "SIZE",
            converter = DaxArguments.SizeConverter.class,
            description =
                    "Size of memory without a file, which nobody can make shorter. Like a file's"
                            + " it is a power of two, at least 4K.")
    private Long size;

    @Option(names = "--hugetlb", description = "With --size: of the host's huge pages.")
    private boolean hugetlb;

    @Option(
            names = "--vectors",
            paramLabel = "N",
            defaultValue = "1",
            description = "Doorbells of each peer (default: ${DEFAULT-VALUE}).")
    private int vectors;

    @Option(
            names = "--max-peers",
            paramLabel = "N",
            defaultValue = "" + IvshmemOptions.USUAL_PEERS,
            description = "Most peers at a time (default: ${DEFAULT-VALUE}).")
    private int maxPeers;

    @Option(
            names = "--rlimit-nofile",
            paramLabel = "N",
            description =
                    "Most files the daemon may have open; 0 leaves the limit as it is (default:"
                            + " 1000000, or what is allowed).")
    private Integer descriptors;

    @Mixin private final ContainmentArguments containment = new ContainmentArguments();

    @Option(
            names = "--log-level",
            paramLabel = "LEVEL",
            defaultValue = "info",
            description = "off, error, warn, info, debug or trace (default: ${DEFAULT-VALUE}).")
    private Options.LogLevel logLevel;

    @Option(names = "-d", description = "The same as --log-level=debug, which it overrides.")
    private boolean debug;

    @Option(names = "--syslog", description = "Log to the system log, not to standard error.")
    private boolean syslog;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Print this and end.")
    private boolean help;

    @Option(
            names = {"-V", "--version"},
            versionHelp = true,
            description = "Print the version and end.")
    private boolean version;

    /**
     * Refuses what contradicts.
     *
     * @throws IllegalArgumentException if anything does; the message is one sentence for people
     */
    void check() {
        if ((socketPath == null) == (fd == null)) {
            throw new IllegalArgumentException("give either --socket-path PATH or --fd N");
        }
        if (fd != null && fd < 0) {
            throw new IllegalArgumentException("--fd " + fd + ": not a descriptor");
        }
        if (socketGroup != null && socketPath == null) {
            throw new IllegalArgumentException("--socket-group goes with --socket-path");
        }
        if ((shmPath == null) == (size == null)) {
            throw new IllegalArgumentException("give either --shm-path FILE or --size SIZE");
        }
        if (hugetlb && size == null) {
            throw new IllegalArgumentException("--hugetlb goes with --size");
        }
        options();
        modcaps();
    }

    /** How to serve. */
    IvshmemOptions options() {
        return new IvshmemOptions(vectors, maxPeers);
    }

    /** The memory, opened or made; given. */
    IvshmemMemory memory(Syscalls syscalls) throws IOException {
        return shmPath != null
                ? IvshmemMemory.open(syscalls, Launcher.place(shmPath), shmPath)
                : IvshmemMemory.create(syscalls, size, hugetlb);
    }

    /** Where peers come from; given. */
    Listener listener(Syscalls syscalls) throws IOException {
        return socketPath != null
                ? Listener.bind(syscalls, socketPath, socketGroup, Launcher.process())
                : Listener.adopt(syscalls, fd);
    }

    /** What {@code --modcaps} asks for. */
    Modcaps modcaps() {
        return containment.modcaps();
    }

    /** See {@link ContainmentArguments#confine}. */
    void confine() throws IOException {
        containment.confine(syslog, false);
    }

    /** The wanted limit of descriptors, as {@link DescriptorLimit#apply} takes it. */
    int descriptors() {
        return descriptors == null ? -1 : Math.max(0, descriptors);
    }

    Options.LogLevel logLevel() {
        return debug ? Options.LogLevel.DEBUG : logLevel;
    }

    boolean syslog() {
        return syslog;
    }
}
