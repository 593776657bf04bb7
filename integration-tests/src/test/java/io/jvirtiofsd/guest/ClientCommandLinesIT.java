package io.jvirtiofsd.guest;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.jvirtiofsd.fake.FuseClient;
import io.jvirtiofsd.fake.FuseRig;
import io.jvirtiofsd.linux.Fcntl;
import io.jvirtiofsd.linux.Syscalls;
import io.jvirtiofsd.vhost.FakeFrontend;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The command lines by which published programs start virtiofsd, given to our launcher under that
 * name: each starts, serves a front-end and ends with it, or is refused in one line if it asks for
 * what there is not.
 *
 * <p>Sources: what was seen of libvirt 12.8, systemd-vmspawn 262, virtme-ng 1.41 and mkosi 27.1
 * from Debian's packages; the source code of the others.
 */
class ClientCommandLinesIT {
    private static final byte[] WRITTEN = "by the guest".getBytes(StandardCharsets.US_ASCII);
    private static final long FOR_ACL = // DONT_MASK, POSIX_ACL, SETXATTR_EXT of fuse.h
            1 << 6 | 1 << 20 | 1 << 29; // since --posix-acl refuses guests without
    private static final int EROFS = 30;
    private static final long MKNOD = 1L << 27; // linux/capability.h

    @TempDir private static Path programs;

    @TempDir private Path folder;
    private Path share;
    private Path socket;

    @BeforeAll
    static void install() throws IOException {
        assumeTrue(Syscalls.load().geteuid() == 0, "some give capabilities away: only for root");
        NativePrograms.build(programs, "listen");
        Files.createSymbolicLink(programs.resolve("virtiofsd"), Daemon.launcher());
    }

    @AfterAll
    static void removeLink() throws IOException {
        Files.deleteIfExists(programs.resolve("virtiofsd"));
    }

    @BeforeEach
    void prepare() throws IOException {
        share = Files.createDirectory(folder.resolve("share"));
        socket = folder.resolve("socket");
        Files.writeString(share.resolve("file"), "by the host!");
    }

