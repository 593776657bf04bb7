package io.jvirtiofsd.posix;

import io.jvirtiofsd.fake.FuseErrorException;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;

/**
 * What a guest's kernel makes of POSIX calls: it walks paths, keeps what it has looked up, and
 * decides what O_CREAT means. Owned by the test.
 */
final class FusePosix implements Posix {
    private static final int FATTR_MODE = 1;
    private static final int FATTR_OWNER = 2 | 4;
    private static final int FATTR_SIZE = 8;
    private static final int FATTR_TIMES = 16 | 32;
    private static final int FATTR_FH = 64;

    private final Nodes nodes;
    private final Map<String, Long> known = new HashMap<>();
    private final Map<Integer, Nodes.Opened> open = new HashMap<>();
    private final Map<Long, Integer> forgotten = new HashMap<>();
    private int nextFd = 3;

    FusePosix(Nodes nodes) {
        this.nodes = nodes;
    }

    private static String parentOf(String path) {
        int slash = path.lastIndexOf('/');
        return slash < 0 ? "" : path.substring(0, slash);
    }

    private static String nameOf(String path) {
        return path.substring(path.lastIndexOf('/') + 1);
    }

    long node(String path) {
        if (path.isEmpty()) {
            return Nodes.ROOT;
        }
        Long cached = known.get(path);
        if (cached != null) {
            return cached;
        }
        return learn(path, nodes.lookup(node(parentOf(path)), nameOf(path)));
    }

    private long parent(String path) {
        return node(parentOf(path));
    }

    /** The parent, seen to be a directory before another path is walked. */
    private long directory(String path) {
        long parent = parent(path);
        if (!nodes.getattr(parent, 0).isDirectory()) {
            throw new FuseErrorException(ENOTDIR);
        }
        return parent;
    }

    /** Keeps a node that has just been counted. */
    private long learn(String path, long node) {
        Long before = known.put(path, node);
        if (before != null) {
            forget(before);
        }
        return node;
    }

    private void drop(String path) {
        Long node = known.remove(path);
        if (node != null) {
            forget(node);
        }
    }

    /**
     * Forgets some of what is known, as a kernel short of memory does, parents before children too.
     */
    void forgetSome(int everyNth) {
        int i = 0;
        for (Iterator<Long> all = known.values().iterator(); all.hasNext(); ) {
            long node = all.next();
            if (i++ % everyNth == 0) {
                all.remove();
                forget(node);
            }
        }
    }

    /** An inode that is open is not forgotten before it is closed. */
    private void forget(long node) {
        if (open.values().stream().anyMatch(file -> file.node() == node)) {
            forgotten.merge(node, 1, Integer::sum);
        } else {
            nodes.forget(node);
        }
    }

    Nodes.Opened file(int fd) {
        Nodes.Opened file = open.get(fd);
        if (file == null) {
            throw new FuseErrorException(EBADF);
        }
        return file;
    }

    private int opened(long node, long fh) {
        open.put(nextFd, new Nodes.Opened(node, fh));
        return nextFd++;
    }

    @Override
    public int open(String path, int flags, int mode) {
        long node;
        try {
            node = node(path);
        } catch (FuseErrorException e) {
            if (e.errno() != ENOENT || (flags & O_CREAT) == 0) {
                throw e;
            }
            Nodes.Opened made = nodes.create(parent(path), nameOf(path), flags, mode);
            return opened(learn(path, made.node()), made.fh());
        }
        if ((flags & O_CREAT) != 0 && (flags & O_EXCL) != 0) {
            throw new FuseErrorException(EEXIST);
        }
        int type = nodes.getattr(node, 0).type();
        boolean changing = (flags & (O_CREAT | O_TRUNC | O_ACCMODE)) != 0;
        if (type == Stat.S_IFLNK) {
            throw new FuseErrorException(ELOOP);
        } else if (type == Stat.S_IFDIR && changing) {
            throw new FuseErrorException(EISDIR);
        }
        return opened(node, nodes.open(node, flags & ~(O_CREAT | O_EXCL)));
    }

