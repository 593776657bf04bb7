package io.jvirtiofsd.posix;

import static io.jvirtiofsd.posix.Posix.O_RDONLY;
import static io.jvirtiofsd.posix.Posix.O_RDWR;
import static io.jvirtiofsd.posix.PosixChecks.content;
import static io.jvirtiofsd.posix.PosixChecks.file;
import static io.jvirtiofsd.posix.PosixChecks.make;
import static io.jvirtiofsd.posix.PosixChecks.outcome;
import static io.jvirtiofsd.posix.PosixChecks.text;

import io.jvirtiofsd.posix.SystemCalls.Data;
import io.jvirtiofsd.posix.SystemCalls.InOut;
import io.jvirtiofsd.posix.SystemCalls.Out;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** The same for maps of files and for locks. */
final class MappingChecks {
    private static final int PAGE = 4096;
    private static final int PROT_READ = 1;
    private static final int PROT_BOTH = 3;
    private static final int MAP_SHARED = 1;
    private static final int MAP_PRIVATE = 2;
    private static final int MS_SYNC = 4;

    private static final int LOCK_SH = 1;
    private static final int LOCK_EX = 2;
    private static final int LOCK_NB = 4;
    private static final int LOCK_UN = 8;

    private static final int F_SETLK = 6;
    private static final int F_OFD_GETLK = 36;
    private static final int F_OFD_SETLK = 37;
    private static final int F_RDLCK = 0;
    private static final int F_WRLCK = 1;
    private static final int F_UNLCK = 2;

    private MappingChecks() {}

    private static long map(LinuxPosix p, int fd, int protection, int kind) {
        return p.call("mmap", 0, PAGE, protection, kind, fd, 0);
    }

    /**
     * A pipe, through which mapped memory is read and written: EFAULT takes the place of SIGBUS.
     */
    private static int[] pipe(LinuxPosix p) {
        ByteBuffer ends = ByteBuffer.wrap(p.ask("pipe2", new Out(8), 0).bytes().get(0));
        ends.order(ByteOrder.nativeOrder());
        return new int[] {ends.getInt(0), ends.getInt(4)};
    }

    private static void closeBoth(LinuxPosix p, int[] pipe) {
        p.close(pipe[0]);
        p.close(pipe[1]);
    }

    private static String load(LinuxPosix p, long address, int bytes) {
        int[] pipe = pipe(p);
        try {
            p.call("write", pipe[1], address, bytes);
            byte[] found = p.ask("read", pipe[0], new Data(bytes), bytes).bytes().get(0);
            return new String(found, StandardCharsets.UTF_8).replace('\0', '0');
        } finally {
            closeBoth(p, pipe);
        }
    }

    private static void store(LinuxPosix p, long address, String text) {
        int[] pipe = pipe(p);
        try {
            p.call("write", pipe[1], text, text.length());
            p.call("read", pipe[0], address, text.length());
        } finally {
            closeBoth(p, pipe);
        }
    }

    static String mapsSeeWritesAndReadsSeeStores(LinuxPosix p) {
        file(p, "a", "text of the file");
        int fd = p.open("a", O_RDWR, 0);
        int other = p.open("a", O_RDWR, 0);
        long map = map(p, fd, PROT_BOTH, MAP_SHARED);
        long second = map(p, other, PROT_READ, MAP_SHARED);
        p.write(other, 0, new byte[] {'T'});
        String seen = load(p, map, 4);
        store(p, map + 1, "EX");
        seen += load(p, second, 4) + text(p, other);
        p.call("msync", map, PAGE, MS_SYNC);
        p.close(fd);
        store(p, map + 3, "T");
        p.call("munmap", map, PAGE);
        p.call("munmap", second, PAGE);
        p.close(other);
        return seen + content(p, "a");
    }

    static String privateMapsKeepTheirStores(LinuxPosix p) {
        file(p, "a", "text");
        int fd = p.open("a", O_RDONLY, 0);
        long map = map(p, fd, PROT_BOTH, MAP_PRIVATE);
        store(p, map, "T");
        String seen = load(p, map, 4) + text(p, fd);
        p.call("munmap", map, PAGE);
        p.close(fd);
        return seen;
    }

    static String mapsNeedARightfulHandle(LinuxPosix p) {
        file(p, "a", "text");
        int reading = p.open("a", O_RDONLY, 0);
        int writing = p.open("a", Posix.O_WRONLY, 0);
        String seen =
                outcome(() -> map(p, reading, PROT_BOTH, MAP_SHARED))
                        + outcome(() -> map(p, writing, PROT_READ, MAP_SHARED));
        p.close(reading);
        p.close(writing);
        return seen;
    }

