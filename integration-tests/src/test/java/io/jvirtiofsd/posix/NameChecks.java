package io.jvirtiofsd.posix;

import static io.jvirtiofsd.posix.Posix.EXCHANGE;
import static io.jvirtiofsd.posix.Posix.NOREPLACE;
import static io.jvirtiofsd.posix.Posix.O_CREAT;
import static io.jvirtiofsd.posix.Posix.O_RDONLY;
import static io.jvirtiofsd.posix.Posix.O_RDWR;
import static io.jvirtiofsd.posix.PosixChecks.content;
import static io.jvirtiofsd.posix.PosixChecks.file;
import static io.jvirtiofsd.posix.PosixChecks.make;
import static io.jvirtiofsd.posix.PosixChecks.outcome;
import static io.jvirtiofsd.posix.PosixChecks.text;

import io.jvirtiofsd.linux.Fcntl;
import io.jvirtiofsd.linux.Statx;
import io.jvirtiofsd.posix.LinuxPosix.Entry;
import io.jvirtiofsd.posix.SystemCalls.Data;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** The same for names, paths, links, directories being read, and kinds of nodes. */
final class NameChecks {
    private static final int WHITEOUT = 4;
    private static final int SMALL = 300; // bytes for a few entries at a time

    private NameChecks() {}

    static String longNamesAreRefusedEverywhere(LinuxPosix p) {
        String longest = "n".repeat(255);
        String tooLong = longest + "n";
        file(p, "a", "");
        p.mkdir(longest, 0755);
        p.symlink("x", longest + "/" + longest);
        p.link("a", longest + "/" + "m".repeat(255));
        String seen = p.list(longest).size() + outcome(() -> p.mkdir(tooLong, 0755));
        seen += outcome(() -> p.symlink("x", tooLong)) + outcome(() -> p.link("a", tooLong));
        seen += outcome(() -> p.rename("a", tooLong, 0)) + outcome(() -> p.lstat(tooLong));
        seen += outcome(() -> p.mknod(tooLong, Stat.S_IFREG | 0600));
        seen += outcome(() -> p.unlink(tooLong)) + outcome(() -> p.rename(tooLong, "a", 0));
        seen += outcome(() -> p.rename(longest, "z".repeat(255), 0)) + p.list("").size();
        return seen;
    }

    static String pathsAreShorterThanAPage(LinuxPosix p) {
        file(p, "a", "text");
        String longest = "./".repeat(2047) + "a"; // 4095 bytes, and the zero
        return outcome(() -> p.lstat(longest)) + outcome(() -> p.lstat("./" + longest));
    }

    static String deepDirectoriesAreReached(LinuxPosix p) {
        String path = "d";
        p.mkdir(path, 0755);
        for (int i = 0; i < 20; i++) {
            path += "/d";
            p.mkdir(path, 0755);
        }
        String deep = path;
        file(p, deep + "/f", "text");
        p.rename("d", "e", 0);
        String moved = "e" + deep.substring(1);
        return content(p, moved + "/f")
                + outcome(() -> p.lstat(deep))
                + outcome(() -> p.rename("e", moved + "/x", 0))
                + (p.lstat(moved + "/../..").ino()
                        == p.lstat(moved.substring(0, moved.length() - 4)).ino());
    }

    static String linksLeadToTheirTargets(LinuxPosix p) {
        p.mkdir("d", 0755);
        file(p, "d/f", "text");
        p.symlink("d", "l");
        p.symlink("l/f", "m");
        p.symlink("m", "n");
        int fd = p.openAny("n", O_RDONLY, 0);
        String seen = text(p, fd) + p.list("l/.") + content(p, "l/f");
        p.close(fd);
        p.call("linkat", Fcntl.AT_FDCWD, "n", Fcntl.AT_FDCWD, "o", Fcntl.AT_SYMLINK_FOLLOW);
        return seen + p.lstat("o").nlink() + p.lstat("n").size();
    }

    static String linksInACircleAreEloop(LinuxPosix p) {
        p.symlink("b", "a");
        p.symlink("a", "b");
        p.symlink("self/x", "self");
        return outcome(() -> p.openAny("a", O_RDONLY, 0))
                + outcome(() -> p.openAny("a", O_RDWR | O_CREAT, 0600))
                + outcome(() -> p.lstat("self/y"))
                + outcome(() -> p.mkdir("a/d", 0755))
                + outcome(() -> p.lstat("a"));
    }

    static String fortyLinksAreEnough(LinuxPosix p) {
        file(p, "l0", "text");
        for (int i = 1; i <= 41; i++) {
            p.symlink("l" + (i - 1), "l" + i);
        }
        return outcome(() -> p.close(p.openAny("l40", O_RDONLY, 0)))
                + outcome(() -> p.close(p.openAny("l41", O_RDONLY, 0)));
    }

