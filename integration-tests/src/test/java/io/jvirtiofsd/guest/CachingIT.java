package io.jvirtiofsd.guest;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What a real guest keeps under each policy and option, and for how long. One guest, with a share
 * for each policy and one that writes back.
 */
class CachingIT {
    private static final Duration LIMIT = Duration.ofMinutes(2);
    private static final int KEPT = Integer.MAX_VALUE;
    private static final int TENTHS = 25;
    private static final String LONGER_THAN_AUTO = "sleep 1.2";
    private static final int SECOND = 20; // with all that a guest without KVM needs besides

    @TempDir static Path folder;

    private static final Map<String, ShareRig> SHARES = new LinkedHashMap<>();
    private static Guest guest;

    @BeforeAll
    static void boot() throws IOException {
        share("never", "--cache=never", "--allow-mmap", "--allow-direct-io");
        share("auto", "--negative-timeout=2", "--killpriv-v2", "--xattr");
        share("metadata", "--cache=metadata");
        share("always", "--cache=always");
        share("back", "--writeback", "--allow-direct-io");
        GuestBuilder machine = new GuestBuilder(GuestKit.get(), folder);
        SHARES.forEach((tag, rig) -> machine.fsDevice(rig.socket(), tag, 1, 128));
        guest = machine.boot();
        SHARES.keySet()
                .forEach(
                        tag ->
                                guest.check(
                                        "mkdir -p /%1$s; mount -t virtiofs %1$s /%1$s"
                                                .formatted(tag)));
    }

    private static void share(String name, String... options) throws IOException {
        SHARES.put(name, new ShareRig(folder, name, options));
    }

    @AfterAll
    static void end() {
        if (guest != null) {
            guest.close();
        }
        SHARES.values().forEach(ShareRig::close);
    }

    private static Path share(String name) {
        return SHARES.get(name).share();
    }

    private static String program(String what, String share) {
        return ShareRig.python("caching.py", what, "/" + share);
    }

    /** Files that the guest then knows all about; reading makes it ask for the time of access. */
    private static void known(String policy) throws IOException {
        Path share = share(policy);
        for (String name : new String[] {"content", "longer", "gone", "mode"}) {
            Files.writeString(share.resolve(name), "old");
        }
        ShareRig.onHost("chmod 600 " + share + "/mode");
        Files.createFile(Files.createDirectory(share.resolve("dir")).resolve("a"));
        Files.createSymbolicLink(share.resolve("link"), Path.of("old"));
        String look = "cat content longer; stat gone mode; ls dir; readlink link; ! cat made";
        guest.check("cd /%s; %s; %s".formatted(policy, look, look));
    }

    private static void change(String policy) throws IOException {
        Path share = share(policy);
        Files.writeString(share.resolve("content"), "new");
        Files.writeString(share.resolve("longer"), "longer than before\n");
        ShareRig.onHost("chmod 640 " + share + "/mode");
        Files.delete(share.resolve("gone"));
        Files.createFile(share.resolve("made"));
        Files.createFile(share.resolve("dir/b"));
        Files.delete(share.resolve("link"));
        Files.createSymbolicLink(share.resolve("link"), Path.of("new"));
    }

    /** How many tenths of a second passed until each change was seen. */
    private static Map<String, Integer> seen(String policy, int most) {
        String said = guest.check(ShareRig.script("seen.sh", "/" + policy, "" + most), LIMIT);
        Map<String, Integer> tenths = new LinkedHashMap<>();
        for (String line : said.split("\n")) {
            String[] words = line.split(" ");
            tenths.put(words[0], words[1].equals("kept") ? KEPT : Integer.parseInt(words[1]));
        }
        assertEquals(8, tenths.size(), said);
        return tenths;
    }

    private static void assertSeenWithin(int most, Map<String, Integer> tenths, String... names) {
        for (String name : names) {
            assertTrue(tenths.get(name) <= most, () -> name + " in " + tenths);
        }
    }

    private static void assertKept(Map<String, Integer> tenths, String... names) {
        for (String name : names) {
            assertEquals(KEPT, tenths.get(name), () -> name + " in " + tenths);
        }
    }

    @Test
    void neverShowsTheHostAtOnce() throws Exception {
        known("never");
        change("never");
        seen("never", 0).forEach((name, tenths) -> assertEquals(0, tenths, name));
    }

    @Test
    void autoShowsTheHostWithinASecondAndMissingNamesWhenTheirTimeIsUp() throws Exception {
        known("auto");
        change("auto");
        Map<String, Integer> tenths = seen("auto", TENTHS);
        assertSeenWithin(
                SECOND, tenths, "content", "longer", "size", "mode", "gone", "listing", "link");
        assertSeenWithin(TENTHS, tenths, "made");
    }

    @Test
    void aMissingNameIsKeptForItsTimeButNotWhenTheGuestMakesIt() throws Exception {
        guest.check("cd /auto; ! cat later");
        Files.createFile(share("auto").resolve("later"));
        guest.check("cd /auto; ! cat later; sleep 2.1; cat later");
        guest.check(
                "cd /auto; ! cat own; touch own; cat own; rm own; ! cat own; ln -s a own; ls own");
    }

