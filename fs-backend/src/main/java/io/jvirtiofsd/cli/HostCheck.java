package io.jvirtiofsd.cli;

import io.jvirtiofsd.linux.LinuxException;
import io.jvirtiofsd.linux.OpenFileLimit;
import io.jvirtiofsd.linux.SeccompFilter;
import io.jvirtiofsd.linux.Syscalls;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** What this machine and this user have of what the daemon can use. <i>Stateless.</i> */
final class HostCheck {
    private static final int BEST_JDK = 25;
    private static final int GUARDING_MAJOR = 6; // Linux 6.14 has FAN_PRE_ACCESS
    private static final int GUARDING_MINOR = 14;
    private static final long FEW_DESCRIPTORS = 65_536;
    private static final long LIMIT_SECONDS = 20;
    private static final List<String> OF_UTIL_LINUX =
            List.of("unshare", "mount", "umount", "pivot_root", "setpriv", "nsenter");
    private static final List<String> QEMUS =
            List.of("qemu-system-x86_64", "qemu-system-aarch64", "qemu-kvm", "kvm");

    private final Syscalls syscalls;
    private final List<Path> folders;

    /**
     * @param folders where programs are looked for
     */
    HostCheck(Syscalls syscalls, List<Path> folders) {
        this.syscalls = syscalls;
        this.folders = folders;
    }

    /**
     * Looks for programs where {@code path}, as in the environment, says, and where root has more.
     */
    static HostCheck in(Syscalls syscalls, String path) {
        List<Path> folders = new ArrayList<>();
        for (String folder : (path + ":/usr/sbin:/sbin:/usr/libexec").split(":")) {
            if (!folder.isEmpty()) {
                folders.add(Path.of(folder));
            }
        }
        return new HostCheck(syscalls, folders);
    }

    List<Finding> findings() {
        List<Finding> all = new ArrayList<>();
        boolean root = syscalls.geteuid() == 0;
        all.add(jvm(Runtime.version().feature()));
        all.add(kernel(System.getProperty("os.version")));
        all.add(descriptors(OpenFileLimit.most(syscalls)));
        all.add(sandbox());
        all.add(seccomp());
        if (!root) {
            all.add(users());
            all.add(landlock(Path.of("/sys/kernel/security/lsm")));
        }
        all.add(
                Files.isWritable(Path.of("/dev/kvm"))
                        ? Finding.ok("KVM", "/dev/kvm")
                        : Finding.less("KVM", "/dev/kvm cannot be used: guests are emulated"));
        all.addAll(qemus());
        return all;
    }

    static Finding jvm(int version) {
        String home = "Java " + version + ", " + System.getProperty("java.home");
        return version >= BEST_JDK
                ? Finding.ok("JVM", home)
                : Finding.less("JVM", home + ": 25 starts three times as fast");
    }

    /**
     * @param release as uname(2) has it, such as 6.12.3-amd64
     */
    static Finding kernel(String release) {
        String[] numbers = release.split("[^0-9]+");
        int major = Integer.parseInt(numbers[0]);
        int minor = numbers.length > 1 ? Integer.parseInt(numbers[1]) : 0;
        boolean guards =
                major > GUARDING_MAJOR || major == GUARDING_MAJOR && minor >= GUARDING_MINOR;
        return guards
                ? Finding.ok("kernel", "Linux " + release)
                : Finding.less(
                        "kernel",
                        "Linux "
                                + release
                                + ": before 6.14 the DAX guard sees open(2) with O_TRUNC only");
    }

    static Finding descriptors(long most) {
        return most >= FEW_DESCRIPTORS
                ? Finding.ok("descriptors", "up to " + most)
                : Finding.less(
                        "descriptors", "only " + most + ": raise the hard limit (ulimit -Hn)");
    }

    private Finding sandbox() {
        List<String> missing = new ArrayList<>(OF_UTIL_LINUX);
        missing.removeIf(name -> find(name) != null);
        return missing.isEmpty()
                ? Finding.ok("sandbox", "util-linux")
                : Finding.less(
                        "sandbox",
                        "no "
                                + String.join(", ", missing)
                                + ": install util-linux, and what Debian has as util-linux-extra");
    }

    private static Finding seccomp() {
        try {
            SeccompFilter.begin(SeccompFilter.Action.ALLOW).close();
            return Finding.ok("system calls", "filtered by libseccomp");
        } catch (LinkageError | LinuxException e) {
            return Finding.less(
                    "system calls",
                    "not filtered, there is no libseccomp.so.2: install libseccomp2");
        }
    }

    /** Whether guests of an ordinary user can have more than his own id. */
    private Finding users() {
        String user = System.getProperty("user.name");
        long number = syscalls.geteuid() & 0xffff_ffffL;
        if (find("newuidmap") == null || find("newgidmap") == null) {
            return Finding.less(
                    "guests' users", "no newuidmap: --uid-map needs it, install uidmap");
        }
        for (String file : List.of("/etc/subuid", "/etc/subgid")) {
            if (!hasLine(Path.of(file), user + ":") && !hasLine(Path.of(file), number + ":")) {
                return Finding.less(
                        "guests' users",
                        "%s has no line for %s: usermod --add-subuids, --add-subgids"
                                .formatted(file, user));
            }
        }
        return Finding.ok("guests' users", "--uid-map and --gid-map can have those of /etc/subuid");
    }

    private static boolean hasLine(Path file, String start) {
        return read(file).lines().anyMatch(line -> line.startsWith(start));
    }

    static Finding landlock(Path modules) {
        return read(modules).contains("landlock")
                ? Finding.ok("Landlock", "keeps the daemon to the share")
                : Finding.less(
                        "Landlock", "not in " + modules + ": --sandbox=namespace does as much");
    }

    private static String read(Path file) {
        try {
            return Files.readString(file, StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            return "";
        }
    }

    private List<Finding> qemus() {
        List<Finding> all = new ArrayList<>();
        for (String name : QEMUS) {
            Path program = find(name);
            if (program != null) {
                all.add(qemu(program));
            }
        }
        if (all.isEmpty()) {
            all.add(Finding.less("QEMU", "none in the PATH"));
        }
        return all;
    }

    private static Finding qemu(Path program) {
        String version = output(program, "--version").lines().findFirst().orElse("does not run");
        String devices = output(program, "-machine", "none", "-device", "help");
        String said = program + ": " + version;
        if (!devices.contains("\"vhost-user-fs-pci\"")) {
            return Finding.less("QEMU", said + ", which has no vhost-user-fs-pci");
        }
        return devices.contains("\"vhost-user-test-device-pci\"")
                ? Finding.ok("QEMU", said)
                : Finding.less("QEMU", said + ", which has no DAX window: 11.1 has");
    }

    /** What a program prints; empty if it cannot be run. */
    private static String output(Path program, String... arguments) {
        List<String> command = new ArrayList<>(List.of(program.toString()));
        command.addAll(List.of(arguments));
        try {
            Process process =
                    new ProcessBuilder(command)
                            .redirectError(ProcessBuilder.Redirect.DISCARD)
                            .start();
            process.getOutputStream().close();
            String text =
                    new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (!process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
            return text;
        } catch (IOException e) {
            return "";
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return "";
        }
    }

    /** The first program of that name, or null. */
    private Path find(String name) {
        for (Path folder : folders) {
            Path program = folder.resolve(name);
            if (Files.isExecutable(program) && !Files.isDirectory(program)) {
                return program;
            }
        }
        return null;
    }
}
