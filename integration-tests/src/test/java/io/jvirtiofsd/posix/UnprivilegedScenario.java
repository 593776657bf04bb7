package io.jvirtiofsd.posix;

import static io.jvirtiofsd.posix.Posix.O_RDONLY;
import static io.jvirtiofsd.posix.Posix.O_RDWR;
import static io.jvirtiofsd.posix.PosixChecks.content;
import static io.jvirtiofsd.posix.PosixChecks.file;
import static io.jvirtiofsd.posix.PosixChecks.outcome;

import io.jvirtiofsd.linux.Syscalls;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * What a user who is not root can do in a tree that is partly others'; the same for a process of
 * that user on the host and for the root of a guest whose daemon runs as that user.
 *
 * <pre>
 * tree/          user 4000
 *   foreign      root, 0644
 *   foreign2     root, 0644
 *   secret       root, 0600
 *   group        root, 0660, of a group the user is a member of
 *   locked/file  root, the directory 0700
 *   open/file    root, the directory 0777
 *   sticky/file  root, the directory 01777
 *   sgid/        root, 02777, of a group the user is no member of
 * </pre>
 */
final class UnprivilegedScenario {
    static final int USER = 4000;
    static final int GROUP = 4001;
    private static final int OTHERS = 4002;
    private static final int BLOCK_DEVICE = 060000;
    private static final int NOBODY = 65534;

    private final Posix p;
    private final List<String> lines = new ArrayList<>();

    private UnprivilegedScenario(Posix p) {
        this.p = p;
    }

    /** To be done by root, without a umask. */
    static void prepare(Path tree) throws IOException {
        Syscalls syscalls = Syscalls.load();
        int umask = syscalls.umask(0);
        try {
            Files.createDirectories(tree);
            for (String directory : List.of("locked", "open", "sticky")) {
                Files.createDirectory(tree.resolve(directory));
                make(tree, directory + "/file", 0644, 0);
            }
            Files.createDirectory(tree.resolve("sgid"));
            set(tree.resolve("locked"), 0700, 0);
            set(tree.resolve("open"), 0777, 0);
            set(tree.resolve("sticky"), 01777, 0);
            set(tree.resolve("sgid"), 02777, OTHERS);
            make(tree, "foreign", 0644, 0);
            make(tree, "foreign2", 0644, 0);
            make(tree, "secret", 0600, 0);
            make(tree, "group", 0660, GROUP);
            Files.setAttribute(tree, "unix:uid", USER);
            Files.setAttribute(tree, "unix:gid", USER);
        } finally {
            syscalls.umask(umask);
        }
    }

    private static void make(Path tree, String name, int mode, int gid) throws IOException {
        set(Files.writeString(tree.resolve(name), "text"), mode, gid);
    }

    private static void set(Path path, int mode, int gid) throws IOException {
        Files.setAttribute(path, "unix:gid", gid);
        Files.setAttribute(path, "unix:mode", mode);
    }

    /** One line for each thing done, with what came of it. */
    static String run(Posix tree) {
        UnprivilegedScenario scenario = new UnprivilegedScenario(tree);
        scenario.whatItMakes();
        scenario.whatItOwns();
        scenario.whatIsOthers();
        return String.join("\n", scenario.lines);
    }

    private void step(String what, Runnable call) {
        lines.add(what + " -> " + outcome(call));
    }

    private void see(String path) {
        Stat stat = p.lstat(path);
        lines.add("%s is %o %d:%d".formatted(path, stat.mode(), stat.uid(), stat.gid()));
    }

    private void write(String path) {
        int fd = p.open(path, O_RDWR, 0);
        p.write(fd, 0, new byte[] {'x'});
        p.close(fd);
    }

    private void whatItMakes() {
        step("create", () -> file(p, "made", "text"));
        step("mkdir", () -> p.mkdir("directory", 0750));
        step("symlink", () -> p.symlink("made", "link"));
        step("fifo", () -> p.mknod("fifo", Stat.S_IFIFO | 0640));
        step("device", () -> p.mknod("device", BLOCK_DEVICE | 0600));
        step("create among others", () -> file(p, "open/made", "text"));
        step("mkdir with the group of others", () -> p.mkdir("sgid/directory", 0755));
        step("create with the group of others", () -> file(p, "sgid/made", "text"));
        for (String path : List.of("made", "directory", "link", "fifo", "open/made")) {
            see(path);
        }
        see("sgid/directory");
        see("sgid/made");
    }

    private void whatItOwns() {
        step("chown to oneself", () -> p.chown("made", USER, -1));
        step("chown to nobody", () -> p.chown("made", NOBODY, -1));
        step("chgrp to a group of one's own", () -> p.chown("made", -1, GROUP));
        step("chgrp to others", () -> p.chown("made", -1, OTHERS));
        step("chmod", () -> p.chmod("made", 06755));
        step("chmod of a file of others' group", () -> p.chmod("sgid/made", 02755));
        see("made");
        see("sgid/made");
        step("write", () -> write("made"));
        see("made");
        step("chmod again", () -> p.chmod("made", 06755));
        step("chgrp clears", () -> p.chown("made", -1, GROUP));
        see("made");
        step("truncate", () -> p.truncate("made", 2));
        step("close to oneself", () -> p.chmod("made", 0));
        step("open what is closed", () -> p.close(p.open("made", O_RDONLY, 0)));
        step("close a directory to oneself", () -> p.chmod("directory", 0));
        step("list it", () -> p.list("directory"));
    }

    private void whatIsOthers() {
        step("read", () -> content(p, "foreign"));
        step("write", () -> p.close(p.open("foreign", O_RDWR, 0)));
        step("truncate", () -> p.truncate("foreign", 0));
        step("chmod", () -> p.chmod("foreign", 0666));
        step("chown", () -> p.chown("foreign", USER, USER));
        step("utimes", () -> p.utimes("foreign", 1, 2));
        step("link", () -> p.link("foreign", "linked"));
        step("rename in one's own directory", () -> p.rename("foreign", "renamed", 0));
        step("unlink in one's own directory", () -> p.unlink("foreign2"));
        step("read a secret", () -> content(p, "secret"));
        step("stat a secret", () -> p.lstat("secret"));
        step("read and write by a group", () -> p.close(p.open("group", O_RDWR, 0)));
        step("reach into a closed directory", () -> p.lstat("locked/file"));
        step("list a closed directory", () -> p.list("locked"));
        step("create in a closed directory", () -> file(p, "locked/made", ""));
        step("unlink in an open directory", () -> p.unlink("open/file"));
        step("unlink in a sticky directory", () -> p.unlink("sticky/file"));
        step("rename in a sticky directory", () -> p.rename("sticky/file", "sticky/moved", 0));
        step("create in a sticky directory", () -> file(p, "sticky/made", ""));
    }
}
