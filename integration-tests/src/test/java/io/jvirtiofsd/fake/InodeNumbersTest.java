package io.jvirtiofsd.fake;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import io.jvirtiofsd.linux.AlteredSyscalls;
import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.linux.Statx;
import io.jvirtiofsd.linux.Syscalls;
import io.jvirtiofsd.passthrough.HandleMode;
import io.jvirtiofsd.vhost.FakeFrontend;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.ToLongFunction;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What had an inode number before is not taken for what has it now, though nothing keeps it open.
 * The host says that all files have the number of "first", and when they were made.
 */
class InodeNumbersTest {
    private static final Duration LONG_AGO = Duration.ofDays(-1);
    private static final Duration NOT_OVER = Duration.ofDays(1);
    private static final long NO_TIME = 0;
    private static final int S_IFREG = 0x8000;

    @TempDir Path folder;

    private final List<String> asked = new CopyOnWriteArrayList<>();
    private Path first;
    private long number;
    private long birth;
    private long birthOfOthers;
    private InProcess backEnd;
    private FakeFrontend frontend;
    private FuseClient fuse;

    @BeforeEach
    void share() throws Exception {
        Path share = Files.createDirectory(folder.resolve("share"));
        first = Files.createFile(share.resolve("first"));
        Files.createFile(share.resolve("second"));
        number = (Long) Files.getAttribute(first, "unix:ino");
        backEnd =
                new InProcess(
                        told(), share, folder, all -> all.inodeFileHandles(HandleMode.MANDATORY));
        frontend = FuseRig.connect(backEnd, FuseRig.FEATURES);
        fuse = new FuseClient(frontend, 1);
        fuse.init(0);
    }

    @AfterEach
    void end() throws IOException {
        frontend.close();
        backEnd.close();
    }

    private Syscalls told() {
        return AlteredSyscalls.after(
                (name, arguments) -> {
                    if (name.equals("nameToHandleAt")) {
                        asked.add(name);
                    }
                    if (name.equals("statx")) {
                        tell(NativeMemory.view((Long) arguments[4], Statx.BYTES));
                    }
                });
    }

    private void tell(NativeMemory statx) {
        if ((statx.getShort(Statx.MODE) & Statx.S_IFMT) == Statx.S_IFREG) {
            long time = statx.getLong(Statx.INO) == number ? birth : birthOfOthers;
            int mask = statx.getInt(Statx.MASK) & ~Statx.STATX_BTIME;
            statx.putLong(Statx.INO, number);
            statx.putInt(Statx.MASK, time == NO_TIME ? mask : mask | Statx.STATX_BTIME);
            statx.putLong(Statx.BTIME, time);
        }
    }

    private static long at(Duration fromNow) {
        return Instant.now().plus(fromNow).getEpochSecond();
    }

    /** How often the handle behind the name is asked for when "first" is looked up again. */
    private int asksForFirst() {
        long node = fuse.lookup(FuseClient.ROOT, "first").nodeId();
        asked.clear();
        assertEquals(node, fuse.lookup(FuseClient.ROOT, "first").nodeId());
        return asked.size();
    }

    private void assertSecondIsAnother() throws IOException {
        long node = fuse.lookup(FuseClient.ROOT, "first").nodeId();
        Files.delete(first);
        assertNotEquals(node, fuse.lookup(FuseClient.ROOT, "second").nodeId());
    }

    @Test
    void whatWasMadeLongAgoIsKnownByItsBirth() throws Exception {
        birth = at(LONG_AGO);
        birthOfOthers = birth + 1;
        assertEquals(0, asksForFirst());
        assertSecondIsAnother();
    }

    @Test
    void withinAClocksTickBirthsTellNothing() throws Exception {
        birth = at(NOT_OVER);
        birthOfOthers = birth;
        assertEquals(1, asksForFirst());
        assertSecondIsAnother();
    }

    @Test
    void whereBirthsAreNotToldHandlesAreAskedFor() throws Exception {
        assertEquals(1, asksForFirst());
        assertSecondIsAnother();
    }

    @Test
    void whatTheGuestMakesIsNotTakenForWhatHadItsNumber() throws Exception {
        List<ToLongFunction<String>> ways =
                List.of(
                        name ->
                                fuse.create(FuseClient.ROOT, name, 0, S_IFREG | 0600)
                                        .node()
                                        .nodeId(),
                        name -> fuse.mknod(FuseClient.ROOT, name, S_IFREG | 0600, 0).nodeId());
        for (ToLongFunction<String> making : ways) {
            Files.deleteIfExists(first);
            Files.createFile(first);
            long before = fuse.lookup(FuseClient.ROOT, "first").nodeId();
            Files.delete(first);
            long made = making.applyAsLong("made" + before);
            assertNotEquals(before, made);
            assertEquals(1, fuse.getattr(made).nlink());
            assertEquals(made, fuse.lookup(FuseClient.ROOT, "made" + before).nodeId());
        }
    }
}
