package io.jvirtiofsd.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.linux.Scratch;
import io.jvirtiofsd.linux.Syscalls;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.UserDefinedFileAttributeView;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The programs by which file systems are tested and filled, as root and as a user without rights.
 * One guest with three shares, mounted anew for each test.
 *
 * <p>{@code -Djvirtiofsd.workloads=20} makes twenty times as much, with 20,000 files, all of git's
 * tests that are named here, and bonnie++'s small files as root, too.
 */
class WorkloadsIT {
    private static final int AMOUNT = Integer.getInteger("jvirtiofsd.workloads", 1);
    private static final Duration LONG = Duration.ofMinutes(5L + 10L * AMOUNT);
    private static final int LARGEST_VALUE = 65_536; // XATTR_SIZE_MAX, linux/limits.h
    private static final int STRESS_SECONDS = AMOUNT == 1 ? 1 : 2 * AMOUNT;
    private static final int STRESS_LIMIT_SECONDS = 240 + 10 * AMOUNT;
    private static final int FILES = AMOUNT == 1 ? 300 : Math.min(1_000 * AMOUNT, 20_000);
    private static final int NAMES = AMOUNT == 1 ? 30 : 100 * Math.min(AMOUNT, 10);

    /** Those of stress-ng that work on files; each line runs at once. */
    private static final List<String> STRESSORS =
            List.of(
                    "access acl aio aiol chattr chdir chmod chown copy-file dentry dentrycache dir",
                    "dirdeep dirmany dnotify dup fallocate fanotify fcntl fd-fork fiemap",
                    "file-ioctl filehole filename filerace flock fpunch fsize fstat getdent handle"
                            + " hdd",
                    "inode-flags inotify io-uring iomix ioprio lease locka lockf lockmix",
                    "lockofd metamix mknod mmap mmapcow mmapfork msync open pseek readahead rename",
                    "revio seek sendfile splice statmount sync-file touch umask unlink utime",
                    "verity xattr io");

    /** These remove 8192 names at their end, whether they have made them or not. */
    private static final String SLOW_STRESSORS = "link symlink";

    private static final List<String> GIT_TESTS =
            List.of("t3000-ls-files-others", "t2003-checkout-cache-mkdir");
    private static final List<String> MORE_GIT_TESTS =
            List.of(
                    "t0001-init",
                    "t0005-signals",
                    "t1002-read-tree-m-u-2way",
                    "t1300-config",
                    "t1400-update-ref",
                    "t2200-add-update",
                    "t3200-branch",
                    "t3400-rebase",
                    "t3600-rm",
                    "t3700-add",
                    "t4001-diff-rename",
                    "t5000-tar-tree",
                    "t5304-prune",
                    "t7001-mv",
                    "t7300-clean",
                    "t7500-commit-template-squash-signoff");

    @TempDir static Path folder;

    /** Of a file system whose attributes may have 64 KiB. */
    @TempDir(factory = MemoryFolder.class)
    static Path memory;

    private static ShareRig plain;
    private static ShareRig mapped;
    private static ShareRig large;
    private static Guest guest;

    @BeforeAll
    static void boot() throws IOException {
        plain = new ShareRig(folder, "plain", "--posix-acl");
        mapped = new ShareRig(folder, "mapped", "--xattrmap=:map::user.virtiofs.:");
        large = new ShareRig(memory, "large", "--posix-acl");
        guest =
                new GuestBuilder(GuestKit.get(), folder)
                        .memoryMiB(1024)
                        .fsDevice(plain.socket(), "plain", 2, 256)
                        .fsDevice(mapped.socket(), "mapped", 2, 256)
                        .fsDevice(large.socket(), "large", 1, 128)
                        .boot();
    }

    @AfterAll
    static void end() {
        if (guest != null) {
            guest.close();
        }
        Stream.of(plain, mapped, large).filter(Objects::nonNull).forEach(ShareRig::close);
    }

