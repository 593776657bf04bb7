package io.jvirtiofsd.posix;

import static io.jvirtiofsd.posix.LinuxPosix.longs;
import static io.jvirtiofsd.posix.Posix.O_CREAT;
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
import java.util.function.Supplier;

/** The same for who may do what: users, groups, set-user-ID and sticky bits, umask. */
final class PermissionChecks {
    private static final int USER = 1000;
    private static final int OTHER = 1002;
    private static final int GROUP = 5;
    private static final long UTIME_NOW = (1L << 30) - 1;
    private static final long UTIME_OMIT = (1L << 30) - 2;

    private PermissionChecks() {}

    static String mode(Posix p, String path) {
        return Integer.toOctalString(p.lstat(path).permissions());
    }

    private static String owner(Posix p, String path) {
        return p.lstat(path).uid() + ":" + p.lstat(path).gid();
    }

    /** What comes of it for a user of some groups; then root goes on. */
    static String as(LinuxPosix p, int uid, int[] groups, Supplier<String> part) {
        p.as(uid, uid, groups);
        try {
            return part.get();
        } finally {
            p.as(0, 0);
        }
    }

    static String as(LinuxPosix p, int uid, Supplier<String> part) {
        return as(p, uid, new int[0], part);
    }

    static void directory(LinuxPosix p, String path, int mode, int uid, int gid) {
        p.mkdir(path, 0700);
        p.chown(path, uid, gid);
        p.chmod(path, mode);
    }

    static void owned(LinuxPosix p, String path, int mode, int uid, int gid) {
        file(p, path, "text");
        p.chown(path, uid, gid);
        p.chmod(path, mode);
    }

    static String stickyDirectoriesKeepOthersOut(LinuxPosix p) {
        directory(p, "d", 01777, USER, USER);
        for (String name : new String[] {"a", "b", "c", "e"}) {
            owned(p, "d/" + name, 0666, 0, 0);
        }
        owned(p, "d/mine", 0644, OTHER, OTHER);
        String seen =
                as(
                        p,
                        OTHER,
                        () ->
                                outcome(() -> p.unlink("d/a"))
                                        + outcome(() -> p.rename("d/a", "d/x", 0))
                                        + outcome(() -> p.rename("d/mine", "d/b", 0))
                                        + outcome(() -> p.rename("d/mine", "d/b", 2))
                                        + outcome(() -> p.rename("d/mine", "d/own", 0))
                                        + outcome(() -> p.unlink("d/own")));
        return seen + as(p, USER, () -> outcome(() -> p.unlink("d/c"))) + p.list("d");
    }

    static String directoriesNeedTheirPermissions(LinuxPosix p) {
        directory(p, "search", 0711, 0, 0);
        directory(p, "read", 0744, 0, 0);
        directory(p, "write", 0722, 0, 0);
        file(p, "search/f", "text");
        file(p, "read/f", "text");
        return as(
                p,
                USER,
                () ->
                        content(p, "search/f")
                                + outcome(() -> p.list("search"))
                                + outcome(() -> p.unlink("search/f"))
                                + outcome(() -> p.lstat("read/f"))
                                + p.list("read")
                                + outcome(() -> p.mkdir("write/d", 0700))
                                + outcome(() -> make(p, "search/g"))
                                + outcome(() -> p.symlink("x", "search/l"))
                                + outcome(() -> p.link("search/f", "search/g"))
                                + outcome(() -> p.rename("search/f", "search/g", 0))
                                + outcome(() -> p.rmdir("read")));
    }

    static String filesNeedTheirPermissions(LinuxPosix p) {
        owned(p, "reading", 0644, 0, 0);
        owned(p, "writing", 0622, 0, 0);
        owned(p, "own", 0077, USER, USER);
        owned(p, "group", 0604, 0, GROUP);
        int[] groups = {7, GROUP};
        return as(
                p,
                USER,
                groups,
                () ->
                        content(p, "reading")
                                + outcome(() -> p.open("reading", O_WRONLY, 0))
                                + outcome(() -> p.open("reading", O_RDONLY | O_TRUNC, 0))
                                + outcome(() -> p.call("truncate", "reading", 0))
                                + outcome(() -> p.call("truncate", "writing", 2))
                                + outcome(() -> p.open("writing", O_RDWR, 0))
                                + outcome(() -> p.open("own", O_RDONLY, 0))
                                + outcome(() -> p.open("group", O_RDONLY, 0)));
    }

