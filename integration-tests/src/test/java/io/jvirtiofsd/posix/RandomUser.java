package io.jvirtiofsd.posix;

import io.jvirtiofsd.fake.FuseErrorException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/**
 * Does the same random things to two trees, and tells what came of them. Names are few, so that
 * most paths have been something before. Owned by the test.
 */
final class RandomUser {
    private static final String[] NAMES = {"a", "b", "c", "d", "\u00e9"};
    private static final int MAX_DEPTH = 3;
    private static final int MAX_OPEN = 12;
    private static final int[] OPEN_FLAGS = {0, 1, 2, 2, 2 | Posix.O_TRUNC, Posix.O_TRUNC, 1};
    private static final long[] OFFSETS = {0, 0, 1, 100, 4095, 4096, 10_000, 40_000};

    private final Random random;
    private final int[] modes;
    private final boolean linksSymlinks;
    private final List<int[]> open = new ArrayList<>(); // a descriptor of each tree
    private final Posix[] trees;

    /** {@code linksSymlinks}: whether hard links to symbolic links are made. */
    RandomUser(long seed, int[] modes, boolean linksSymlinks, Posix... trees) {
        this.random = new Random(seed);
        this.linksSymlinks = linksSymlinks;
        this.modes = modes;
        this.trees = trees;
    }

    /** One thing to do on one of the trees, with what it gives. */
    @FunctionalInterface
    private interface Call {
        Object on(Posix tree, int index);
    }

    private static String answer(Call call, Posix tree, int index) {
        try {
            return String.valueOf(call.on(tree, index));
        } catch (FuseErrorException e) {
            return "errno " + e.errno();
        }
    }

    private String path() {
        StringBuilder path = new StringBuilder(name());
        int depth = random.nextInt(MAX_DEPTH);
        for (int i = 0; i < depth; i++) {
            path.append('/').append(name());
        }
        return path.toString();
    }

    private String name() {
        return NAMES[random.nextInt(NAMES.length)];
    }

    private int mode() {
        return modes[random.nextInt(modes.length)];
    }

    private long offset() {
        return OFFSETS[random.nextInt(OFFSETS.length)];
    }

    private byte[] data() {
        byte[] data =
                new byte[random.nextInt(20) == 0 ? random.nextInt(20_000) : random.nextInt(500)];
        random.nextBytes(data);
        return data;
    }

    /** Everything that does not depend on when and where. */
    private static String stat(Stat stat) {
        boolean link = stat.type() == Stat.S_IFLNK;
        boolean directory = stat.isDirectory();
        return "mode 0%o size %d nlink %d owner %d:%d"
                .formatted(
                        link ? stat.type() : stat.mode(),
                        directory ? 0 : stat.size(),
                        directory ? 0 : stat.nlink(),
                        stat.uid(),
                        stat.gid());
    }

    private static Object done(Runnable call) {
        call.run();
        return "done";
    }

    /** What was done, and both answers if they differ; null if they are the same. */
    String step() {
        int kind = random.nextInt(28);
        String path = path();
        Call call = call(kind, path);
        String first = answer(call, trees[0], 0);
        String second = answer(call, trees[1], 1);
        return first.equals(second)
                ? null
                : "%d %s: \"%s\" and \"%s\"".formatted(kind, path, first, second);
    }

    private Call call(int kind, String path) {
        int mode = mode();
        String other = path();
        return switch (kind) {
            case 0, 1, 2 -> (tree, i) -> done(() -> tree.mkdir(path, mode));
            case 3 -> (tree, i) -> done(() -> tree.rmdir(path));
            case 4, 5 -> (tree, i) -> done(() -> tree.unlink(path));
            case 6, 7 -> rename(path, other);
            case 8 -> link(path, other);
            case 9 -> (tree, i) -> done(() -> tree.symlink("../x/" + other, path));
            case 10 -> (tree, i) -> tree.readlink(path);
            case 11 -> (tree, i) -> done(() -> tree.mknod(path, Stat.S_IFREG | mode));
            case 12 -> (tree, i) -> done(() -> tree.chmod(path, mode));
            case 13 -> chown(path);
            case 14 -> truncate(path);
            case 15 -> times(path);
            case 16, 17 -> (tree, i) -> stat(tree.lstat(path));
            case 18 -> (tree, i) -> tree.list(random(path));
            case 19, 20, 21 -> open(path, mode);
            case 22, 23 -> write();
            case 24, 25 -> read();
            case 26 -> resize();
            default -> closeOrCopy();
        };
    }

    private String random(String path) {
        return path.length() > 3 ? "" : path;
    }

    private Call link(String path, String other) {
        return (tree, i) -> {
            if (!linksSymlinks && tree.lstat(path).type() == Stat.S_IFLNK) {
                return "not where links would be followed";
            }
            return done(() -> tree.link(path, other));
        };
    }

