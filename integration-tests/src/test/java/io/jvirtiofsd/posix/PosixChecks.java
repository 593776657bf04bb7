package io.jvirtiofsd.posix;

import static io.jvirtiofsd.posix.Posix.EXCHANGE;
import static io.jvirtiofsd.posix.Posix.NOREPLACE;
import static io.jvirtiofsd.posix.Posix.O_CREAT;
import static io.jvirtiofsd.posix.Posix.O_EXCL;
import static io.jvirtiofsd.posix.Posix.O_RDONLY;
import static io.jvirtiofsd.posix.Posix.O_RDWR;
import static io.jvirtiofsd.posix.Posix.O_TRUNC;
import static io.jvirtiofsd.posix.Posix.O_WRONLY;

import io.jvirtiofsd.fake.FuseErrorException;
import io.jvirtiofsd.fuse.Errno;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * What POSIX programs rely on, one small method each, named as a statement: files, names and links.
 * A check tells what came of it in a word or two; the host's own answer is the right one. Each
 * begins in an empty directory, as root.
 */
final class PosixChecks {
    private PosixChecks() {}

    /** The errno's name, or "done". */
    static String outcome(Runnable call) {
        try {
            call.run();
            return "done";
        } catch (FuseErrorException e) {
            return Errno.name(e.errno());
        }
    }

    static int make(Posix p, String path) {
        return p.open(path, O_RDWR | O_CREAT | O_EXCL, 0644);
    }

    static void file(Posix p, String path, String content) {
        int fd = make(p, path);
        p.write(fd, 0, content.getBytes(StandardCharsets.UTF_8));
        p.close(fd);
    }

    static String content(Posix p, String path) {
        int fd = p.open(path, O_RDONLY, 0);
        String text = text(p, fd);
        p.close(fd);
        return text;
    }

    static String text(Posix p, int fd) {
        return new String(p.read(fd, 0, 100), StandardCharsets.UTF_8).replace('\0', '0');
    }

    static String renameOverExistingReplaces(Posix p) {
        file(p, "a", "new");
        file(p, "b", "old");
        p.rename("a", "b", 0);
        return content(p, "b") + " " + p.list("");
    }

    static String renamedOverFileStaysReadable(Posix p) {
        file(p, "a", "new");
        file(p, "b", "old");
        int fd = p.open("b", O_RDONLY, 0);
        p.rename("a", "b", 0);
        String text = text(p, fd) + p.fstat(fd).nlink();
        p.close(fd);
        return text;
    }

    static String renameOverEmptyDirectoryReplaces(Posix p) {
        p.mkdir("a", 0700);
        p.mkdir("b", 0755);
        p.rename("a", "b", 0);
        return p.list("") + Integer.toOctalString(p.lstat("b").mode());
    }

    static String renameOverFullDirectoryIsRefused(Posix p) {
        p.mkdir("a", 0700);
        p.mkdir("b", 0755);
        p.mkdir("b/c", 0755);
        return outcome(() -> p.rename("a", "b", 0));
    }

    static String renameOfFileOverDirectoryIsRefused(Posix p) {
        file(p, "a", "");
        p.mkdir("b", 0755);
        return outcome(() -> p.rename("a", "b", 0)) + outcome(() -> p.rename("b", "a", 0));
    }

    static String renameIntoItselfIsRefused(Posix p) {
        p.mkdir("a", 0755);
        p.mkdir("a/b", 0755);
        return outcome(() -> p.rename("a", "a/b/c", 0)) + outcome(() -> p.rename("a/b", "a", 0));
    }

    static String renameNoreplaceKeepsWhatIsThere(Posix p) {
        file(p, "a", "new");
        file(p, "b", "old");
        String answer = outcome(() -> p.rename("a", "b", NOREPLACE));
        return answer + content(p, "b") + outcome(() -> p.rename("a", "c", NOREPLACE));
    }

