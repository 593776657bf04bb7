package io.jvirtiofsd.posix;

import static io.jvirtiofsd.posix.Posix.EXCHANGE;
import static io.jvirtiofsd.posix.Posix.O_RDONLY;
import static io.jvirtiofsd.posix.Posix.O_RDWR;
import static io.jvirtiofsd.posix.Posix.O_TRUNC;
import static io.jvirtiofsd.posix.Posix.O_WRONLY;
import static io.jvirtiofsd.posix.PosixChecks.content;
import static io.jvirtiofsd.posix.PosixChecks.file;
import static io.jvirtiofsd.posix.PosixChecks.outcome;
import static io.jvirtiofsd.posix.PosixChecks.text;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.jvirtiofsd.fake.FuseErrorException;
import io.jvirtiofsd.fuse.Errno;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.Supplier;

/**
 * What can be seen of a tree that was there before, and what comes of each kind of change to it: on
 * a file system that is read-only, on one that copies a file when it is first changed, and on any
 * other. Each change has a file of its own.
 *
 * <pre>
 * tree/
 *   file, write, chmod, ...   of user 1000, each with a text, and user.x
 *   hard1, hard2              one file
 *   big, sparse               300 KB of data; a megabyte with data in its midst
 *   suid                      06755
 *   link, fifo
 *   directory/sub/deep
 * </pre>
 */
final class StandingTree {
    private static final int USER = 1000;
    private static final int GROUP = 1001;
    private static final int BIG_BYTES = 300_000;
    private static final int SPARSE_BYTES = 1 << 20;
    private static final int READ_BYTES = 100_000;
    private static final int SEEK_DATA = 3;
    private static final int SEEK_HOLE = 4;
    private static final int KEEP_SIZE = 1;
    private static final int PUNCH_HOLE = 2;
    private static final int ZERO_RANGE = 0x10;
    private static final int NOATIME = 0x80; // linux/fs.h FS_NOATIME_FL
    private static final int APPEND = 0x20; // linux/fs.h FS_APPEND_FL
    private static final long TIME = 1_600_000_000L * Stat.NANOS;

    private static final String[] FILES = {
        "file", "write", "truncate", "empty", "chmod", "chown", "utimes", "rename", "unlink",
        "allocate", "punch", "zero", "xattr", "longest", "flags", "swap", "beside", "replaced",
        "open"
    };

    private final Posix p;
    private final FileExtras extras;
    private final Map<String, String> steps = new TreeMap<>();

    private StandingTree(Posix p, FileExtras extras) {
        this.p = p;
        this.extras = extras;
    }

    /** In an empty directory. */
    static void prepare(Posix p, FileExtras extras) {
        for (String name : FILES) {
            file(p, name, "text of " + name);
            extras.setXattr(name, "user.x", "value".getBytes(UTF_8));
            p.chown(name, USER, GROUP);
            p.chmod(name, 0640);
            p.utimes(name, TIME, TIME);
        }
        file(p, "hard1", "hard");
        p.link("hard1", "hard2");
        byte[] random = new byte[BIG_BYTES];
        new Random(1).nextBytes(random);
        p.close(written(p, "big", 0, random));
        int sparse = written(p, "sparse", SPARSE_BYTES / 2, new byte[] {1, 2, 3});
        p.ftruncate(sparse, SPARSE_BYTES);
        p.close(sparse);
        file(p, "suid", "suid");
        p.chmod("suid", 06755);
        p.symlink("directory/sub", "link");
        p.mknod("fifo", Stat.S_IFIFO | 0600);
        p.mkdir("directory", 0755);
        p.mkdir("directory/sub", 0700);
        file(p, "directory/sub/deep", "deep");
    }

    private static int written(Posix p, String name, long offset, byte[] data) {
        int fd = PosixChecks.make(p, name);
        p.write(fd, offset, data);
        return fd;
    }

    /** What came of each step. */
    static Map<String, String> run(Posix tree, FileExtras extras) {
        StandingTree run = new StandingTree(tree, extras);
        run.look();
        run.changeFiles();
        run.changeExtras();
        run.changeNames();
        run.lookAgain();
        return run.steps;
    }

    private void see(String step, Supplier<Object> question) {
        try {
            steps.put(step, "" + question.get());
        } catch (FuseErrorException e) {
            steps.put(step, Errno.name(e.errno()));
        }
    }

    private void step(String what, Runnable call) {
        steps.put(what, outcome(call));
    }

    private String stat(String path) {
        Stat stat = p.lstat(path);
        return "%o %d %d:%d %d"
                .formatted(
                        stat.mode(),
                        stat.nlink(),
                        stat.uid(),
                        stat.gid(),
                        stat.isDirectory() ? 0 : stat.size());
    }

    private interface Use {
        Object of(int fd);
    }

    private Object with(String path, int flags, Use use) {
        int fd = p.open(path, flags, 0);
        try {
            return use.of(fd);
        } finally {
            p.close(fd);
        }
    }

    private int hash(int fd) {
        int hash = 0;
        byte[] part;
        for (long at = 0; (part = p.read(fd, at, READ_BYTES)).length > 0; at += part.length) {
            hash = 31 * hash + Arrays.hashCode(part);
        }
        return hash;
    }