    private static int depth(String path) {
        return path.split("/").length;
    }

    private Call rename(String from, String to) {
        int flags = random.nextInt(4) == 0 ? Posix.NOREPLACE : 0;
        boolean deeper = depth(to) > depth(from) && !to.startsWith(from + "/");
        return (tree, i) -> {
            if (deeper && tree.lstat(from).isDirectory()) {
                return "the tree would grow without end";
            }
            return done(() -> tree.rename(from, to, flags));
        };
    }

    private Call chown(String path) {
        int uid = random.nextInt(3) * 1000;
        int gid = random.nextInt(3) * 1000;
        return (tree, i) -> {
            tree.chown(path, uid, gid);
            return stat(tree.lstat(path));
        };
    }

    private Call truncate(String path) {
        long size = offset() + random.nextInt(100);
        return (tree, i) -> {
            tree.truncate(path, size);
            return stat(tree.lstat(path));
        };
    }

    /** After 1970 and in microseconds: the model knows no others of symbolic links. */
    private long time() {
        return random.nextInt(Integer.MAX_VALUE) * Stat.NANOS + random.nextInt(1_000_000) * 1000L;
    }

    private Call times(String path) {
        long atime = time();
        long mtime = time();
        return (tree, i) -> {
            tree.utimes(path, atime, mtime);
            Stat stat = tree.lstat(path);
            return stat.atime() + " " + stat.mtime();
        };
    }

    private Call open(String path, int mode) {
        if (open.size() == MAX_OPEN) {
            return closeOrCopy();
        }
        int creating =
                new int[] {0, Posix.O_CREAT, Posix.O_CREAT | Posix.O_EXCL}[random.nextInt(3)];
        int flags = OPEN_FLAGS[random.nextInt(OPEN_FLAGS.length)] | creating;
        int[] fds = {-1, -1};
        return (tree, i) -> {
            if (!isFileOrNothing(tree, path) && creating == 0) {
                return "not what open is asked of";
            }
            fds[i] = tree.open(path, flags, mode);
            if (i == 1 && fds[0] >= 0) {
                open.add(fds);
            }
            return stat(tree.lstat(path));
        };
    }

    private static boolean isFileOrNothing(Posix tree, String path) {
        try {
            return tree.lstat(path).type() == Stat.S_IFREG;
        } catch (FuseErrorException e) {
            return true;
        }
    }

    private int[] file() {
        return open.isEmpty() ? new int[] {-1, -1} : open.get(random.nextInt(open.size()));
    }

    private Call write() {
        int[] file = file();
        long offset = offset();
        byte[] data = data();
        return (tree, i) -> tree.write(file[i], offset, data) + " of " + tree.fstat(file[i]).size();
    }

    private Call read() {
        int[] file = file();
        long offset = offset();
        int count = random.nextInt(5000);
        return (tree, i) -> {
            byte[] data = tree.read(file[i], offset, count);
            return data.length + " bytes, hash " + Arrays.hashCode(data);
        };
    }

    private Call resize() {
        int[] file = file();
        long size = offset();
        return (tree, i) -> {
            tree.ftruncate(file[i], size);
            return tree.fstat(file[i]).size();
        };
    }

    private Call closeOrCopy() {
        int[] file = file();
        if (random.nextBoolean()) {
            open.remove(file);
            return (tree, i) -> done(() -> tree.close(file[i]));
        }
        int[] to = file();
        if (to == file) {
            return (tree, i) -> tree.fstat(file[i]).size();
        }
        long from = offset();
        long at = offset();
        int length = 1 + random.nextInt(5000);
        return (tree, i) ->
                "at most " + Math.max(0, tree.fstat(file[i]).size() - from) + length + at;
    }

    /** All of a tree below a path, contents included. */
    static String everything(Posix tree, String path) {
        StringBuilder all = new StringBuilder();
        for (String entry : tree.list(path)) {
            String name = entry.substring(0, entry.indexOf(':'));
            String below = path.isEmpty() ? name : path + "/" + name;
            Stat stat = tree.lstat(below);
            all.append(below).append(' ').append(stat(stat));
            if (stat.isDirectory()) {
                all.append('\n').append(everything(tree, below));
            } else if (stat.type() == Stat.S_IFLNK) {
                all.append(" -> ").append(tree.readlink(below)).append('\n');
            } else {
                int fd = tree.open(below, Posix.O_RDONLY, 0);
                byte[] data = tree.read(fd, 0, 100_000);
                tree.close(fd);
                all.append(" hash ").append(Arrays.hashCode(data)).append('\n');
            }
        }
        return all.toString();
    }

    void closeAll() {
        for (int[] file : open) {
            trees[0].close(file[0]);
            trees[1].close(file[1]);
        }
        open.clear();
    }
}
