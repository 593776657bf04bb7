package io.jvirtiofsd.posix;

import static io.jvirtiofsd.posix.Posix.O_RDWR;
import static io.jvirtiofsd.posix.PosixChecks.content;
import static io.jvirtiofsd.posix.PosixChecks.file;
import static io.jvirtiofsd.posix.PosixChecks.make;
import static io.jvirtiofsd.posix.PosixChecks.outcome;
import static io.jvirtiofsd.posix.PosixChecks.text;

import java.util.function.Consumer;

/** The same for data, sizes, permissions, owners and times. */
final class AttributeChecks {
    private static final int SEEK_DATA = 3;
    private static final int SEEK_HOLE = 4;
    private static final int KEEP_SIZE = 1;
    private static final int PUNCH_HOLE = 2;

    private AttributeChecks() {}

    private static String mode(Posix p, String path) {
        return Integer.toOctalString(p.lstat(path).mode());
    }

    private static String owner(Posix p, String path) {
        return p.lstat(path).uid() + ":" + p.lstat(path).gid();
    }

    static String truncateGrowsWithZeros(Posix p) {
        file(p, "a", "text");
        p.truncate("a", 6);
        String grown = content(p, "a");
        p.truncate("a", 2);
        p.truncate("a", 4);
        return grown + content(p, "a");
    }

    static String truncateOfDirectoryIsRefused(Posix p) {
        p.mkdir("a", 0755);
        return outcome(() -> p.truncate("a", 0));
    }

    static String writeFarBeyondTheEndLeavesZeros(Posix p) {
        int fd = make(p, "a");
        p.write(fd, 1_000_000, new byte[] {'x'});
        byte[] gap = p.read(fd, 999_990, 100);
        String seen = p.fstat(fd).size() + " " + gap.length + gap[0] + gap[10];
        p.close(fd);
        return seen;
    }

    static String readBeyondTheEndIsEmpty(Posix p) {
        file(p, "a", "text");
        int fd = p.open("a", O_RDWR, 0);
        String seen = p.read(fd, 4, 10).length + " " + p.read(fd, 1 << 20, 10).length;
        p.close(fd);
        return seen;
    }

    static String handlesSeeEachOthersWrites(Posix p) {
        file(p, "a", "text");
        int one = p.open("a", O_RDWR, 0);
        int other = p.open("a", O_RDWR, 0);
        p.write(one, 0, new byte[] {'T'});
        String seen = text(p, other) + p.lstat("a").size();
        p.ftruncate(other, 1);
        seen += text(p, one) + p.lstat("a").size();
        p.fsync(one);
        p.close(one);
        p.close(other);
        return seen;
    }

    static String dataIsFoundBySeeking(Posix p) {
        int fd = make(p, "a");
        p.write(fd, 0, new byte[100]);
        String seen =
                p.lseek(fd, 50, SEEK_DATA)
                        + " "
                        + p.lseek(fd, 0, SEEK_HOLE)
                        + outcome(() -> p.lseek(fd, 100, SEEK_DATA));
        p.close(fd);
        return seen;
    }

    static String holesAreFoundBySeeking(Posix p) {
        int fd = make(p, "a");
        p.ftruncate(fd, 1 << 20);
        String seen = "" + p.lseek(fd, 0, SEEK_HOLE);
        p.close(fd);
        return seen;
    }

    private static String allocating(Posix p, int mode) {
        int fd = make(p, "a");
        p.write(fd, 0, new byte[] {'a', 'b', 'c'});
        String seen = outcome(() -> p.fallocate(fd, mode, 1, 5)) + text(p, fd);
        p.close(fd);
        return seen;
    }

    static String fallocateGrows(Posix p) {
        return allocating(p, 0);
    }

    static String fallocateMayKeepTheSize(Posix p) {
        return allocating(p, KEEP_SIZE);
    }

    static String holesArePunched(Posix p) {
        return allocating(p, PUNCH_HOLE | KEEP_SIZE);
    }

    static String copyFileRangeCopies(Posix p) {
        file(p, "a", "0123456789");
        int from = p.open("a", O_RDWR, 0);
        int to = make(p, "b");
        String seen = p.copy(from, 2, to, 1, 5) + text(p, to) + p.copy(from, 8, to, 6, 99);
        seen +=
                text(p, to)
                        + outcome(() -> p.copy(from, 0, from, 2, 5))
                        + p.copy(from, 10, to, 0, 5);
        p.close(from);
        p.close(to);
        return seen;
    }

    static String permissionsAreKept(Posix p) {
        int fd = p.open("a", Posix.O_CREAT | O_RDWR, 0461);
        p.close(fd);
        p.mkdir("d", 0713);
        String made = mode(p, "a") + " " + mode(p, "d");
        p.chmod("a", 0);
        p.chmod("d", 0777);
        return made + " " + mode(p, "a") + " " + mode(p, "d");
    }