    static String targetsHaveTheirLimits(LinuxPosix p) {
        p.symlink("t".repeat(4095 - 1), "a");
        return p.readlink("a").length()
                + outcome(() -> p.symlink("t".repeat(4096), "b"))
                + outcome(() -> p.symlink("", "c"))
                + new String(p.ask("readlinkat", -100, "a", new Data(3), 3).bytes().get(0));
    }

    static String dotsAndSlashesAreNoNames(LinuxPosix p) {
        p.mkdir("d", 0755);
        p.mkdir("d/e", 0755);
        file(p, "f", "");
        return outcome(() -> p.rmdir("d/."))
                + outcome(() -> p.rmdir("d/e/.."))
                + outcome(() -> p.rename("d/.", "x", 0))
                + outcome(() -> p.rename("d/e", "..", 0))
                + outcome(() -> p.unlink("f/"))
                + outcome(() -> p.mkdir("d/.", 0755))
                + outcome(() -> p.mkdir("n/", 0755))
                + outcome(() -> p.rename("n/", "m/", 0))
                + outcome(() -> p.rename("f", "g/", 0))
                + outcome(() -> p.lstat("f/"))
                + outcome(() -> p.rmdir("m/"))
                + outcome(() -> p.lstat("d//e///"));
    }

    static String namesAreBytes(LinuxPosix p) {
        byte[] odd = {(byte) 0xff, '\n', (byte) 0x80, 1, '\\'};
        int fd = (int) p.call("openat", Fcntl.AT_FDCWD, odd, O_RDWR | O_CREAT, 0600);
        p.close(fd);
        int names = p.list("").size();
        return names + outcome(() -> p.call("unlinkat", Fcntl.AT_FDCWD, odd, 0)) + p.list("");
    }

    static String namesDifferByCase(LinuxPosix p) {
        file(p, "a", "small");
        file(p, "A", "large");
        return content(p, "a") + content(p, "A");
    }

    private static List<String> names(List<Entry> entries) {
        return entries.stream().map(Entry::name).filter(name -> !name.startsWith(".")).toList();
    }

    private static void files(LinuxPosix p, int count) {
        p.mkdir("d", 0755);
        for (int i = 0; i < count; i++) {
            p.mknod("d/" + (100 + i), Stat.S_IFREG | 0600);
        }
    }

    static String removingWhileReadingMissesNothing(LinuxPosix p) {
        files(p, 100);
        int fd = p.open("d", O_RDONLY, 0);
        List<Entry> part;
        int seen = 0;
        Set<String> distinct = new HashSet<>();
        while (!(part = p.entries(fd, SMALL)).isEmpty()) {
            for (String name : names(part)) {
                p.unlink("d/" + name);
                distinct.add(name);
                seen++;
            }
        }
        p.close(fd);
        return seen + " " + distinct.size() + p.list("d") + outcome(() -> p.rmdir("d"));
    }

    static String addingWhileReadingShowsTheRestOnce(LinuxPosix p) {
        files(p, 60);
        int fd = p.open("d", O_RDONLY, 0);
        List<String> seen = new ArrayList<>();
        List<Entry> part;
        int added = 0;
        while (!(part = p.entries(fd, SMALL)).isEmpty()) {
            seen.addAll(names(part));
            if (added < 30) {
                p.mknod("d/new" + added++, Stat.S_IFREG | 0600);
            }
        }
        p.close(fd);
        List<String> old = seen.stream().filter(name -> !name.startsWith("new")).toList();
        return old.size() + " " + new TreeSet<>(old).size();
    }

    static String positionsOfDirectoriesStayGood(LinuxPosix p) {
        files(p, 50);
        int fd = p.open("d", O_RDONLY, 0);
        List<Entry> all = new ArrayList<>();
        List<Entry> part;
        while (!(part = p.entries(fd, SMALL)).isEmpty()) {
            all.addAll(part);
        }
        int right = 0;
        for (int i = all.size() - 2; i >= 0; i -= 3) {
            p.call("lseek", fd, all.get(i).next(), 0);
            right += p.entries(fd, SMALL).get(0).name().equals(all.get(i + 1).name()) ? 1 : 0;
        }
        p.mknod("d/late", Stat.S_IFREG | 0600);
        p.call("lseek", fd, 0, 0);
        Set<String> again = new TreeSet<>();
        while (!(part = p.entries(fd, SMALL)).isEmpty()) {
            again.addAll(names(part));
        }
        p.close(fd);
        return all.size() + " " + right + " " + again.size() + again.contains("late");
    }

    static String dotsOfDirectoriesAreThere(LinuxPosix p) {
        files(p, 1);
        int fd = p.open("d", O_RDONLY, 0);
        Set<String> names = new TreeSet<>();
        p.entries(fd, 4096).forEach(entry -> names.add(entry.name() + entry.type()));
        p.close(fd);
        return names.toString();
    }