    private void look() {
        see("list", () -> p.list(""));
        see("list below", () -> p.list("directory/sub"));
        for (String path :
                new String[] {
                    "file", "hard1", "big", "sparse", "suid", "link", "fifo", "directory/sub"
                }) {
            see("stat " + path, () -> stat(path));
        }
        see("times", () -> p.lstat("file").mtime());
        see("one file", () -> p.lstat("hard1").ino() == p.lstat("hard2").ino());
        see("read", () -> content(p, "file"));
        see("read below", () -> content(p, "directory/sub/deep"));
        see("read all", () -> with("big", O_RDONLY, this::hash));
        see("read a hole", () -> with("sparse", O_RDONLY, this::hash));
        see("readlink", () -> p.readlink("link"));
        see("missing", () -> p.lstat("missing"));
        see("data", () -> with("sparse", O_RDONLY, fd -> p.lseek(fd, 0, SEEK_DATA)));
        see("hole", () -> with("sparse", O_RDONLY, fd -> p.lseek(fd, 0, SEEK_HOLE)));
        see("xattrs", () -> extras.xattrs("file"));
        see("xattr", () -> new String(extras.xattr("file", "user.x"), UTF_8));
        see("no xattr", () -> extras.xattr("file", "user.y"));
        see("flags", () -> with("file", O_RDONLY, extras::flags));
    }

    private void changeFiles() {
        see("open for both", () -> with("file", O_RDWR, fd -> text(p, fd)));
        see("write", () -> with("write", O_WRONLY, fd -> p.write(fd, 2, new byte[] {'!'})));
        see("empty", () -> with("empty", O_WRONLY | O_TRUNC, fd -> p.fstat(fd).size()));
        step("truncate", () -> p.truncate("truncate", 3));
        step("chmod", () -> p.chmod("chmod", 0604));
        step("chown", () -> p.chown("chown", 3, 4));
        step("chown clears", () -> p.chown("suid", 3, 4));
        step("chown of a link", () -> p.chown("link", 3, 4));
        step("utimes", () -> p.utimes("utimes", 5, 7));
        step("chmod below", () -> p.chmod("directory/sub", 0711));
        see("allocate", () -> allocate("allocate", 0));
        see("punch", () -> allocate("punch", PUNCH_HOLE | KEEP_SIZE));
        see("zero", () -> allocate("zero", ZERO_RANGE));
        see("write to one of two links", this::writeToALink);
        see("while open", this::whileOpen);
    }

    private Object allocate(String path, int mode) {
        return with(path, O_RDWR, fd -> outcome(() -> p.fallocate(fd, mode, 4, 10)) + text(p, fd));
    }

    /**
     * Who has a file open sees what others write, but not on layers: there it has the lower one.
     */
    private Object whileOpen() {
        return with(
                "open",
                O_RDONLY,
                reading -> {
                    Object done =
                            with(
                                    "open",
                                    O_RDWR,
                                    fd -> p.write(fd, 0, new byte[] {'T'}) + text(p, fd));
                    return done + text(p, reading) + content(p, "open");
                });
    }

    private Object writeToALink() {
        return with("hard1", O_WRONLY, fd -> p.write(fd, 0, new byte[] {'H'}))
                + content(p, "hard2")
                + (p.lstat("hard1").ino() == p.lstat("hard2").ino());
    }

    private void changeExtras() {
        for (String name :
                new String[] {"user.new", "trusted.new", "security.new", "nothing.new"}) {
            step("set " + name, () -> extras.setXattr("xattr", name, name.getBytes(UTF_8)));
        }
        step("set of a link", () -> extras.setXattr("link", "user.x", new byte[1]));
        step("remove", () -> extras.removeXattr("xattr", "user.x"));
        step("remove again", () -> extras.removeXattr("xattr", "user.x"));
        see("set xattrs", () -> extras.xattrs("xattr"));
        for (int bytes : new int[] {0, 1_000, 10_000, 65_536}) {
            step("set " + bytes, () -> extras.setXattr("longest", "user.x", new byte[bytes]));
            see("got " + bytes, () -> extras.xattr("longest", "user.x").length);
        }
        see("set flags", () -> with("flags", O_RDONLY, this::changeFlags));
    }

    private Object changeFlags(int fd) {
        int before = extras.flags(fd);
        return outcome(() -> extras.setFlags(fd, before | NOATIME))
                + (extras.flags(fd) & ~before)
                + outcome(() -> extras.setFlags(fd, before | APPEND))
                + (extras.flags(fd) & ~before)
                + outcome(() -> p.truncate("flags", 1))
                + outcome(() -> extras.setFlags(fd, before));
    }

    private void changeNames() {
        step("create", () -> file(p, "made", "text"));
        step("mkdir", () -> p.mkdir("directory/made", 0755));
        step("mknod", () -> p.mknod("node", Stat.S_IFIFO | 0600));
        step("symlink", () -> p.symlink("x", "symlink"));
        step("link", () -> p.link("file", "linked"));
        step("rename", () -> p.rename("rename", "renamed", 0));
        step("replace", () -> p.rename("beside", "replaced", 0));
        step("swap", () -> p.rename("swap", "file", EXCHANGE));
        step("rename of a directory", () -> p.rename("directory", "moved", 0));
        step("unlink", () -> p.unlink("unlink"));
        step("rmdir of what is full", () -> p.rmdir("directory"));
        step("mkdir of what is there", () -> p.mkdir("chmod", 0755));
        step("unlink of what is not", () -> p.unlink("missing"));
    }

    private void lookAgain() {
        for (String entry : p.list("")) {
            String path = entry.substring(0, entry.lastIndexOf(':'));
            if (!path.startsWith("hard")) {
                see("in the end " + path, () -> stat(path));
            }
        }
        see("list in the end", () -> p.list(""));
        see("list below in the end", () -> p.list("directory"));
        see("times in the end", () -> p.lstat("utimes").mtime());
        for (String path : new String[] {"write", "truncate", "file", "replaced"}) {
            see("content of " + path, () -> content(p, path));
        }
    }
}
