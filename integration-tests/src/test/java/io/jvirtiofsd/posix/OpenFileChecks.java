package io.jvirtiofsd.posix;

import static io.jvirtiofsd.posix.Posix.O_CREAT;
import static io.jvirtiofsd.posix.Posix.O_EXCL;
import static io.jvirtiofsd.posix.Posix.O_RDONLY;
import static io.jvirtiofsd.posix.Posix.O_RDWR;
import static io.jvirtiofsd.posix.Posix.O_TRUNC;
import static io.jvirtiofsd.posix.Posix.O_WRONLY;
import static io.jvirtiofsd.posix.PosixChecks.content;
import static io.jvirtiofsd.posix.PosixChecks.file;
import static io.jvirtiofsd.posix.PosixChecks.make;
import static io.jvirtiofsd.posix.PosixChecks.outcome;
import static io.jvirtiofsd.posix.PosixChecks.text;

import io.jvirtiofsd.linux.Fcntl;
import io.jvirtiofsd.linux.Statx;
import io.jvirtiofsd.posix.SystemCalls.Data;
import java.nio.charset.StandardCharsets;

/** The same for what is open: positions, appending, holes, nameless files, kinds of opening. */
final class OpenFileChecks {
    private static final int SEEK_SET = 0;
    private static final int SEEK_CUR = 1;
    private static final int SEEK_END = 2;
    private static final int SEEK_DATA = 3;
    private static final int SEEK_HOLE = 4;
    private static final int BLOCK = 1 << 16; // a multiple of the block of every file system

    private OpenFileChecks() {}

    private static long write(LinuxPosix p, int fd, String text) {
        return p.call("write", fd, text, text.length());
    }