    static String specialBitsAreKept(Posix p) {
        file(p, "a", "");
        p.mkdir("d", 0755);
        return outcome(() -> p.chmod("a", 06755))
                + mode(p, "a")
                + outcome(() -> p.chmod("d", 03777))
                + mode(p, "d");
    }

    static String mkdirTakesStickyButNoSetGroupId(Posix p) {
        p.mkdir("d", 03755);
        return mode(p, "d");
    }

    static String ownersAreKept(Posix p) {
        file(p, "a", "");
        p.symlink("x", "l");
        p.chown("a", 12, 34);
        p.chown("l", 56, 78);
        return owner(p, "a") + " " + owner(p, "l");
    }

    static String chownClearsSetUserId(Posix p) {
        file(p, "a", "");
        p.chmod("a", 06755);
        p.chown("a", 12, 34);
        return mode(p, "a");
    }

    static String truncatingOpenByAUserClearsSetUserId(Posix p) {
        file(p, "a", "text");
        p.chmod("a", 06777);
        p.close(p.open("a", O_RDWR | Posix.O_TRUNC, 0));
        String seen = mode(p, "a");
        p.as(1000, 1001);
        try {
            p.close(p.open("a", O_RDWR | Posix.O_TRUNC, 0));
        } finally {
            p.as(0, 0);
        }
        return seen + " " + mode(p, "a");
    }

    private static String asUser(Posix p, Consumer<Posix> making) {
        p.mkdir("d", 0777);
        p.chmod("d", 0777);
        p.as(1000, 1001);
        try {
            making.accept(p);
        } finally {
            p.as(0, 0);
        }
        return owner(p, "d/x") + " " + mode(p, "d/x");
    }

    static String newFilesBelongToTheirMaker(Posix p) {
        return asUser(p, user -> file(user, "d/x", ""));
    }

    static String newDirectoriesBelongToTheirMaker(Posix p) {
        return asUser(p, user -> user.mkdir("d/x", 0750));
    }

    static String newLinksBelongToTheirMaker(Posix p) {
        return asUser(p, user -> user.symlink("y", "d/x"));
    }

    static String newNodesBelongToTheirMaker(Posix p) {
        return asUser(p, user -> user.mknod("d/x", Stat.S_IFREG | 0604));
    }

    /** In a set-group-ID directory of group 5. */
    private static String inGroup(Posix p, Consumer<Posix> making) {
        p.mkdir("g", 0777);
        p.chown("g", 0, 5);
        p.chmod("g", 02777);
        p.as(1000, 1001);
        try {
            making.accept(p);
        } finally {
            p.as(0, 0);
        }
        return owner(p, "g/x") + " " + mode(p, "g/x");
    }

    static String setGroupIdDirectoriesPassTheirGroupOn(Posix p) {
        return inGroup(p, user -> file(user, "g/x", ""));
    }

    static String setGroupIdDirectoriesPassTheBitOn(Posix p) {
        return inGroup(p, user -> user.mkdir("g/x", 0755));
    }

    static String timesAreKeptToTheNanosecond(Posix p) {
        file(p, "a", "");
        p.mkdir("d", 0755);
        p.utimes("a", 1_000_000_001L, 2_000_000_000_123_456_789L);
        p.utimes("d", 0, 999_999_999L);
        return p.lstat("a").atime() + " " + p.lstat("a").mtime() + " " + p.lstat("d").mtime();
    }

    /** Whether the change, after a while, is later than the time before. */
    private static String moves(Posix p, boolean changeTime, String path, Runnable change) {
        long before = changeTime ? p.lstat(path).ctime() : p.lstat(path).mtime();
        try {
            Thread.sleep(20); // more than a tick of the kernel's clock
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        change.run();
        return "" + ((changeTime ? p.lstat(path).ctime() : p.lstat(path).mtime()) > before);
    }

    static String writingMovesTheModificationTime(Posix p) {
        int fd = make(p, "a");
        String seen =
                moves(p, false, "a", () -> p.write(fd, 0, new byte[1]))
                        + moves(p, false, "a", () -> p.truncate("a", 0));
        p.close(fd);
        return seen;
    }

    static String namesMoveTheDirectorysTime(Posix p) {
        p.mkdir("d", 0755);
        return moves(p, false, "d", () -> file(p, "d/a", ""))
                + moves(p, false, "d", () -> p.rename("d/a", "d/b", 0))
                + moves(p, false, "d", () -> p.unlink("d/b"));
    }

    static String chmodMovesTheChangeTime(Posix p) {
        file(p, "a", "");
        return moves(p, true, "a", () -> p.chmod("a", 0600));
    }

    static String directoriesCountTheirSubdirectories(Posix p) {
        p.mkdir("d", 0755);
        p.mkdir("d/a", 0755);
        p.mkdir("d/b", 0755);
        int three = p.lstat("d").nlink();
        p.rmdir("d/a");
        return three + " " + p.lstat("d").nlink();
    }
}