    static String accessTellsOfAnotherUser(LinuxPosix p) {
        owned(p, "a", 0640, USER, GROUP);
        owned(p, "x", 0000, 0, 0);
        owned(p, "s", 0711, 0, 0);
        return access(p, 0, "a")
                + access(p, 0, "x")
                + access(p, 0, "s")
                + access(p, USER, "a")
                + access(p, USER, "s")
                + access(p, OTHER, "a")
                + access(p, OTHER, "x")
                + access(p, OTHER, "missing", GROUP)
                + access(p, OTHER, "a", GROUP);
    }

    private static String access(LinuxPosix p, int uid, String path, int... groups) {
        return as(
                p,
                uid,
                groups,
                () -> {
                    String seen = " ";
                    for (int wanted = 0; wanted < 8; wanted++) {
                        int mode = wanted;
                        Object[] arguments = {Fcntl.AT_FDCWD, path, mode, Fcntl.AT_EACCESS};
                        seen += outcome(() -> p.call("faccessat2", arguments)).charAt(0);
                    }
                    return seen;
                });
    }

    static String furtherGroupsCount(LinuxPosix p) {
        directory(p, "d", 0770, 0, GROUP);
        owned(p, "d/f", 0660, 0, GROUP);
        String seen =
                as(
                        p,
                        USER,
                        new int[] {7, GROUP, 9},
                        () ->
                                content(p, "d/f")
                                        + outcome(() -> file(p, "d/g", "x"))
                                        + outcome(() -> p.mkdir("d/h", 0755))
                                        + outcome(() -> p.symlink("x", "d/l"))
                                        + outcome(() -> p.mknod("d/n", Stat.S_IFIFO | 0600))
                                        + outcome(() -> p.link("d/f", "d/m"))
                                        + outcome(() -> p.rename("d/m", "d/o", 0))
                                        + outcome(() -> p.unlink("d/o"))
                                        + outcome(
                                                () ->
                                                        p.close(
                                                                p.openAny(
                                                                        "d",
                                                                        Fcntl.O_TMPFILE | 2,
                                                                        0600)))
                                        + owner(p, "d/g"));
        return seen + as(p, USER, new int[] {7}, () -> outcome(() -> p.list("d"))) + p.list("d");
    }

    static String setGroupIdDirectoriesAndTheirMakers(LinuxPosix p) {
        directory(p, "d", 02777, 0, GROUP);
        Supplier<String> making =
                () -> {
                    String name = "d/" + p.list("d").size();
                    p.close(p.open(name + "f", O_RDWR | O_CREAT, 02775));
                    p.mkdir(name + "d", 0755);
                    p.symlink("x", name + "l");
                    p.mknod(name + "n", Stat.S_IFIFO | 02770);
                    int fd = p.openAny("d", O_RDWR | Fcntl.O_TMPFILE, 02775);
                    Stat nameless = p.fstat(fd);
                    p.close(fd);
                    String seen = nameless.gid() + ":" + Integer.toOctalString(nameless.mode());
                    for (char kind : new char[] {'f', 'd', 'l', 'n'}) {
                        seen += " " + owner(p, name + kind) + ":" + mode(p, name + kind);
                    }
                    return seen;
                };
        return as(p, USER, making)
                + " / "
                + as(p, USER, new int[] {GROUP}, making)
                + " / "
                + making.get();
    }