    static String mapsEndWithTheFile(LinuxPosix p) {
        int fd = make(p, "a");
        p.write(fd, 0, new byte[PAGE]);
        long map = map(p, fd, PROT_BOTH, MAP_SHARED);
        p.ftruncate(fd, 0);
        String seen = outcome(() -> load(p, map, 1));
        p.ftruncate(fd, 2);
        seen += outcome(() -> store(p, map, "abcdef")) + p.fstat(fd).size();
        p.ftruncate(fd, 4);
        seen += text(p, fd);
        p.call("munmap", map, PAGE);
        p.close(fd);
        return seen;
    }

    static String mapsOutliveTheName(LinuxPosix p) {
        file(p, "a", "text");
        file(p, "b", "other");
        int fd = p.open("a", O_RDWR, 0);
        long map = map(p, fd, PROT_BOTH, MAP_SHARED);
        p.close(fd);
        p.rename("b", "a", 0);
        store(p, map, "T");
        String seen = load(p, map, 4) + content(p, "a");
        p.call("munmap", map, PAGE);
        return seen;
    }

    static String storesMoveTheModificationTime(LinuxPosix p) {
        file(p, "a", "text");
        p.utimes("a", 0, 0);
        int fd = p.open("a", O_RDWR, 0);
        long map = map(p, fd, PROT_BOTH, MAP_SHARED);
        store(p, map, "T");
        p.call("msync", map, PAGE, MS_SYNC);
        boolean moved = p.fstat(fd).mtime() > 0;
        p.call("munmap", map, PAGE);
        p.close(fd);
        return "" + moved;
    }

    private static String lock(LinuxPosix p, int fd, int how) {
        return outcome(() -> p.call("flock", fd, how | LOCK_NB));
    }

    static String flockBelongsToTheOpening(LinuxPosix p) {
        file(p, "a", "text");
        int one = p.open("a", O_RDONLY, 0);
        int same = (int) p.call("dup", one);
        int other = p.open("a", O_RDONLY, 0);
        String seen = lock(p, one, LOCK_EX) + lock(p, same, LOCK_EX) + lock(p, other, LOCK_SH);
        p.close(one);
        seen += lock(p, other, LOCK_SH) + lock(p, same, LOCK_SH) + lock(p, other, LOCK_SH);
        seen += lock(p, other, LOCK_EX) + lock(p, same, LOCK_UN) + lock(p, other, LOCK_EX);
        p.close(same);
        p.close(other);
        return seen;
    }

    /** {@code struct flock}. */
    private static byte[] range(int type, long start, long length) {
        ByteBuffer range = ByteBuffer.allocate(32).order(ByteOrder.nativeOrder());
        return range.putShort(0, (short) type).putLong(8, start).putLong(16, length).array();
    }

    private static String lock(LinuxPosix p, int fd, int command, int type, long at, long bytes) {
        return outcome(() -> p.call("fcntl", fd, command, range(type, at, bytes)));
    }

    private static String holder(LinuxPosix p, int fd, long at, long bytes) {
        InOut asked = new InOut(range(F_WRLCK, at, bytes));
        byte[] answer = p.ask("fcntl", fd, F_OFD_GETLK, asked).bytes().get(0);
        ByteBuffer range = ByteBuffer.wrap(answer).order(ByteOrder.nativeOrder());
        return range.getShort(0) + ":" + range.getLong(8) + "+" + range.getLong(16) + " ";
    }

    static String rangesAreLockedByOpenings(LinuxPosix p) {
        file(p, "a", "text");
        int one = p.open("a", O_RDWR, 0);
        int other = p.open("a", O_RDWR, 0);
        String seen =
                lock(p, one, F_OFD_SETLK, F_WRLCK, 10, 10)
                        + lock(p, other, F_OFD_SETLK, F_RDLCK, 15, 1)
                        + lock(p, other, F_OFD_SETLK, F_RDLCK, 20, 0)
                        + holder(p, other, 0, 15)
                        + holder(p, one, 0, 0)
                        + lock(p, one, F_OFD_SETLK, F_UNLCK, 12, 3)
                        + holder(p, other, 0, 0)
                        + lock(p, other, F_OFD_SETLK, F_WRLCK, 12, 3);
        p.close(one);
        seen += lock(p, other, F_OFD_SETLK, F_WRLCK, 0, 0);
        p.close(other);
        return seen;
    }

    static String locksOfProcessesGoWithAnyClose(LinuxPosix p) {
        file(p, "a", "text");
        int one = p.open("a", O_RDWR, 0);
        int unrelated = p.open("a", O_RDONLY, 0);
        int other = p.open("a", O_RDWR, 0);
        String seen =
                lock(p, one, F_SETLK, F_WRLCK, 0, 4)
                        + lock(p, one, F_SETLK, F_RDLCK, 2, 9)
                        + holder(p, other, 0, 0)
                        + lock(p, unrelated, F_SETLK, F_WRLCK, 0, 4);
        p.close(unrelated);
        seen += holder(p, other, 0, 0);
        p.close(one);
        p.close(other);
        return seen;
    }
}
