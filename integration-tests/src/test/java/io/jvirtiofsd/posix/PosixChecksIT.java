package io.jvirtiofsd.posix;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.jvirtiofsd.guest.Daemon;
import io.jvirtiofsd.guest.Guest;
import io.jvirtiofsd.guest.GuestBuilder;
import io.jvirtiofsd.guest.GuestKit;
import io.jvirtiofsd.guest.NativePrograms;
import io.jvirtiofsd.guest.OrdinaryUser;
import io.jvirtiofsd.linux.Syscalls;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The checks of {@link PosixChecksTest}, and more, by a program in a guest and by the same program
 * on the host: what differs is a row of docs/semantics.md, and every row differs.
 */
class PosixChecksIT {
    @TempDir Path folder;

    private Path program;
    private Daemon plain;
    private Daemon uncached;
    private Daemon complete;
    private Daemon mapped;
    private Daemon unprivileged;

    @BeforeEach
    void start() throws Exception {
        assumeTrue(Syscalls.load().geteuid() == 0, "owners are for root");
        assumeTrue(OrdinaryUser.mayUnshare(), "users have no namespaces here");
        program = NativePrograms.build(folder, "calls");
        plain = daemon("plain");
        uncached = daemon("uncached", "--cache=never");
        complete = daemon("complete", "--posix-acl=always");
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxrwxrwx"));
        Path share = folder.resolve("share-unprivileged");
        UnprivilegedScenario.prepare(share);
        String user = UnprivilegedDaemonIT.AS_USER;
        mapped = mapped("mapped");
        unprivileged =
                Daemon.startUnder(user, share, folder.resolve("unprivileged"), "--cache=never");
    }

    private List<Daemon> daemons() {
        return Stream.of(plain, uncached, complete, mapped, unprivileged)
                .filter(Objects::nonNull)
                .toList();
    }

    private Daemon daemon(String name, String... options) throws Exception {
        Path share = Files.createDirectory(folder.resolve("share-" + name));
        return Daemon.start(share, folder.resolve(name), options);
    }

    /** An ordinary user's, who has ids for his guest's users. */
    private Daemon mapped(String name) throws Exception {
        Path share = Files.createDirectory(folder.resolve("share-" + name));
        Files.setAttribute(share, "unix:uid", OrdinaryUser.ID);
        Files.setAttribute(share, "unix:gid", OrdinaryUser.ID);
        List<String> options = new ArrayList<>(List.of(OrdinaryUser.MAPS));
        options.add("--posix-acl=always");
        return Daemon.startUnder(
                OrdinaryUser.withRange(folder),
                share,
                folder.resolve(name),
                options.toArray(String[]::new));
    }

    @AfterEach
    void end() {
        daemons().forEach(Daemon::close);
    }

    private interface Run<T> {
        T of(LinuxPosix tree) throws Exception;
    }

    private Map<String, String> onTheHost() throws Exception {
        Path control = Files.createDirectory(folder.resolve("control-root"));
        try (SystemCalls calls = SystemCalls.start(program, control)) {
            return Checks.runAll(new LinuxPosix(calls));
        }
    }

    private static <T> T inTheGuest(Guest guest, SystemCalls.Port port, Daemon daemon, Run<T> run)
            throws Exception {
        String tag = daemon.socket().getFileName().toString();
        guest.check("mount -t virtiofs " + tag + " /mnt");
        int idle = daemon.openDescriptors();
        T outcome;
        try (SystemCalls calls = port.start(guest, "/tmp/calls", "/mnt")) {
            outcome = run.of(new LinuxPosix(calls));
        }
        guest.check("umount /mnt");
        assertEquals(List.of(), daemon.complaints());
        assertTrue(daemon.awaitDescriptors(idle), () -> daemon.openDescriptors() + " open");
        return outcome;
    }

    @Test
    void whatDiffersFromTheHostIsWrittenDown() throws Exception {
        GuestBuilder builder = new GuestBuilder(GuestKit.get(), folder);
        for (Daemon daemon : daemons()) {
            Path socket = daemon.socket();
            builder.fsDevice(socket, socket.getFileName().toString(), 1, 128);
        }
        Map<String, String> host = onTheHost();
        try (SystemCalls.Port port = new SystemCalls.Port(builder, folder.resolve("calls.socket"));
                Guest guest = builder.boot()) {
            Files.copy(program, folder.resolve("share-plain/calls"));
            guest.check("mount -t virtiofs plain /mnt; mv /mnt/calls /tmp; umount /mnt");
            assertEquals(
                    Checks.documented("## Checks that differ in a guest"),
                    Checks.different(
                            List.of(
                                    host,
                                    inTheGuest(guest, port, plain, Checks::runByKernel),
                                    inTheGuest(guest, port, uncached, Checks::runByKernel),
                                    inTheGuest(guest, port, complete, Checks::runAll),
                                    inTheGuest(guest, port, mapped, Checks::runAll))));
            assertEquals(
                    UnprivilegedDaemonIT.control(program, folder.resolve("control-user")),
                    inTheGuest(guest, port, unprivileged, UnprivilegedScenario::run));
        }
    }
}