    static String chmodDropsAGroupThatIsNotOnes(LinuxPosix p) {
        owned(p, "a", 0755, USER, GROUP);
        String seen = as(p, USER, () -> outcome(() -> p.chmod("a", 02755)) + mode(p, "a"));
        int[] member = {GROUP};
        seen += as(p, USER, member, () -> outcome(() -> p.chmod("a", 06755)) + mode(p, "a"));
        seen += as(p, OTHER, member, () -> outcome(() -> p.chmod("a", 0777)));
        return seen + as(p, USER, () -> outcome(() -> p.chmod("a", 01644)) + mode(p, "a"));
    }

    static String ownersGiveToTheirGroupsOnly(LinuxPosix p) {
        owned(p, "a", 0755, USER, USER);
        int[] groups = {7, GROUP};
        return as(
                        p,
                        USER,
                        groups,
                        () ->
                                outcome(() -> p.chown("a", -1, GROUP))
                                        + outcome(() -> p.chown("a", -1, 8))
                                        + outcome(() -> p.chown("a", USER, 7))
                                        + outcome(() -> p.chown("a", OTHER, -1))
                                        + outcome(() -> p.chown("a", -1, -1))
                                        + owner(p, "a"))
                + as(p, OTHER, groups, () -> outcome(() -> p.chown("a", -1, GROUP)))
                + as(p, OTHER, groups, () -> outcome(() -> p.chown("a", -1, -1)));
    }

    /** The bits of a file of all, after a user and after root has done something to it. */
    static String bitsAfter(LinuxPosix p, int bits, Runnable change) {
        String seen = "";
        for (int uid : new int[] {OTHER, USER, 0}) {
            owned(p, "a", bits, USER, USER);
            seen += as(p, uid, () -> outcome(change)) + mode(p, "a") + " ";
            p.unlink("a");
        }
        return seen;
    }

    private static void withFile(LinuxPosix p, int flags, java.util.function.IntConsumer change) {
        int fd = p.open("a", flags, 0);
        try {
            change.accept(fd);
        } finally {
            p.close(fd);
        }
    }

    static String writingClearsSetUserId(LinuxPosix p) {
        Runnable write = () -> withFile(p, O_RDWR, fd -> p.write(fd, 0, new byte[] {'x'}));
        return bitsAfter(p, 06777, write) + bitsAfter(p, 02767, write) + bitsAfter(p, 04666, write);
    }

    static String truncatingClearsSetUserId(LinuxPosix p) {
        return bitsAfter(p, 06777, () -> p.call("truncate", "a", 1))
                + bitsAfter(p, 02767, () -> p.call("truncate", "a", 1))
                + bitsAfter(p, 06777, () -> withFile(p, O_RDWR, fd -> p.ftruncate(fd, 9)))
                + bitsAfter(p, 06777, () -> withFile(p, O_RDWR | O_TRUNC, fd -> {}));
    }

    static String allocatingAndCopyingClearSetUserId(LinuxPosix p) {
        return bitsAfter(p, 06777, () -> withFile(p, O_RDWR, fd -> p.fallocate(fd, 0, 0, 99)))
                + bitsAfter(p, 06777, () -> withFile(p, O_RDWR, fd -> p.fallocate(fd, 3, 0, 2)))
                + bitsAfter(p, 06777, () -> withFile(p, O_RDWR, fd -> p.copy(fd, 0, fd, 2, 2)));
    }

    static String chownClearsSetUserIdButOfDirectories(LinuxPosix p) {
        String seen =
                bitsAfter(p, 06777, () -> p.chown("a", -1, USER))
                        + bitsAfter(p, 06767, () -> p.chown("a", USER, -1))
                        + bitsAfter(p, 06777, () -> p.chown("a", -1, -1))
                        + bitsAfter(p, 07666, () -> p.chown("a", -1, USER));
        directory(p, "d", 06777, 0, 0);
        p.chown("d", USER, GROUP);
        return seen + mode(p, "d");
    }

