package io.jvirtiofsd.posix;

import java.util.List;

/** FUSE requests as a guest's kernel makes them, over a ring or on a file system directly. */
interface Nodes {
    long ROOT = 1;

    /** A node and its open handle. */
    record Opened(long node, long fh) {}

    void as(int uid, int gid);

    long lookup(long parent, String name);

    void forget(long node);

    /** {@code fh} is 0 for none. */
    Stat getattr(long node, long fh);

    /** SETATTR of what {@code valid} names; times in nanoseconds. */
    void setattr(
            long node, int valid, long fh, int mode, int uid, int gid, long size, long at, long mt);

    long mkdir(long parent, String name, int mode);

    long mknod(long parent, String name, int mode);

    long symlink(long parent, String name, String target);

    long link(long node, long newParent, String newName);

    String readlink(long node);

    void unlink(long parent, String name);

    void rmdir(long parent, String name);

    void rename(long parent, String name, long newParent, String newName, int flags);

    long open(long node, int flags);

    Opened create(long parent, String name, int flags, int mode);

    byte[] read(Opened file, long offset, int count);

    int write(Opened file, long offset, byte[] data);

    void fsync(Opened file);

    void release(Opened file);

    long lseek(Opened file, long offset, int whence);

    void fallocate(Opened file, int mode, long offset, long length);

    int copy(Opened from, long fromOffset, Opened to, long toOffset, int length);

    /** Names and types of all entries but "." and "..". */
    List<String> list(long node);
}