    static String removedDirectoriesAreEmpty(LinuxPosix p) {
        p.mkdir("d", 0755);
        int fd = p.open("d", O_RDONLY, 0);
        p.rmdir("d");
        String seen =
                outcome(() -> p.entries(fd, 4096))
                        + p.fstat(fd).nlink()
                        + outcome(() -> p.call("openat", fd, "x", O_RDWR | O_CREAT, 0600))
                        + outcome(() -> p.call("mkdirat", fd, "x", 0700))
                        + outcome(() -> p.close((int) p.call("openat", fd, "..", O_RDONLY, 0)));
        p.close(fd);
        return seen;
    }

    static String renameOverAnOpenDirectoryRemovesIt(LinuxPosix p) {
        p.mkdir("a", 0755);
        p.mkdir("b", 0755);
        file(p, "a/f", "text");
        int fd = p.open("b", O_RDONLY, 0);
        int moved = p.open("a", O_RDONLY, 0);
        p.rename("a", "b", 0);
        String seen = p.fstat(fd).nlink() + "" + p.fstat(moved).nlink() + p.list("b");
        seen += outcome(() -> p.call("mkdirat", fd, "x", 0700));
        seen += outcome(() -> p.call("mkdirat", moved, "x", 0700)) + p.list("b");
        p.close(fd);
        p.close(moved);
        return seen;
    }

    static String renameFlagsHaveTheirRules(LinuxPosix p) {
        p.mkdir("d", 0755);
        p.mkdir("d/e", 0755);
        file(p, "f", "text");
        return outcome(() -> p.rename("f", "d", NOREPLACE | EXCHANGE))
                + outcome(() -> p.rename("f", "n", EXCHANGE))
                + outcome(() -> p.rename("n", "f", NOREPLACE))
                + outcome(() -> p.rename("d", "d/e", EXCHANGE))
                + outcome(() -> p.rename("d/e", "d", EXCHANGE))
                + outcome(() -> p.rename("f", "x", 64))
                + outcome(() -> p.rename("f", "d/e", EXCHANGE))
                + content(p, "d/e")
                + p.list("f")
                + outcome(() -> p.rename("d/e", "d/e", NOREPLACE));
    }

    static String whiteoutsStayBehind(LinuxPosix p) {
        file(p, "a", "text");
        String seen = outcome(() -> p.rename("a", "b", WHITEOUT)) + content(p, "b") + p.list("");
        return seen + outcome(() -> p.rename("b", "a", WHITEOUT | NOREPLACE)) + p.list("");
    }

    static String nodesAreOfTheirKind(LinuxPosix p) {
        String seen = "";
        for (int type : new int[] {0, 010, 01, 02, 06, 014, 04, 012, 017}) {
            String name = "n" + type;
            int mode = type << 12 | 0640;
            seen += outcome(() -> p.call("mknodat", Fcntl.AT_FDCWD, name, mode, 0x1234)) + " ";
        }
        var statx = p.statx(Fcntl.AT_FDCWD, "n2", 0);
        seen += statx.getInt(Statx.RDEV_MAJOR) + ":" + statx.getInt(Statx.RDEV_MINOR);
        return seen + p.list("");
    }

    static String listedInodeNumbersAreTheFiles(LinuxPosix p) {
        p.mkdir("d", 0755);
        file(p, "d/f", "");
        p.link("d/f", "g");
        int fd = make(p, "d/open");
        p.unlink("d/open");
        Stat before = p.fstat(fd);
        file(p, "d/open", "");
        boolean same = p.lstat("d/f").ino() == p.lstat("g").ino();
        boolean other = before.ino() != p.lstat("d/open").ino();
        p.close(fd);
        return same + " " + other + " " + p.lstat("d/f").nlink();
    }

    static String movedWorkingDirectoriesGoOn(LinuxPosix p) {
        p.mkdir("a", 0755);
        p.mkdir("a/b", 0755);
        p.mkdir("c", 0755);
        int home = p.open(".", O_RDONLY | Fcntl.O_DIRECTORY, 0);
        p.call("chdir", "a/b");
        try {
            p.call("renameat2", home, "a/b", home, "c/b", 0);
            file(p, "here", "text");
            String seen = content(p, "../b/here") + content(p, "../../c/b/here");
            p.call("unlinkat", home, "c/b/here", 0);
            p.call("unlinkat", home, "c/b", Fcntl.AT_REMOVEDIR);
            return seen + outcome(() -> file(p, "x", "")) + outcome(() -> p.lstat("."));
        } finally {
            p.call("chdir", "/proc/self/fd/" + home);
            p.close(home);
        }
    }
}
