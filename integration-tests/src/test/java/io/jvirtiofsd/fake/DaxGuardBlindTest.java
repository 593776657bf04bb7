package io.jvirtiofsd.fake;

import static io.jvirtiofsd.fake.DaxGuardTest.OWN_THREAD;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.backend.DaxOptions;
import io.jvirtiofsd.dax.GuardMode;
import io.jvirtiofsd.guest.ExecResult;
import io.jvirtiofsd.guest.NativePrograms;
import io.jvirtiofsd.guest.Processes;
import io.jvirtiofsd.linux.AlteredSyscalls;
import io.jvirtiofsd.linux.Fcntl;
import io.jvirtiofsd.linux.Fd;
import io.jvirtiofsd.linux.LinuxErrno;
import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.linux.Scratch;
import io.jvirtiofsd.linux.Syscalls;
import io.jvirtiofsd.linux.Waiting;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The guard when it sees late, or nothing at all, what a program is about to do: no page vanishes,
 * and the guest sees the file.
 *
 * <p>{@code -Djvirtiofsd.guard.cuts=1000}: how many cuts by programs that are kept from running.
 */
class DaxGuardBlindTest {
    private static final int SIZE = 3_000_001;
    private static final int PAGE = 4096;
    private static final int SIGSTOP = 19; // asm/signal.h
    private static final int SIGCONT = 18; // asm/signal.h
    private static final int FAN_OPEN_PERM = 0x10000; // linux/fanotify.h
    private static final int FAN_CLASS_CONTENT = 4; // linux/fanotify.h
    private static final Duration LIMIT = Duration.ofMinutes(19);

    private final Syscalls real = Syscalls.load();

    @TempDir Path folder;

    /** The thread that is looked at, if these are the arguments of such a look; else 0. */
    private static int looksAt(String name, Object[] arguments) {
        if (!name.equals("openat")) {
            return 0;
        }
        byte[] path = new byte[32];
        NativeMemory.view((long) arguments[1], path.length).get(0, path, 0, path.length);
        String[] parts = new String(path, StandardCharsets.US_ASCII).split("[/\0]");
        boolean looks = parts.length > 3 && parts[1].equals("proc") && parts[3].equals("syscall");
        return looks ? Integer.parseInt(parts[2]) : 0;
    }

    /** Calls that fail with {@code errno} where a thread is looked at. */
    private static Syscalls blind(int errno) {
        return AlteredSyscalls.with(
                (name, arguments, call) ->
                        looksAt(name, arguments) == 0 ? call.getAsLong() : -errno);
    }

    /** Opens what /proc says of a thread that does not wait. */
    private int running() throws IOException {
        Path said = folder.resolve("running");
        if (Files.notExists(said)) {
            Files.writeString(said, "running\n");
        }
        byte[] path = said.toString().getBytes(StandardCharsets.UTF_8);
        NativeMemory block = NativeMemory.allocate(path.length + 1);
        long address = block.putCString(0, path, 0, path.length);
        return real.openat(Fcntl.AT_FDCWD, address, Fcntl.O_RDONLY | Fcntl.O_CLOEXEC, 0);
    }

    private DaxRig rig(Syscalls syscalls) throws IOException {
        return rig(syscalls, GuardMode.WAIT);
    }

    private DaxRig rig(Syscalls syscalls, GuardMode mode) throws IOException {
        DaxOptions dax = new DaxOptions(DaxRig.WINDOW, 0, mode);
        return new DaxRig(syscalls, folder, options -> options.dax(dax), false);
    }

    private static long mapped(DaxRig rig) throws IOException {
        rig.file("f", SIZE);
        long node = rig.lookup("f");
        map(rig, node);
        return node;
    }

    private static void map(DaxRig rig, long node) {
        rig.setup(node, 0, 0);
        rig.setup(node, DaxRig.RANGE, 1);
    }

    private static void unmap(DaxRig rig) {
        rig.remove(0, DaxRig.RANGE, DaxRig.RANGE, DaxRig.RANGE);
    }