    /** What a user, another who may write, another who may not, and root come to. */
    private static String times(LinuxPosix p, long atime, long mtime) {
        String seen = " ";
        byte[] times = longs(7, atime, 8, mtime);
        for (int mode : new int[] {0644, 0666}) {
            for (int uid : new int[] {OTHER, USER, 0}) {
                owned(p, "a", mode, USER, USER);
                p.utimes("a", 5_000_000_000L, 5_000_000_000L);
                seen +=
                        as(
                                p,
                                uid,
                                () ->
                                        outcome(
                                                () ->
                                                        p.call(
                                                                "utimensat",
                                                                Fcntl.AT_FDCWD,
                                                                "a",
                                                                times,
                                                                0)));
                Stat stat = p.lstat("a");
                seen += (short) Math.min(stat.atime() / Stat.NANOS, 9);
                seen += (short) Math.min(stat.mtime() / Stat.NANOS, 9);
                p.unlink("a");
            }
        }
        return seen;
    }

    static String timesAreSetByOwnersAndTouchedByWriters(LinuxPosix p) {
        return times(p, 0, 0)
                + times(p, UTIME_NOW, UTIME_NOW)
                + times(p, UTIME_OMIT, UTIME_OMIT)
                + times(p, UTIME_NOW, UTIME_OMIT)
                + times(p, UTIME_OMIT, 0)
                + times(p, 0, UTIME_NOW)
                + times(p, Stat.NANOS, 0);
    }

    static String umaskTakesBitsAway(LinuxPosix p) {
        p.call("umask", 027);
        try {
            p.close(p.open("f", O_RDWR | O_CREAT, 0666));
            p.mkdir("d", 0777);
            p.mknod("n", Stat.S_IFIFO | 0666);
            p.symlink("x", "l");
            int fd = p.openAny(".", O_RDWR | Fcntl.O_TMPFILE, 0666);
            String seen = Integer.toOctalString(p.fstat(fd).permissions());
            p.close(fd);
            p.chmod("n", 0777);
            return seen + mode(p, "f") + mode(p, "d") + mode(p, "n") + mode(p, "l");
        } finally {
            p.call("umask", 0);
        }
    }

    static String handlesKeepWhatTheyMay(LinuxPosix p) {
        directory(p, "d", 0777, 0, 0);
        return as(
                p,
                USER,
                () -> {
                    int fd = p.open("d/a", O_RDWR | O_CREAT, 0444);
                    p.write(fd, 0, new byte[] {'t', 'e', 'x', 't'});
                    p.call("fchmod", fd, 0);
                    p.ftruncate(fd, 3);
                    p.fallocate(fd, 0, 0, 5);
                    String seen = text(p, fd) + outcome(() -> p.open("d/a", O_RDONLY, 0));
                    p.close(fd);
                    return seen + outcome(() -> p.call("truncate", "d/a", 0));
                });
    }

    static String movingADirectoryNeedsItWritable(LinuxPosix p) {
        directory(p, "d", 0777, 0, 0);
        directory(p, "e", 0777, 0, 0);
        directory(p, "d/own", 0500, USER, USER);
        directory(p, "d/foreign", 0755, 0, 0);
        return as(
                p,
                USER,
                () ->
                        outcome(() -> p.rename("d/own", "e/own", 0))
                                + outcome(() -> p.rename("d/own", "d/renamed", 0))
                                + outcome(() -> p.rename("d/foreign", "e/foreign", 0))
                                + outcome(() -> p.rename("d/foreign", "d/renamed2", 0)));
    }

    static String usersMakeNoDevices(LinuxPosix p) {
        directory(p, "d", 0777, 0, 0);
        return as(
                p,
                USER,
                () ->
                        outcome(() -> p.call("mknodat", Fcntl.AT_FDCWD, "d/c", 020600, 0x103))
                                + outcome(() -> p.mknod("d/f", Stat.S_IFIFO | 0600))
                                + outcome(() -> p.mknod("d/s", 0140600))
                                + p.list("d"));
    }

    static String noAccessTimeIsForOwners(LinuxPosix p) {
        owned(p, "a", 0666, USER, USER);
        Runnable open = () -> p.close(p.open("a", O_RDONLY | Fcntl.O_NOATIME, 0));
        return as(p, OTHER, () -> outcome(open)) + as(p, USER, () -> outcome(open)) + outcome(open);
    }
}
