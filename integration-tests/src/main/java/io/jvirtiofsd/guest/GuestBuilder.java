package io.jvirtiofsd.guest;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Describes the machine of a {@link Guest}: processors, memory and file system devices.
 *
 * <p><i>Confined to the test's thread.</i>
 */
public final class GuestBuilder {
    /**
     * Without {@code tsc=reliable} Linux 7.2 watches the TSC; emulated on a busy host its
     * watchdog_check_skew() now and then waits for minutes, interrupts off, for a processor that
     * waits for it in stop_machine().
     */
    private static final String KERNEL_ARGUMENTS =
            "console=ttyS0 quiet loglevel=4 panic=-1 tsc=reliable";

    private final GuestKit kit;
    private final Path folder;
    private final List<String> devices = new ArrayList<>();
    private Path qemu;
    private Path kernel;
    private Path initrd;
    private int cpus = 2;
    private int memoryMiB = 768;
    private int chardevs;
    private boolean twoRegions;
    private boolean shell;
    private String kernelArguments = KERNEL_ARGUMENTS;

    /**
     * @param folder an existing folder for sockets and logs; its path must fit a socket address
     */
    public GuestBuilder(GuestKit kit, Path folder) {
        this.kit = kit;
        this.folder = folder;
        this.qemu = kit.qemu();
        this.kernel = kit.kernel();
        this.initrd = kit.initrd();
    }

    /** Uses another QEMU than the kit's newest. */
    public GuestBuilder qemu(Path program) {
        this.qemu = program;
        return this;
    }

    /** Boots another kernel than the kit's, with an initrd that leads to the kit's root. */
    public GuestBuilder kernel(Path image, Path withInitrd) {
        this.kernel = image;
        this.initrd = withInitrd;
        return this;
    }

    public GuestBuilder cpus(int count) {
        this.cpus = count;
        return this;
    }

    public GuestBuilder memoryMiB(int size) {
        this.memoryMiB = size;
        return this;
    }

    /** Leaves the size and place of the memory to {@link #arguments}. */
    public GuestBuilder memoryByArguments() {
        this.memoryMiB = 0;
        return this;
    }

    /** Splits the memory into two memfds, which the back-end sees as regions of their own. */
    public GuestBuilder twoMemoryRegions() {
        this.twoRegions = true;
        return this;
    }

    /** Adds an argument of the kernel. */
    public GuestBuilder kernelArgument(String argument) {
        this.kernelArguments += " " + argument;
        return this;
    }

    /** Leaves the user at a shell on the console instead of in a file. */
    public GuestBuilder shell() {
        this.shell = true;
        return this;
    }

    /** Adds {@code vhost-user-fs-pci}. */
    public GuestBuilder fsDevice(Path socket, String tag, int requestQueues, int queueSize) {
        return fsDevice(socket, tag, requestQueues, queueSize, "");
    }

    /** Likewise, with packed rings if the back-end offers them. */
    public GuestBuilder packedFsDevice(Path socket, String tag, int requestQueues, int queueSize) {
        return fsDevice(socket, tag, requestQueues, queueSize, ",packed=on");
    }

    private GuestBuilder fsDevice(
            Path socket, String tag, int requestQueues, int queueSize, String properties) {
        return arguments(
                "-device",
                "vhost-user-fs-pci,chardev=%s,tag=%s,num-request-queues=%d,queue-size=%d%s"
                        .formatted(chardev(socket), tag, requestQueues, queueSize, properties));
    }

    /**
     * Adds the generic vhost-user device as a file system; tag and queue count are the daemon's.
     */
    public GuestBuilder genericDevice(Path socket, int requestQueues) {
        return arguments(
                "-device",
                "vhost-user-test-device-pci,chardev=%s,virtio-id=26,num_vqs=%d,config_size=40"
                        .formatted(chardev(socket), 1 + requestQueues));
    }

    /** Adds arguments of QEMU as they are. */
    public GuestBuilder arguments(String... arguments) {
        devices.addAll(List.of(arguments));
        return this;
    }

    /** Starts the guest and waits until it has booted. */
    public Guest boot() {
        return Guest.start(this, Guest::awaitBoot);
    }

    /**
     * Starts QEMU with the argument {@code -incoming}, without waiting for the guest, which another
     * one is to send.
     */
    Guest await() {
        return Guest.start(this, guest -> {});
    }

    /** Starts a guest whose state QEMU reads by the argument {@code -incoming}. */
    public Guest resume() {
        return Guest.start(this, guest -> guest.check("true"));
    }

    /** Adds the connection to a back-end; its name. */
    private String chardev(Path socket) {
        String id = "fs" + chardevs++;
        arguments("-chardev", "socket,id=" + id + ",path=" + socket);
        return id;
    }

    Path folder() {
        return folder;
    }

    /** QEMU's command line. */
    List<String> command(Path agentSocket, Path console) {
        List<String> command = new ArrayList<>();
        command.add(qemu.toString());
        command.addAll(List.of("-nodefaults", "-no-user-config", "-display", "none"));
        command.addAll(List.of("-M", "q35", "-accel", "tcg,thread=multi", "-cpu", "max"));
        command.addAll(List.of("-smp", String.valueOf(cpus)));
        if (memoryMiB > 0) {
            addMemory(command);
        }
        command.addAll(List.of("-kernel", kernel.toString()));
        command.addAll(List.of("-initrd", initrd.toString()));
        command.addAll(List.of("-append", kernelArguments + (shell ? " jvirtiofsd.shell" : "")));
        command.addAll(List.of("-serial", shell ? "mon:stdio" : "file:" + console));
        command.addAll(
                List.of(
                        "-drive",
                        "file=" + kit.rootImage() + ",format=raw,if=virtio,readonly=on",
                        "-device",
                        "virtio-serial-pci",
                        "-chardev",
                        "socket,id=agent,path=" + agentSocket,
                        "-device",
                        "virtserialport,chardev=agent,name=org.jvirtiofsd.agent"));
        command.addAll(devices);
        return command;
    }

    private void addMemory(List<String> command) {
        command.addAll(List.of("-m", memoryMiB + "M"));
        int regions = twoRegions ? 2 : 1;
        for (int i = 0; i < regions; i++) {
            String size = memoryMiB / regions + "M";
            command.addAll(
                    List.of(
                            "-object",
                            "memory-backend-memfd,share=on,id=mem" + i + ",size=" + size,
                            "-numa",
                            "node,memdev=mem" + i + (i == 0 ? ",cpus=0-" + (cpus - 1) : "")));
        }
    }
}