    @Test
    void metadataKeepsNamesButNoDataUntilTheGuestForgets() throws Exception {
        known("metadata");
        change("metadata");
        guest.check(LONGER_THAN_AUTO);
        Map<String, Integer> tenths = seen("metadata", 0);
        assertSeenWithin(0, tenths, "content", "longer", "made");
        assertKept(tenths, "mode", "gone", "listing", "link");
        guest.check("echo 2 >/proc/sys/vm/drop_caches");
        seen("metadata", 0).forEach((name, later) -> assertEquals(0, later, name));
    }

    @Test
    void alwaysKeepsAllButMissingNamesUntilTheGuestForgets() throws Exception {
        known("always");
        change("always");
        guest.check(LONGER_THAN_AUTO);
        Map<String, Integer> tenths = seen("always", 0);
        assertSeenWithin(0, tenths, "made");
        assertKept(tenths, "content", "longer", "size", "mode", "gone", "listing", "link");
        guest.check("echo 2 >/proc/sys/vm/drop_caches");
        seen("always", 0).forEach((name, later) -> assertEquals(0, later, name));
    }

    @Test
    void filesThatAreNotKeptAreMappedSharedIfThatIsAllowed() throws Exception {
        assertEquals("mapped", guest.check(program("map", "never")));
        assertEquals("ENODEV", guest.check(program("map", "metadata")));
        assertEquals("mapped", guest.check(program("map-direct", "never")));
        assertEquals("mapped", guest.check(program("map-direct", "back") + "; sync -f /back"));
        for (String file : new String[] {"never/map", "never/map-direct", "back/map-direct"}) {
            String[] at = file.split("/");
            byte[] bytes = Files.readAllBytes(share(at[0]).resolve(at[1]));
            byte[] expected = Arrays.copyOf("begin".getBytes(StandardCharsets.US_ASCII), 5000);
            System.arraycopy("end".getBytes(StandardCharsets.US_ASCII), 0, expected, 4997, 3);
            assertArrayEquals(expected, bytes, file);
        }
    }

    /** What is not aligned is refused, or written where the host takes it. */
    @Test
    void directIsDirect() throws Exception {
        for (String tag : new String[] {"never", "back"}) {
            String said = guest.check(program("direct", tag));
            boolean refused = said.equals("1048576 1048576 True, unaligned EINVAL");
            assertTrue(refused || said.equals("1048576 1048576 True, unaligned 1000"), said);
            byte[] expected = new byte[4096 + (1 << 20)];
            for (int at = 4096; at < expected.length; at++) {
                expected[at] = (byte) at;
            }
            assertArrayEquals(expected, Files.readAllBytes(share(tag).resolve("direct")), tag);
        }
    }

    /** Whatever the guest may keep: what is there no more it does not open. */
    @Test
    void whatTheHostReplacesIsOpenedAtOnce() throws Exception {
        for (String tag : new String[] {"never", "auto", "metadata", "always", "back"}) {
            Path replaced = share(tag).resolve("replaced");
            Path next = share(tag).resolve("next");
            String read = "cd /%s; cat replaced/file".formatted(tag);
            put(replaced, "first");
            assertEquals("first", guest.check(read));
            for (int i = 0; i < 10; i++) {
                put(next, "file " + i);
                Files.move(
                        next.resolve("file"),
                        replaced.resolve("file"),
                        StandardCopyOption.REPLACE_EXISTING);
                assertEquals("file " + i, guest.check(read), tag);
            }
            put(next, "directory");
            Files.delete(replaced.resolve("file"));
            Files.move(next, replaced, StandardCopyOption.REPLACE_EXISTING);
            assertEquals("directory", guest.check(read), tag);
        }
    }

    /** Most disks give the number of a file that is gone to the next one that is made. */
    @Test
    void whatTheGuestMakesIsNotTakenForWhatTheHostHasRemoved() throws Exception {
        Path old = Files.createFile(share("auto").resolve("removed"));
        String number = guest.check("stat -c %i /auto/removed");
        Daemon daemon = SHARES.get("auto").daemon();
        assertTrue( // nobody uses it, so its descriptor is closed
                Processes.await(
                        LIMIT,
                        () ->
                                daemon.descriptors().stream()
                                        .noneMatch(to -> to.endsWith("/removed"))));
        Files.delete(old);
        guest.check(
                """
                cd /auto
                for i in $(seq 100); do
                    exec 7<>made-$i
                    [ $(stat -L -c %%i /proc/self/fd/7) != %s ] || break
                done
                rm made-$i
                stat -L /proc/self/fd/7
                """
                        .formatted(number),
                LIMIT);
    }

    private static void put(Path directory, String content) throws IOException {
        Files.writeString(Files.createDirectories(directory).resolve("file"), content + "\n");
    }