    @Override
    public void close(int fd) {
        Nodes.Opened file = file(fd);
        nodes.release(file);
        open.remove(fd);
        Integer late = forgotten.remove(file.node());
        for (int i = 0; late != null && i < late; i++) {
            forget(file.node());
        }
    }

    @Override
    public byte[] read(int fd, long offset, int count) {
        return nodes.read(file(fd), offset, count);
    }

    @Override
    public int write(int fd, long offset, byte[] data) {
        return nodes.write(file(fd), offset, data);
    }

    @Override
    public Stat fstat(int fd) {
        return nodes.getattr(file(fd).node(), file(fd).fh());
    }

    @Override
    public void ftruncate(int fd, long size) {
        Nodes.Opened file = file(fd);
        nodes.setattr(file.node(), FATTR_SIZE | FATTR_FH, file.fh(), 0, 0, 0, size, 0, 0);
    }

    @Override
    public void fsync(int fd) {
        nodes.fsync(file(fd));
    }

    @Override
    public long lseek(int fd, long offset, int whence) {
        return nodes.lseek(file(fd), offset, whence);
    }

    @Override
    public void fallocate(int fd, int mode, long offset, long length) {
        nodes.fallocate(file(fd), mode, offset, length);
    }

    @Override
    public int copy(int from, long fromOffset, int to, long toOffset, int length) {
        return nodes.copy(file(from), fromOffset, file(to), toOffset, length);
    }

    @Override
    public Stat lstat(String path) {
        return nodes.getattr(node(path), 0);
    }

    @Override
    public void chmod(String path, int mode) {
        nodes.setattr(node(path), FATTR_MODE, 0, mode, 0, 0, 0, 0, 0);
    }

    @Override
    public void chown(String path, int uid, int gid) {
        nodes.setattr(node(path), FATTR_OWNER, 0, 0, uid, gid, 0, 0, 0);
    }

    @Override
    public void truncate(String path, long size) {
        nodes.setattr(node(path), FATTR_SIZE, 0, 0, 0, 0, size, 0, 0);
    }

    @Override
    public void utimes(String path, long atime, long mtime) {
        nodes.setattr(node(path), FATTR_TIMES, 0, 0, 0, 0, 0, atime, mtime);
    }

    @Override
    public void mkdir(String path, int mode) {
        learn(path, nodes.mkdir(parent(path), nameOf(path), mode));
    }

    @Override
    public void mknod(String path, int mode) {
        learn(path, nodes.mknod(parent(path), nameOf(path), mode));
    }

    @Override
    public void unlink(String path) {
        nodes.unlink(parent(path), nameOf(path));
        drop(path);
    }

    @Override
    public void rmdir(String path) {
        nodes.rmdir(parent(path), nameOf(path));
        drop(path);
    }

    @Override
    public void rename(String from, String to, int flags) {
        nodes.rename(directory(from), nameOf(from), directory(to), nameOf(to), flags);
        if (from.equals(to)) {
            return;
        }
        Map<String, Long> moved = new HashMap<>();
        for (Iterator<Map.Entry<String, Long>> all = known.entrySet().iterator(); all.hasNext(); ) {
            Map.Entry<String, Long> entry = all.next();
            String path = entry.getKey();
            if (path.equals(from) || path.startsWith(from + "/")) {
                moved.put(to + path.substring(from.length()), entry.getValue());
                all.remove();
            }
        }
        drop(to);
        moved.forEach(this::learn);
        drop(from); // unless both were the same file, and stay
    }

    @Override
    public void link(String path, String newPath) {
        learn(newPath, nodes.link(node(path), parent(newPath), nameOf(newPath)));
    }

    @Override
    public void symlink(String target, String path) {
        learn(path, nodes.symlink(parent(path), nameOf(path), target));
    }

    @Override
    public String readlink(String path) {
        return nodes.readlink(node(path));
    }

    @Override
    public List<String> list(String path) {
        long node = node(path);
        if (!nodes.getattr(node, 0).isDirectory()) {
            throw new FuseErrorException(ENOTDIR);
        }
        return nodes.list(node).stream().sorted().toList();
    }

    @Override
    public void as(int uid, int gid) {
        nodes.as(uid, gid);
    }
}