    static String renameExchangeSwaps(Posix p) {
        file(p, "a", "first");
        file(p, "b", "second");
        return outcome(() -> p.rename("a", "b", EXCHANGE)) + content(p, "a");
    }

    static String renameOfTwoNamesOfOneFileDoesNothing(Posix p) {
        file(p, "a", "x");
        p.link("a", "b");
        return outcome(() -> p.rename("a", "b", 0)) + p.list("");
    }

    static String renamedDirectoryKeepsWhatIsOpenBelow(Posix p) {
        p.mkdir("a", 0755);
        p.mkdir("a/b", 0755);
        int fd = make(p, "a/b/f");
        p.rename("a", "c", 0);
        p.write(fd, 0, new byte[] {'x', 'y'});
        p.close(fd);
        return content(p, "c/b/f") + outcome(() -> p.lstat("a/b/f"));
    }

    static String renameOfMissingIsRefused(Posix p) {
        return outcome(() -> p.rename("a", "b", 0));
    }

    static String unlinkedFileStaysReadable(Posix p) {
        file(p, "a", "text");
        int fd = p.open("a", O_RDWR, 0);
        p.unlink("a");
        p.write(fd, 4, new byte[] {'!'});
        String seen = text(p, fd) + p.fstat(fd).nlink() + p.fstat(fd).size();
        p.ftruncate(fd, 2);
        seen += text(p, fd) + p.list("");
        p.close(fd);
        return seen;
    }

    static String createExclusiveOfExistingIsRefused(Posix p) {
        file(p, "a", "");
        p.symlink("nowhere", "l");
        return outcome(() -> make(p, "a")) + outcome(() -> make(p, "l"));
    }

    static String createDoesNotFollowLinks(Posix p) {
        p.symlink("b", "a");
        return outcome(() -> p.open("a", O_RDWR | O_CREAT, 0644)) + p.list("");
    }

    static String createOpensWhatIsThere(Posix p) {
        file(p, "a", "text");
        int fd = p.open("a", O_RDWR | O_CREAT, 0600);
        String text = text(p, fd) + Integer.toOctalString(p.lstat("a").mode());
        p.close(fd);
        return text;
    }

    static String truncatingOpenEmpties(Posix p) {
        file(p, "a", "text");
        p.close(p.open("a", O_WRONLY | O_TRUNC, 0));
        return "" + p.lstat("a").size();
    }

    static String openDirectoryForWriteIsEisdir(Posix p) {
        p.mkdir("a", 0755);
        return outcome(() -> p.open("a", O_WRONLY, 0)) + outcome(() -> p.open("a", O_RDWR, 0));
    }

    static String handlesAllowWhatTheyWereOpenedFor(Posix p) {
        file(p, "a", "text");
        int reading = p.open("a", O_RDONLY, 0);
        int writing = p.open("a", O_WRONLY, 0);
        return outcome(() -> p.write(reading, 0, new byte[1]))
                + outcome(() -> p.read(writing, 0, 1))
                + outcome(() -> p.ftruncate(reading, 0))
                + outcome(() -> p.close(reading))
                + outcome(() -> p.close(writing));
    }

    static String rmdirOfFullDirectoryIsRefused(Posix p) {
        p.mkdir("a", 0755);
        file(p, "a/b", "");
        return outcome(() -> p.rmdir("a"));
    }

    static String rmdirAndUnlinkKeepToTheirKind(Posix p) {
        file(p, "a", "");
        p.mkdir("b", 0755);
        p.symlink("b", "l");
        return outcome(() -> p.rmdir("a"))
                + outcome(() -> p.unlink("b"))
                + outcome(() -> p.rmdir("l"));
    }

    static String mkdirNeedsAFreeNameInADirectory(Posix p) {
        file(p, "a", "");
        return outcome(() -> p.mkdir("a", 0755))
                + outcome(() -> p.mkdir("b/c", 0755))
                + outcome(() -> p.mkdir("a/c", 0755));
    }