    private static CompletableFuture<ExecResult> onHost(DaxRig rig, String script) {
        String whole = "set -e; f=%s; %s".formatted(rig.share.resolve("f"), script);
        return CompletableFuture.supplyAsync(
                () -> Processes.run(LIMIT, List.of("bash", "-c", whole)), OWN_THREAD);
    }

    private static void assertSoundWhile(DaxRig rig, CompletableFuture<ExecResult> script) {
        do {
            for (int page = 0; page < 2 * DaxRig.RANGE; page += PAGE) {
                assertTrue(rig.window().isSound(page), "page at " + page);
            }
        } while (!script.isDone());
        assertEquals(0, script.join().exitCode(), script.join().text());
        assertTrue(Waiting.until(() -> showsTheFile(rig)));
    }

    private static boolean showsTheFile(DaxRig rig) {
        try {
            byte[] bytes = rig.onHost("f");
            for (int at = 0; at < bytes.length; at += DaxRig.RANGE) {
                rig.assertShows(bytes, at, at);
            }
            return true;
        } catch (AssertionError | IOException e) {
            return false;
        }
    }

    /** Whether any page of the file itself is mapped, by the front-end or us. */
    private static boolean isMapped(DaxRig rig) {
        String end = rig.share.resolve("f").toString();
        try {
            return Files.readAllLines(Path.of("/proc/self/maps")).stream()
                    .anyMatch(line -> line.endsWith(end));
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void whoeverRunsIsLookedAtUntilItWaits() throws Exception {
        Map<Integer, Long> since = new ConcurrentHashMap<>();
        Syscalls late =
                AlteredSyscalls.with(
                        (name, arguments, call) -> {
                            int thread = looksAt(name, arguments);
                            long now = System.nanoTime();
                            return thread == 0
                                            || now - since.computeIfAbsent(thread, id -> now)
                                                    > 1_500_000_000L
                                    ? call.getAsLong()
                                    : running();
                        });
        try (DaxRig rig = rig(late, GuardMode.REFUSE)) {
            mapped(rig);
            ExecResult result = onHost(rig, "truncate -s 100 $f").join();
            assertTrue(result.text().contains("Text file busy"), result.text());
            assertSoundWhile(rig, onHost(rig, ": >$f"));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {LinuxErrno.EPERM, LinuxErrno.ESRCH, LinuxErrno.EMFILE})
    void whatCannotBeSeenIsTakenForACutOfEverything(int errno) throws Exception {
        Syscalls blind = blind(errno);
        try (DaxRig rig = rig(blind, GuardMode.REFUSE)) {
            mapped(rig);
            assertSoundWhile(rig, onHost(rig, "truncate -s 100 $f; truncate -s 3000001 $f"));
            assertSoundWhile(rig, onHost(rig, "exec 9<>$f; : >$f; head -c 70000 /dev/zero >&9"));
        }
    }

    @Test
    void aRingOfRequestsIsTakenForACutOfEverything() throws Exception {
        Path program = NativePrograms.build(folder, "uringcut");
        try (DaxRig rig = rig(real, GuardMode.REFUSE)) {
            mapped(rig);
            assertSoundWhile(rig, onHost(rig, program + " $f"));
            assertEquals(0, rig.onHost("f").length);
        }
    }

    /** A program that is not seen may be about to cut as long as it lives. */
    @Test
    void theGuestSeesAFileOfWhichNothingMayBeMapped() throws Exception {
        Syscalls blind = blind(LinuxErrno.EPERM);
        try (DaxRig rig = rig(blind)) {
            long node = mapped(rig);
            assertTrue(isMapped(rig));
            Path end = folder.resolve("end");
            var program =
                    onHost(rig, "exec 9<>$f; until [ -e %s ]; do sleep .05; done".formatted(end));
            assertTrue(Waiting.until(() -> !isMapped(rig)));
            for (int i = 0; i < 3; i++) {
                assertTrue(showsTheFile(rig));
                assertTrue(rig.window().store(2_100_000 + i, new byte[] {7}));
                unmap(rig);
                assertEquals(7, rig.onHost("f")[2_100_000 + i]);
                map(rig, node);
                assertFalse(isMapped(rig));
            }
            Files.createFile(end);
            program.join();
            assertTrue(
                    Waiting.until(
                            () -> {
                                unmap(rig);
                                map(rig, node);
                                return isMapped(rig);
                            }));
            assertTrue(showsTheFile(rig));
        }
    }

    /** Another guard lets it wait after ours has let it go; the guest maps the file again. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aCutMayComeLongAfterItsAnswer(boolean seen) throws Exception {
        Syscalls syscalls = seen ? real : blind(LinuxErrno.EPERM);
        Fd group = Fd.own(real, real.fanotifyInit(FAN_CLASS_CONTENT | 1, Fcntl.O_CLOEXEC));
        try (group;
                DaxRig rig = rig(syscalls)) {
            int number = group.number();
            long node = mapped(rig);
            byte[] path = rig.share.resolve("f").toString().getBytes(StandardCharsets.UTF_8);
            long address = Scratch.get().path(path, 0, path.length);
            assertEquals(0, real.fanotifyMark(number, 1, FAN_OPEN_PERM, Fcntl.AT_FDCWD, address));
            CompletableFuture<Integer> held = new CompletableFuture<>();
            AtomicBoolean ended = new AtomicBoolean();
            var others =
                    CompletableFuture.runAsync(() -> allowOurs(number, held, ended), OWN_THREAD);
            var cut = onHost(rig, ": >$f");
            held.get(20, TimeUnit.SECONDS);
            for (int i = 0; i < 3; i++) {
                unmap(rig);
                map(rig, node);
                assertFalse(isMapped(rig));
            }
            allow(number, held.get());
            ended.set(true);
            others.join();
            group.close(); // nobody else is held up
            assertSoundWhile(rig, cut);
            assertEquals(0, rig.onHost("f").length);
        }
    }

    /** Lets this process open the file; gives the first that is of another. */
    private void allowOurs(int group, CompletableFuture<Integer> other, AtomicBoolean ended) {
        NativeMemory event = NativeMemory.allocate(24);
        while (!ended.get()) {
            if (!Waiting.readable(real, group, 100)) {
                continue;
            }
            real.read(group, event.address(), event.size());
            if (event.getInt(20) == ProcessHandle.current().pid()) {
                allow(group, event.getInt(16));
            } else {
                other.complete(event.getInt(16));
            }
        }
    }

    private void allow(int group, int fd) {
        NativeMemory response = NativeMemory.allocate(8); // struct fanotify_response
        response.putInt(0, fd);
        response.putInt(4, 1); // FAN_ALLOW
        assertEquals(8, real.write(group, response.address(), 8));
        real.close(fd);
    }

    @Test
    void whileTheDeviceIsStoppedWhoeverCutsIsRefused() throws Exception {
        try (DaxRig rig = rig(real)) {
            mapped(rig);
            int[] bases = rig.frontend.stop();
            ExecResult result = onHost(rig, "truncate -s 100 $f").join();
            assertTrue(result.text().contains("Text file busy"), result.text());
            assertTrue(rig.window().isSound(DaxRig.RANGE));
            rig.frontend.resume(bases);
            assertSoundWhile(rig, onHost(rig, "truncate -s 100 $f"));
        }
    }

    /** What keeps a program from running between its question, the answer and the cut. */
    private enum Hindrance {
        STARVED,
        STOPPED,
        SEEN_LATE
    }

    /** Cuts and makes longer again, and says how often it was refused. */
    private static final String CUTS =
            """
            $| = 1; my ($f, $rounds) = @ARGV; my $refused = 0;
            sub done { $_[0] or $!{ETXTBSY} ? $refused++ : die "$_[1]: $!" }
            for my $i (1 .. $rounds) {
                my $how = $i % 4;
                if ($how == 0) { done(open(my $o, '>', $f), 'open') }
                if ($how == 1) { done(truncate($f, 100), 'truncate') }
                if ($how == 2) { done(truncate($f, 2097152), 'truncate') }
                if ($how == 3) { my $o; done(open($o, '+<', $f) && truncate($o, 4096), 'ftruncate') }
                select(undef, undef, undef, .002);
                done(truncate($f, 3000001), 'longer');
            }
            print "refused $refused\\n";
            """;

    @ParameterizedTest
    @EnumSource
    void noPageVanishesUnderWhoeverIsKeptFromRunning(Hindrance hindrance) throws Exception {
        int cuts = Integer.getInteger("jvirtiofsd.guard.cuts", 20);
        Random random = new Random(cuts);
        Syscalls syscalls = hindrance == Hindrance.SEEN_LATE ? seenLate(random) : real;
        List<Process> others = new ArrayList<>();
        try (DaxRig rig = rig(syscalls)) {
            long node = mapped(rig);
            String file = rig.share.resolve("f").toString();
            List<String> program =
                    new ArrayList<>(List.of("perl", "-MErrno", "-e", CUTS, file, "" + cuts));
            if (hindrance == Hindrance.STARVED) {
                List<String> place = List.of("taskset", "-c", lastProcessor());
                for (int i = 0; i < 2; i++) {
                    others.add(start(place, List.of("perl", "-e", "1 while 1")));
                }
                program.addAll(0, List.of("nice", "-n", "19"));
                program.addAll(0, place);
            }
            Process cutting = start(List.of(), program);
            others.add(cutting);
            AtomicBoolean ended = new AtomicBoolean();
            var guest = CompletableFuture.runAsync(() -> use(rig, node, ended), OWN_THREAD);
            try {
                while (cutting.isAlive()) {
                    if (hindrance == Hindrance.STOPPED) {
                        int id = (int) cutting.pid();
                        real.tgkill(id, id, random.nextBoolean() ? SIGSTOP : SIGCONT);
                        LockSupport.parkNanos(random.nextInt(2_000_000));
                    }
                    for (int page : new int[] {0, 1, 300, 511, 512, 513, 600, 730, 731}) {
                        assertTrue(rig.window().isSound(page * PAGE), "page " + page);
                    }
                }
            } finally {
                ended.set(true);
                guest.join();
            }
            String said = new String(cutting.getInputStream().readAllBytes());
            System.out.println(hindrance + ": " + cuts + " cuts, " + said.strip());
            assertEquals(0, cutting.exitValue(), said);
            assertTrue(
                    Waiting.until(
                            () -> {
                                unmap(rig);
                                map(rig, node);
                                return isMapped(rig) && showsTheFile(rig);
                            }));
        } finally {
            others.forEach(Process::destroyForcibly);
        }
    }

    private static Process start(List<String> place, List<String> command) throws IOException {
        List<String> whole = new ArrayList<>(place);
        whole.addAll(command);
        return new ProcessBuilder(whole).redirectErrorStream(true).start();
    }

    /** One that this process may use. */
    private static String lastProcessor() throws IOException {
        for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
            if (line.startsWith("Cpus_allowed_list:")) {
                return line.substring(line.lastIndexOf('\t') + 1).replaceAll(".*[-,]", "");
            }
        }
        throw new AssertionError("no list of processors");
    }

    /** The guest maps again and again what it has lost. */
    private static void use(DaxRig rig, long node, AtomicBoolean ended) {
        long fh = rig.fuse.open(node, 2);
        for (int i = 0; !ended.get(); i++) {
            map(rig, node);
            rig.fuse.bareWrite(node, fh, i % 3 * 1_000_000, new byte[] {7});
            LockSupport.parkNanos(200_000);
            if (i % 4 == 0) {
                unmap(rig);
            }
        }
    }

    /** Of four looks at a thread one fails, one is late, and one says that it runs. */
    private Syscalls seenLate(Random random) {
        return AlteredSyscalls.with(
                (name, arguments, call) -> {
                    if (looksAt(name, arguments) == 0) {
                        return call.getAsLong();
                    }
                    switch (random.nextInt(4)) {
                        case 0:
                            return -LinuxErrno.EPERM;
                        case 1:
                            return running();
                        case 2:
                            LockSupport.parkNanos(random.nextInt(5_000_000));
                            return call.getAsLong();
                        default:
                            return call.getAsLong();
                    }
                });
    }
}