    /** Mounts the share of {@code rig} and makes a folder of {@code who}'s there. */
    private static String mount(ShareRig rig, String who) {
        guest.check("mount -t virtiofs " + rig.socket().getFileName() + " /mnt");
        rig.mounted();
        guest.check("mkdir /mnt/" + who + "; chmod 755 /mnt/" + who);
        if (!who.equals("root")) {
            guest.check("chown user:user /mnt/" + who);
        }
        return "/mnt/" + who;
    }

    private static void unmount(ShareRig rig, String who) {
        guest.check("rm -rf /mnt/" + who + "; umount /mnt", LONG);
        rig.assertIdle();
        rig.assertSmall();
    }

    /** A failed test leaves its mount to nobody. */
    @AfterEach
    void unmountAnyway() {
        guest.check("! mountpoint -q /mnt || umount -l /mnt");
    }

    /** Runs a script of the test resources as {@code who}; its output. */
    private static String run(String who, String name, String... arguments) {
        String output = guest.check(ShareRig.as(who, ShareRig.script(name, arguments)), LONG);
        if (!output.isEmpty()) {
            System.out.printf("%s as %s: %s%n", name, who, output);
        }
        return output;
    }

    @ParameterizedTest
    @ValueSource(strings = {"root", "user"})
    void stressorsFindNothingWrong(String who) throws Exception {
        List<String> groups = new ArrayList<>(STRESSORS);
        if (AMOUNT > 1) {
            groups.add(SLOW_STRESSORS);
        }
        Set<String> skipped = new TreeSet<>();
        for (String group : groups) {
            // Mounted anew: iomix makes mapped files immutable, which loses stores
            // (docs/semantics.md), and the mount's next syncfs(2) fails with that.
            String said =
                    run(
                            who,
                            "stressors.sh",
                            mount(plain, who),
                            String.valueOf(STRESS_SECONDS),
                            String.valueOf(STRESS_LIMIT_SECONDS),
                            group);
            skipped.addAll(said.lines().filter(line -> !line.isBlank()).toList());
            unmount(plain, who);
        }
        Set<String> expected = new TreeSet<>(Set.of("fiemap", "verity"));
        if (!who.equals("root")) {
            expected.add("fanotify");
        }
        assertEquals(expected, skipped);
    }

    @ParameterizedTest
    @ValueSource(strings = {"root", "user"})
    void dbenchAndBonnieReadWhatTheyWrote(String who) throws Exception {
        String files = mount(plain, who);
        int thousands = AMOUNT > 1 || who.equals("user") ? 1 : 0;
        run(who, "tools.sh", files, "" + 3 * AMOUNT, "" + 8 * AMOUNT, "" + thousands);
        unmount(plain, who);
    }

    @ParameterizedTest
    @ValueSource(strings = {"root", "user"})
    void gitsOwnTestsPass(String who) throws Exception {
        String files = mount(plain, who);
        List<String> arguments = new ArrayList<>(List.of(files));
        if (AMOUNT > 1) {
            arguments.addAll(GIT_TESTS);
            arguments.addAll(MORE_GIT_TESTS);
        } else {
            arguments.add(GIT_TESTS.get(who.equals("root") ? 0 : 1));
        }
        run(who, "git-tests.sh", arguments.toArray(String[]::new));
        unmount(plain, who);
    }

    @ParameterizedTest
    @ValueSource(strings = {"root", "user"})
    void packagesAreUnpackedAndRemoved(String who) throws Exception {
        String files = mount(plain, who);
        Path tree = PackageTree.make(folder.resolve("tree-" + who), FILES);
        Path archives = Files.createDirectory(plain.share().resolve("archives-" + who));
        PackageTree.pack(tree, archives);
        run(who, "unpack.sh", "unpack", files, "/mnt/" + archives.getFileName());

        boolean root = who.equals("root");
        if (!root) { // who unpacks it owns it
            ShareRig.onHost("chown -hR %1$d:%1$d %2$s".formatted(ShareRig.USER, tree));
        }
        String expected = ShareRig.onHost(ShareRig.script("checksums.sh", tree.toString()));
        for (String part : root ? List.of("tar/usr", "root/usr") : List.of("tar/usr")) {
            plain.assertSameOnBothSides(guest, "/mnt", who + "/" + part, LONG);
            Path unpacked = plain.share().resolve(who).resolve(part);
            assertEquals(
                    expected,
                    ShareRig.onHost(ShareRig.script("checksums.sh", unpacked.toString())),
                    part);
        }
        run(who, "unpack.sh", "remove", files);
        ShareRig.onHost("rm -r " + archives);
        unmount(plain, who);
    }