    private static String read(LinuxPosix p, int fd, int count) {
        byte[] bytes = p.ask("read", fd, new Data(count), count).bytes().get(0);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    static String appendingHandlesWriteBehindEachOther(LinuxPosix p) {
        int one = p.open("a", O_RDWR | O_CREAT | Fcntl.O_APPEND, 0644);
        int other = p.open("a", O_RDWR | Fcntl.O_APPEND, 0);
        int plain = p.open("a", O_RDWR, 0);
        write(p, one, "1");
        write(p, other, "22");
        write(p, one, "333");
        write(p, plain, "P");
        write(p, other, "4");
        String seen = text(p, one) + p.lseek(one, 0, SEEK_CUR) + p.lseek(other, 0, SEEK_CUR);
        p.close(one);
        p.close(other);
        p.close(plain);
        return seen;
    }

    static String appendingIgnoresTheOffset(LinuxPosix p) {
        file(p, "a", "text");
        int fd = p.open("a", O_RDWR | Fcntl.O_APPEND, 0);
        p.write(fd, 0, new byte[] {'!'});
        p.ftruncate(fd, 2);
        write(p, fd, "end");
        String seen = text(p, fd);
        p.close(fd);
        return seen;
    }

    static String appendingMayBeSwitched(LinuxPosix p) {
        file(p, "a", "text");
        int fd = p.open("a", O_RDWR, 0);
        p.call("fcntl", fd, 4, Fcntl.O_APPEND); // F_SETFL
        write(p, fd, "1");
        p.call("fcntl", fd, 4, 0);
        p.call("lseek", fd, 0, SEEK_SET);
        write(p, fd, "2");
        String seen = text(p, fd);
        p.close(fd);
        return seen;
    }

    static String duplicatesShareTheirPosition(LinuxPosix p) {
        file(p, "a", "0123456789");
        int fd = p.open("a", O_RDWR, 0);
        int same = (int) p.call("dup", fd);
        int other = p.open("a", O_RDWR, 0);
        String seen = read(p, fd, 3) + read(p, same, 3) + read(p, other, 3);
        seen += p.lseek(fd, -2, SEEK_END) + read(p, same, 9) + read(p, same, 9);
        p.close(fd);
        p.close(same);
        p.close(other);
        return seen;
    }

    static String truncatingOpenForReadingTruncates(LinuxPosix p) {
        file(p, "a", "text");
        int fd = p.open("a", O_RDONLY | O_TRUNC, 0);
        String seen = p.fstat(fd).size() + outcome(() -> write(p, fd, "x"));
        p.close(fd);
        return seen;
    }

    static String sizesHaveLimits(LinuxPosix p) {
        int fd = make(p, "a");
        String seen =
                outcome(() -> p.ftruncate(fd, -1))
                        + outcome(() -> p.ftruncate(fd, Long.MAX_VALUE))
                        + outcome(() -> p.write(fd, Long.MAX_VALUE - 1, new byte[10]))
                        + outcome(() -> p.call("lseek", fd, -1, SEEK_SET))
                        + outcome(() -> p.fallocate(fd, 0, 0, 0))
                        + outcome(() -> p.fallocate(fd, 0, -1, 1));
        seen += p.fstat(fd).size();
        p.close(fd);
        return seen;
    }

    private static long blocks(LinuxPosix p, int fd) {
        return p.statx(fd, "", Fcntl.AT_EMPTY_PATH).getLong(Statx.BLOCKS) * 512 / BLOCK;
    }

    static String holesTakeNoRoomAndAreFound(LinuxPosix p) {
        int fd = make(p, "a");
        p.write(fd, 4L * BLOCK, new byte[BLOCK]);
        p.ftruncate(fd, 9L * BLOCK);
        p.fsync(fd);
        String seen = blocks(p, fd) + " " + p.fstat(fd).size() / BLOCK;
        seen += " " + p.lseek(fd, 0, SEEK_DATA) / BLOCK + p.lseek(fd, 0, SEEK_HOLE);
        seen += " " + p.lseek(fd, 4L * BLOCK, SEEK_HOLE) / BLOCK;
        seen += outcome(() -> p.lseek(fd, 6L * BLOCK, SEEK_DATA));
        seen += outcome(() -> p.lseek(fd, 9L * BLOCK, SEEK_HOLE));
        p.close(fd);
        return seen;
    }

    /** Six blocks of a, b, c, d, e, f; what became of them, a letter each. */
    private static String allocating(LinuxPosix p, int mode, int from, int count) {
        int fd = make(p, "a");
        for (int i = 0; i < 6; i++) {
            byte[] block = new byte[BLOCK];
            java.util.Arrays.fill(block, (byte) ('a' + i));
            p.write(fd, (long) i * BLOCK, block);
        }
        String seen =
                outcome(() -> p.fallocate(fd, mode, (long) from * BLOCK, (long) count * BLOCK));
        for (long at = 0; at < p.fstat(fd).size(); at += BLOCK) {
            seen += (char) Math.max('0', p.read(fd, at + BLOCK / 2, 1)[0]);
        }
        p.close(fd);
        return seen;
    }

    static String fallocateZeroesARange(LinuxPosix p) {
        return allocating(p, 0x10, 2, 2);
    }

    static String fallocateZeroesBeyondTheEnd(LinuxPosix p) {
        return allocating(p, 0x10, 5, 3);
    }

    static String fallocateZeroesKeepingTheSize(LinuxPosix p) {
        return allocating(p, 0x11, 5, 3);
    }

    static String fallocatePunchesOnlyKeepingTheSize(LinuxPosix p) {
        return allocating(p, 0x2, 1, 1) + outcome(() -> p.unlink("a")) + allocating(p, 0x3, 1, 9);
    }

    static String fallocateCollapsesARange(LinuxPosix p) {
        return allocating(p, 0x8, 1, 2);
    }

    static String fallocateInsertsARange(LinuxPosix p) {
        return allocating(p, 0x20, 1, 2);
    }

    static String copyingHasItsRules(LinuxPosix p) {
        file(p, "a", "0123456789");
        p.mkdir("d", 0755);
        int from = p.open("a", O_RDWR, 0);
        int append = p.open("a", O_RDWR | Fcntl.O_APPEND, 0);
        int directory = p.open("d", O_RDONLY, 0);
        int reading = p.open("a", O_RDONLY, 0);
        String seen =
                outcome(() -> p.copy(from, 0, append, 20, 5))
                        + outcome(() -> p.copy(from, 0, directory, 0, 5))
                        + outcome(() -> p.copy(from, 0, reading, 20, 5))
                        + p.copy(from, 5, from, 10, 5)
                        + outcome(() -> p.copy(from, 5, from, 7, 5))
                        + content(p, "a");
        for (int fd : new int[] {from, append, directory, reading}) {
            p.close(fd);
        }
        return seen;
    }

    static String sendfileCopies(LinuxPosix p) {
        file(p, "a", "0123456789");
        int from = p.open("a", O_RDONLY, 0);
        int to = make(p, "b");
        String seen = "" + p.call("sendfile", to, from, 0, 7) + text(p, to) + read(p, from, 9);
        p.close(from);
        p.close(to);
        return seen;
    }

    static String namelessFilesGetAName(LinuxPosix p) {
        int fd = p.openAny(".", O_RDWR | Fcntl.O_TMPFILE, 0640);
        write(p, fd, "text");
        String seen = p.fstat(fd).nlink() + p.list("").toString();
        p.call("linkat", fd, "", Fcntl.AT_FDCWD, "a", Fcntl.AT_EMPTY_PATH);
        seen += p.fstat(fd).nlink() + content(p, "a") + Integer.toOctalString(p.lstat("a").mode());
        p.close(fd);
        return seen;
    }

    static String namelessExclusiveFilesStayWithoutName(LinuxPosix p) {
        int fd = p.openAny(".", O_RDWR | O_EXCL | Fcntl.O_TMPFILE, 0640);
        int empty = Fcntl.AT_EMPTY_PATH;
        String seen = outcome(() -> p.call("linkat", fd, "", Fcntl.AT_FDCWD, "a", empty));
        p.close(fd);
        return seen + p.list("") + outcome(() -> p.openAny(".", Fcntl.O_TMPFILE, 0640));
    }

    static String unlinkedFilesGetNoNameAgain(LinuxPosix p) {
        int fd = make(p, "a");
        p.unlink("a");
        int empty = Fcntl.AT_EMPTY_PATH;
        String seen = outcome(() -> p.call("linkat", fd, "", Fcntl.AT_FDCWD, "b", empty));
        p.close(fd);
        return seen;
    }

    static String unlinkedOpenFilesAreChanged(LinuxPosix p) {
        int fd = make(p, "a");
        p.unlink("a");
        p.call("fchmod", fd, 0600);
        p.call("fchown", fd, 12, 34);
        p.fallocate(fd, 0, 0, 10);
        p.call("utimensat", fd, 0, LinuxPosix.longs(1, 2, 3, 4), 0);
        Stat stat = p.fstat(fd);
        p.close(fd);
        return Integer.toOctalString(stat.mode())
                + stat.uid()
                + stat.gid()
                + stat.mtime()
                + " "
                + stat.size();
    }

    static String pathHandlesOnlyName(LinuxPosix p) {
        file(p, "a", "text");
        p.symlink("a", "l");
        int fd = p.open("a", Fcntl.O_PATH, 0);
        int link = p.open("l", Fcntl.O_PATH, 0);
        String seen =
                outcome(() -> p.read(fd, 0, 1))
                        + outcome(() -> p.ftruncate(fd, 0))
                        + outcome(() -> p.call("fchmod", fd, 0600))
                        + p.fstat(fd).size()
                        + p.fstat(link).size();
        int again = p.openAny("/proc/self/fd/" + fd, O_RDONLY, 0);
        seen += text(p, again) + outcome(() -> p.openAny("/proc/self/fd/" + link, O_RDONLY, 0));
        for (int each : new int[] {fd, link, again}) {
            p.close(each);
        }
        return seen;
    }

    static String openingKeepsToTheKind(LinuxPosix p) {
        file(p, "a", "text");
        p.mkdir("d", 0755);
        p.symlink("d", "l");
        return outcome(() -> p.open("a", Fcntl.O_DIRECTORY, 0))
                + outcome(() -> p.open("d", O_RDONLY | O_CREAT, 0644))
                + outcome(() -> p.open("d", O_WRONLY | O_TRUNC, 0))
                + outcome(() -> p.open("l", O_RDONLY, 0))
                + outcome(() -> p.close(p.openAny("l", O_RDONLY | Fcntl.O_DIRECTORY, 0)))
                + outcome(() -> p.openAny("a/", O_RDONLY, 0))
                + outcome(() -> p.openAny("n/", O_RDWR | O_CREAT, 0644))
                + outcome(() -> p.openAny("", O_RDONLY, 0));
    }

    static String creatingFollowsLinksToNothing(LinuxPosix p) {
        p.symlink("b", "l");
        p.close(p.openAny("l", O_RDWR | O_CREAT, 0644));
        return p.list("") + outcome(() -> p.openAny("l", O_RDWR | O_CREAT | O_EXCL, 0644));
    }

    static String fifosCarryData(LinuxPosix p) {
        p.mknod("f", Stat.S_IFIFO | 0600);
        String alone = outcome(() -> p.open("f", O_WRONLY | Fcntl.O_NONBLOCK, 0));
        int fd = p.open("f", O_RDWR, 0);
        write(p, fd, "through");
        String seen = alone + read(p, fd, 20) + p.lstat("f").size();
        p.close(fd);
        return seen;
    }

    static String socketsAreMade(LinuxPosix p) {
        int fd = (int) p.call("socket", 1, 1, 0); // AF_UNIX, SOCK_STREAM
        byte[] address = {1, 0, 's', 'o', 'c', 'k', 0};
        String seen = outcome(() -> p.call("bind", fd, address, address.length));
        seen += outcome(() -> p.call("bind", fd, address, address.length));
        seen += p.list("") + outcome(() -> p.open("sock", O_RDWR, 0));
        p.close(fd);
        return seen;
    }

    static String everythingIsSynchronized(LinuxPosix p) {
        p.mkdir("d", 0755);
        int fd = make(p, "d/a");
        int directory = p.open("d", O_RDONLY, 0);
        int synchronous = p.open("d/a", O_RDWR | Fcntl.O_SYNC, 0);
        write(p, fd, "text");
        write(p, synchronous, "more");
        String seen =
                outcome(() -> p.fsync(fd))
                        + outcome(() -> p.call("fdatasync", fd))
                        + outcome(() -> p.fsync(directory))
                        + outcome(() -> p.call("sync_file_range", fd, 0, 4, 7))
                        + text(p, fd);
        p.close(fd);
        p.close(directory);
        p.close(synchronous);
        return seen;
    }

    static String closedHandlesAreGone(LinuxPosix p) {
        int fd = make(p, "a");
        p.close(fd);
        return outcome(() -> p.read(fd, 0, 1)) + outcome(() -> p.close(fd));
    }

    static String statxKnowsTheBirthTime(LinuxPosix p) {
        int fd = make(p, "a");
        long born = LinuxPosix.time(p.statx(fd, "", Fcntl.AT_EMPTY_PATH), Statx.BTIME);
        write(p, fd, "text");
        p.utimes("a", 1, 2);
        p.rename("a", "b", 0);
        var statx = p.statx(fd, "", Fcntl.AT_EMPTY_PATH);
        boolean known = (statx.getInt(Statx.MASK) & Statx.STATX_BTIME) != 0;
        p.close(fd);
        return known + " " + (born == LinuxPosix.time(statx, Statx.BTIME));
    }
}