    static String mkdirInRemovedDirectoryIsRefused(Posix p) {
        p.mkdir("a", 0755);
        p.lstat("a");
        p.rmdir("a");
        return outcome(() -> p.mkdir("a/b", 0755));
    }

    static String hardLinksAreOneFile(Posix p) {
        file(p, "a", "text");
        p.mkdir("d", 0755);
        p.link("a", "d/b");
        boolean same = p.lstat("a").ino() == p.lstat("d/b").ino();
        int links = p.lstat("a").nlink();
        p.truncate("a", 2);
        p.unlink("a");
        return same + " " + links + content(p, "d/b") + p.lstat("d/b").nlink();
    }

    static String hardLinkNeedsAFreeName(Posix p) {
        file(p, "a", "");
        file(p, "b", "");
        return outcome(() -> p.link("a", "b")) + outcome(() -> p.link("c", "d"));
    }

    static String hardLinkOfDirectoryIsRefused(Posix p) {
        p.mkdir("a", 0755);
        return outcome(() -> p.link("a", "b"));
    }

    static String hardLinkOfSymlinkIsTheLink(Posix p) {
        p.symlink("target", "a");
        return outcome(() -> p.link("a", "b")) + outcome(() -> p.readlink("b"));
    }

    static String symlinkKeepsItsTarget(Posix p) {
        List<String> seen = new ArrayList<>();
        for (String target : new String[] {"../a/b", "/x", "nowhere", "\u00e9"}) {
            p.symlink(target, "l");
            seen.add(p.readlink("l") + p.lstat("l").size());
            p.unlink("l");
        }
        return seen.toString();
    }

    static String symlinkKeepsOddTargets(Posix p) {
        p.symlink("a//b/./c/", "l");
        return p.readlink("l");
    }

    static String symlinkHasAllPermissions(Posix p) {
        p.symlink("x", "l");
        return Integer.toOctalString(p.lstat("l").mode());
    }

    static String readlinkOfFileIsRefused(Posix p) {
        file(p, "a", "");
        return outcome(() -> p.readlink("a"));
    }

    static String namesHaveUpTo255Bytes(Posix p) {
        String longest = "n".repeat(255);
        file(p, longest, "");
        return p.list("").get(0).length() + outcome(() -> file(p, longest + "n", ""));
    }

    static String namesMayLookOdd(Posix p) {
        for (String name :
                new String[] {"...", " ", "a\\b", "*", "\u00e9\ud83d\ude00", "-", "a:b"}) {
            file(p, name, name);
        }
        return p.list("").toString() + content(p, "a\\b");
    }

    static String readdirSeesAllOfManyEntries(Posix p) {
        for (int i = 0; i < 300; i++) {
            file(p, "name-" + i, "");
        }
        List<String> seen = p.list("");
        return seen.size() + " " + seen.hashCode();
    }

    static String readdirKnowsTypes(Posix p) {
        file(p, "file", "");
        p.mkdir("directory", 0755);
        p.symlink("x", "link");
        return p.list("").toString();
    }

    static String fifosAreMade(Posix p) {
        return outcome(() -> p.mknod("fifo", Stat.S_IFIFO | 0600)) + p.list("");
    }

    static String inodeNumberStaysOverRename(Posix p) {
        file(p, "a", "");
        long ino = p.lstat("a").ino();
        p.mkdir("d", 0755);
        p.rename("a", "d/b", 0);
        return "" + (ino == p.lstat("d/b").ino());
    }

    static String newFileIsAnotherInode(Posix p) {
        file(p, "a", "");
        int fd = p.open("a", O_RDONLY, 0);
        long ino = p.lstat("a").ino();
        p.unlink("a");
        file(p, "a", "");
        boolean other = ino != p.lstat("a").ino();
        p.close(fd);
        return "" + other;
    }
}