    @ParameterizedTest
    @ValueSource(strings = {"root", "user"})
    void attributesAndListsMakeTheRoundTrip(String who) throws Exception {
        String files = mount(large, who);
        run(who, "round-trip.sh", files, String.valueOf(NAMES));
        UserDefinedFileAttributeView attributes =
                Files.getFileAttributeView(
                        large.share().resolve(who).resolve("tree/a name with spaces"),
                        UserDefinedFileAttributeView.class);
        ByteBuffer value = ByteBuffer.allocate(LARGEST_VALUE);
        assertEquals(LARGEST_VALUE, attributes.read("size", value));
        assertEquals(
                HexFormat.of()
                        .formatHex(MessageDigest.getInstance("SHA-256").digest(value.array())),
                guest.check(
                        "cd %s/tree; getfattr --only-values -n user.size 'a name with spaces'"
                                        .formatted(files)
                                + " | sha256sum | cut -d ' ' -f 1"));
        String access = "system.posix_acl_access";
        String inherited = "system.posix_acl_default";
        assertSameOnBothSides(who + "/tree/f", access);
        assertSameOnBothSides(who + "/tree/default", inherited);
        assertSameOnBothSides(who + "/tree/default/inner", inherited);
        assertSameOnBothSides(who + "/tree/default/inner/file", access);
        unmount(large, who);
    }

    /** The attribute {@code name} of {@code file} has the same bytes on both sides. */
    private static void assertSameOnBothSides(String file, String name) {
        byte[] path = large.share().resolve(file).toString().getBytes(StandardCharsets.UTF_8);
        byte[] attribute = name.getBytes(StandardCharsets.US_ASCII);
        Scratch scratch = Scratch.get();
        NativeMemory value = scratch.large();
        long size =
                Syscalls.load()
                        .getxattr(
                                scratch.path(path, 0, path.length),
                                scratch.path2(attribute, 0, attribute.length),
                                value.address(),
                                value.size());
        assertTrue(size > 0, file + ": " + size);
        byte[] bytes = new byte[(int) size];
        value.get(0, bytes, 0, bytes.length);
        assertEquals(
                name + "=0x" + HexFormat.of().formatHex(bytes),
                guest.check("cd /mnt; getfattr -e hex -n %s %s | grep =".formatted(name, file)),
                file);
    }

    @Test
    void overlaysOfTheShareAreWhatOverlaysAre() throws Exception {
        mount(mapped, "root");
        String options = "redirect_dir=on,metacopy=on";
        for (String option : AMOUNT > 1 ? List.of(options, "userxattr") : List.of(options)) {
            String expected = overlay("/dev/shm/lower", "/dev/shm/upper", option);
            assertTrue(expected.lines().count() > 100, expected);
            for (String[] trees :
                    new String[][] {
                        {"/mnt/root/lower", "/dev/shm/upper"},
                        {"/dev/shm/lower", "/mnt/root/upper"},
                        {"/mnt/root/lower", "/mnt/root/upper"}
                    }) {
                assertEquals(expected, overlay(trees[0], trees[1], option), Arrays.toString(trees));
            }
        }
        assertEquals("", guest.check("dmesg | grep '] overlayfs:' || true"));
        unmount(mapped, "root");
    }

    private static String overlay(String lower, String upper, String options) {
        return guest.check(ShareRig.script("overlay.sh", lower, upper, options), LONG);
    }
}