    /** A log that both sides have open: no line is written over another. */
    @Test
    void appendsOfGuestAndHostFollowEachOther() throws Exception {
        for (String tag : new String[] {"never", "auto", "metadata", "always"}) {
            Path share = share(tag);
            Path log = share.resolve("log");
            CompletableFuture<ExecResult> appending =
                    guest.start(
                            """
                            cd /%s
                            exec 5>>log
                            for i in 1 2 3 4 5; do
                                echo guest $i >&5
                                : >turn$i
                                until [ -e turn$i.host ]; do sleep 0.02; done
                            done
                            """
                                    .formatted(tag));
            StringBuilder expected = new StringBuilder();
            for (int i = 1; i <= 5; i++) {
                Path turn = share.resolve("turn" + i);
                assertTrue(Processes.await(LIMIT, () -> Files.exists(turn)));
                Files.writeString(log, "host " + i + "\n", StandardOpenOption.APPEND);
                Files.createFile(share.resolve("turn" + i + ".host"));
                expected.append("guest %1$d\nhost %1$d\n".formatted(i));
            }
            appending.get(LIMIT.toSeconds(), TimeUnit.SECONDS);
            assertEquals(expected.toString(), Files.readString(log), tag);
        }
    }

    @Test
    void whatIsWrittenBackComesLaterAndWhole() throws Exception {
        Path share = share("back");
        Path file = share.resolve("back");
        byte[] before = new byte[10_000];
        Arrays.fill(before, (byte) 'x');
        Files.write(file, before);
        CompletableFuture<ExecResult> writing = guest.start(program("write-back", "back"));
        assertTrue(Processes.await(LIMIT, () -> Files.exists(share.resolve("written"))));
        assertArrayEquals(before, Files.readAllBytes(file), "nothing has come yet");
        Files.createFile(share.resolve("go"));
        ExecResult result = writing.get(LIMIT.toSeconds(), TimeUnit.SECONDS);
        assertEquals("done", result.text().strip());
        StringBuilder expected = new StringBuilder(new String(before, StandardCharsets.US_ASCII));
        expected.replace(5000, 5003, "NEW");
        for (int number = 0; number < 500; number++) {
            expected.append(number).append('\n');
        }
        assertEquals(expected.toString(), Files.readString(file));
        FileTime time = Files.getLastModifiedTime(file);
        assertEquals(981_173_106_789_000_000L, time.to(TimeUnit.NANOSECONDS));
    }

    @Test
    void randomOperationsAreRightWhenWrittenBack() throws Exception {
        NativePrograms.build(share("back"), "fsrandom");
        Path files = Files.createDirectory(share("back").resolve("random"));
        String last =
                guest.check(
                                "cp /back/fsrandom /tmp; /tmp/fsrandom -t -q 0 /back/random 1 "
                                        + Amount.of(4, 10)
                                        + " 5 2",
                                LIMIT)
                        .lines()
                        .reduce((a, b) -> b)
                        .orElse("");
        assertTrue(last.startsWith("ok "), last);
        try (var all = Files.list(files)) {
            assertTrue(all.findAny().isPresent());
        }
        // Linux sends a file's times when it likes, be it before the last of what is stored by
        // mmap:
        // then the host's are later, and the guest learns of it only when it meets the file again.
        guest.check("umount /back; mount -t virtiofs back /back");
        SHARES.get("back").assertSameOnBothSides(guest, "/back", "random");
    }

    @Test
    void whoWritesToAProgramTakesItsPrivilegesAway() throws Exception {
        guest.check(
                """
                cd /auto
                cp /bin/true program
                chown 1000 program; chmod 6755 program
                setfattr -n security.capability -v 0sAQAAAgAgAAAAAAAAAAAAAAAAAAA= program
                setpriv --reuid=1000 --regid=1000 --clear-groups sh -c 'echo >>program'
                """);
        Path program = share("auto").resolve("program");
        assertEquals(
                0755,
                (int) Files.getAttribute(program, "unix:mode", LinkOption.NOFOLLOW_LINKS) & 07777);
        assertEquals("755", guest.check("cd /auto; sleep 1.1; stat -c %a program"));
        assertEquals("", guest.check("cd /auto; getfattr -m - program"));
    }

    @Test
    void aShareIsMountedIdmapped() throws Exception {
        String mount = "mkdir -p /mapped; mount --bind -o X-mount.idmap=b:0:1000:1 /auto /mapped";
        guest.check(mount + "; chmod 777 /auto");
        String user = "setpriv --reuid=1000 --regid=1000 --clear-groups ";
        guest.check(
                "touch /auto/of-root; "
                        + user
                        + "sh -c 'cd /mapped; echo 1 >>of-root; mkdir of-user'");
        assertEquals("1000:1000", guest.check("stat -c %u:%g /mapped/of-root"));
        assertEquals("1000:1000", guest.check("stat -c %u:%g /mapped/of-user"));
        assertEquals("0:0", guest.check("stat -c %u:%g /auto/of-user"));
        assertEquals(0, Files.getAttribute(share("auto").resolve("of-user"), "unix:uid"));
        guest.check("! touch /mapped/of-unmapped; umount /mapped");
    }
}