    /** As the starter does from "/", but with our programs and folders. */
    private List<String> command(String line) {
        Stream<String> words =
                Stream.of(line.split(" +"))
                        .map(
                                word ->
                                        word.matches("listen|virtiofsd")
                                                ? programs.resolve(word).toString()
                                                : word.replace("SHARE", share.toString())
                                                        .replace("SOCKET", socket.toString()));
        return Stream.concat(Stream.of("env", "-C", "/"), words).toList();
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
                    libvirt              | listen SOCKET 32 virtiofsd --fd=32 --shared-dir SHARE
                    libvirt, all         | listen SOCKET 32 virtiofsd --fd=32 --shared-dir SHARE --cache never --xattr --thread-pool-size=4 --rlimit-nofile=4096 --log-level debug
                    libvirt, readonly    | listen SOCKET 32 virtiofsd --fd=32 --shared-dir SHARE --cache always --readonly
                    libvirt of old       | listen SOCKET 32 virtiofsd --fd=32 -o source=SHARE,cache=none,xattr,no_flock,no_posix_lock --thread-pool-size=4 --rlimit-nofile=8192 -d
                    libvirt of old, ro   | listen SOCKET 32 virtiofsd --fd=32 -o source=SHARE,cache=always,no_xattr,flock,posix_lock --readonly
                    systemd-vmspawn -D   | listen SOCKET 9 virtiofsd --shared-dir SHARE --xattr --fd 9 --no-announce-submounts --log-level=error --modcaps=-mknod --translate-uid map:0:0:65536 --translate-gid map:0:0:65536
                    systemd-vmspawn      | listen SOCKET 11 virtiofsd --shared-dir SHARE --xattr --fd 11 --no-announce-submounts --log-level=error --modcaps=-mknod
                    virtme-ng            | virtiofsd --syslog --no-announce-submounts --posix-acl --socket-path SOCKET --shared-dir SHARE --sandbox none -o cache=always
                    virtme-ng, newer     | virtiofsd --syslog --no-announce-submounts --socket-path SOCKET --shared-dir SHARE --sandbox none --cache auto --readonly
                    podman machine       | env -C SHARE RUST_LOG=ERROR virtiofsd --sandbox none --socket-path SOCKET --shared-dir . --seccomp=none
                    coreos-assembler     | env -C SHARE RUST_LOG=ERROR virtiofsd --sandbox none --socket-path SOCKET --shared-dir . --modcaps=-mknod:-setfcap --seccomp=none
                    image-builder        | virtiofsd --sandbox=none --seccomp=none --modcaps=-mknod:-setfcap --socket-path SOCKET --shared-dir SHARE
                    microvm.nix          | virtiofsd --socket-path=SOCKET --socket-group=daemon --shared-dir=SHARE --rlimit-nofile 4096 --thread-pool-size 4 --posix-acl --xattr --inode-file-handles=prefer
                    microvm.nix, squash  | virtiofsd --socket-path=SOCKET --socket-group=daemon --shared-dir=SHARE --thread-pool-size 4 --xattr --translate-uid squash-guest:0:1000:4294967295 --translate-gid squash-guest:0:1000:4294967295 --modcaps=-mknod:-setfcap
                    Proxmox VE           | listen SOCKET 13 virtiofsd --fd=13 --shared-dir=SHARE --announce-submounts --syslog
                    Proxmox VE, all      | listen SOCKET 13 virtiofsd --fd=13 --shared-dir=SHARE --xattr --posix-acl --announce-submounts --allow-direct-io --cache=metadata --writeback --syslog
                    Incus                | listen SOCKET 3 virtiofsd --fd=3 --cache=never --shared-dir=SHARE --posix-acl=auto
                    Incus, shifted       | listen SOCKET 3 virtiofsd --fd=3 --cache=metadata --shared-dir=SHARE --translate-uid=map:0:1000000:1000000000 --translate-uid=forbid-guest:0:0 --translate-gid=map:0:1000000:1000000000 --translate-gid=forbid-guest:0:0 --translate-uid=forbid-guest:1000000000:3294967295 --translate-gid=forbid-guest:1000000000:3294967295
                    Kata 3               | listen SOCKET 3 virtiofsd --syslog --cache=auto --shared-dir=SHARE --fd=3 --inode-file-handles=prefer --thread-pool-size=1 --announce-submounts
                    Kata 3, told twice   | listen SOCKET 3 virtiofsd --syslog --cache=auto --shared-dir=SHARE --fd=3 --thread-pool-size=1 --announce-submounts --sandbox=none --seccomp=none --cache=always --thread-pool-size=4
                    Kata 2               | listen SOCKET 3 virtiofsd --syslog --cache=auto --shared-dir=SHARE --fd=3 --thread-pool-size=1 -o announce_submounts
                    Kata 1               | listen SOCKET 3 virtiofsd --syslog -o cache=auto -o no_posix_lock -o source=SHARE --fd=3 -f
                    KubeVirt             | env -i virtiofsd --socket-path SOCKET --shared-dir SHARE --cache auto --sandbox none --modcaps=-mknod --xattr
                    KubeVirt, newer      | env -i virtiofsd --socket-path SOCKET --shared-dir SHARE --cache auto --sandbox chroot --modcaps=+dac_read_search:-mknod --inode-file-handles=prefer --migration-mode=file-handles --migration-on-error=guest-error --translate-uid=squash-guest:0:107:4294967295 --translate-gid=squash-guest:0:107:4294967295 --xattr
                    cloud-hypervisor     | virtiofsd --socket-path=SOCKET --shared-dir=SHARE --cache=always --thread-pool-size=1 --announce-submounts --migration-mode find-paths --sandbox=none
                    libvirt <sandbox>    | listen SOCKET 32 virtiofsd --fd=32 --shared-dir SHARE --sandbox namespace
                    libvirt of old, box  | listen SOCKET 32 virtiofsd --fd=32 -o source=SHARE,sandbox=chroot
                    mkosi                | listen SOCKET 6 virtiofsd --shared-dir SHARE --xattr --no-announce-submounts --sandbox=chroot --inode-file-handles=prefer --log-level=error --modcaps=-mknod --fd 6
                    a script             | virtiofsd --socket-path=SOCKET --shared-dir=SHARE --seccomp=kill
                    virtio-fs howto      | virtiofsd --socket-path=SOCKET -o source=SHARE -o cache=always
                    """)
    void startsAndServes(String client, String line) throws IOException {
        boolean named = !line.contains("listen ");
        try (Daemon daemon = Daemon.startAs(command(line), socket)) {
            assertDoesNotThrow(() -> use(daemon, line), daemon::log);
            assertEquals(OptionalInt.of(0), daemon.awaitEnd(), daemon::log);
            assertEquals(List.of(), daemon.complaints());
        }
        assertEquals(!named, Files.exists(socket), "only its own socket goes with the daemon");
        assertFalse(Files.exists(pidFile()));
    }

    private void use(Daemon daemon, String line) throws IOException {
        try (FakeFrontend frontend = FakeFrontend.started(socket, FakeFrontend.FEATURES)) {
            FuseClient fuse = new FuseClient(frontend, 1);
            fuse.init(FOR_ACL);
            long node = fuse.lookup(FuseClient.ROOT, "file").nodeId();
            long fh = fuse.open(node, Fcntl.O_RDONLY);
            assertEquals(
                    "by the host!",
                    new String(fuse.read(node, fh, 0, 64), StandardCharsets.US_ASCII));
            if (line.contains("--readonly")) {
                FuseRig.assertErrno(EROFS, () -> fuse.open(node, Fcntl.O_RDWR));
            } else {
                fuse.write(node, fuse.open(node, Fcntl.O_RDWR), 0, WRITTEN);
                assertEquals("by the guest", Files.readString(share.resolve("file")));
            }
            if (line.contains("-mknod")) {
                assertEquals(0, MKNOD & capabilities(daemon), "CAP_MKNOD is still there");
            }
            if (line.contains("--socket-path")) {
                assertEquals(daemon.pid(), Long.parseLong(Files.readString(pidFile()).trim()));
            } else {
                assertFalse(Files.exists(pidFile()));
            }
        }
    }

    /** Beside the socket, if the daemon has made it. */
    private Path pidFile() {
        return socket.resolveSibling(socket.getFileName() + ".pid");
    }

    /** All that any thread of the daemon has or may come to have. */
    private static long capabilities(Daemon daemon) throws IOException {
        long all = 0;
        try (Stream<Path> threads = Files.list(Path.of("/proc/" + daemon.servingPid() + "/task"))) {
            for (Path thread : threads.toList()) {
                for (String set : Files.readAllLines(thread.resolve("status"))) {
                    if (set.startsWith("Cap")) { // proc(5): CapInh, CapPrm, CapEff, CapBnd, CapAmb
                        all |= Long.parseUnsignedLong(set.substring(7).trim(), 16);
                    }
                }
            }
        }
        return all;
    }
}
