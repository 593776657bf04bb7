package io.jvirtiofsd.nio;

import io.jvirtiofsd.fuse.Attributes;
import io.jvirtiofsd.fuse.FileType;
import java.nio.file.attribute.FileTime;
import java.time.Instant;

/**
 * What a provider told of an object at one time, in the guest's words.
 *
 * <p><i>Immutable.</i>
 *
 * @param key the provider's identity of the object; null if it has none
 * @param ino 0 if the provider has none; the node then has a number
 * @param nlink 2 for directories and 1 for others if the provider does not count
 */
record NioAttributes(
        Object key,
        int mode,
        long ino,
        int nlink,
        int uid,
        int gid,
        int rdev,
        long size,
        Instant atime,
        Instant mtime,
        Instant ctime,
        long validNanos)
        implements Attributes {
    private static final int BLOCK_BYTES = 512;
    private static final int IO_BYTES = 4096;

    int type() {
        return mode & FileType.MASK;
    }

    boolean isDirectory() {
        return type() == FileType.DIRECTORY;
    }

    boolean isRegular() {
        return type() == FileType.REGULAR;
    }

    NioAttributes withIno(long value) {
        return new NioAttributes(
                key, mode, value, nlink, uid, gid, rdev, size, atime, mtime, ctime, validNanos);
    }

    NioAttributes withNlink(int value) {
        return new NioAttributes(
                key, mode, ino, value, uid, gid, rdev, size, atime, mtime, ctime, validNanos);
    }

    NioAttributes withSize(long value) {
        return new NioAttributes(
                key, mode, ino, nlink, uid, gid, rdev, value, atime, mtime, ctime, validNanos);
    }

    NioAttributes withPermissions(int bits) {
        int value = type() | bits & FileType.PERMISSIONS;
        return new NioAttributes(
                key, value, ino, nlink, uid, gid, rdev, size, atime, mtime, ctime, validNanos);
    }

    NioAttributes withOwner(int user, int group) {
        return new NioAttributes(
                key, mode, ino, nlink, user, group, rdev, size, atime, mtime, ctime, validNanos);
    }

    /** With new times where they are not null. */
    NioAttributes withTimes(FileTime access, FileTime modified) {
        Instant newAtime = access == null ? atime : access.toInstant();
        Instant newMtime = modified == null ? mtime : modified.toInstant();
        return new NioAttributes(
                key, mode, ino, nlink, uid, gid, rdev, size, newAtime, newMtime, ctime, validNanos);
    }

    @Override
    public long blocks() {
        return size / BLOCK_BYTES + (size % BLOCK_BYTES == 0 ? 0 : 1);
    }

    @Override
    public long atimeSeconds() {
        return atime.getEpochSecond();
    }

    @Override
    public int atimeNanos() {
        return atime.getNano();
    }

    @Override
    public long mtimeSeconds() {
        return mtime.getEpochSecond();
    }

    @Override
    public int mtimeNanos() {
        return mtime.getNano();
    }

    @Override
    public long ctimeSeconds() {
        return ctime.getEpochSecond();
    }

    @Override
    public int ctimeNanos() {
        return ctime.getNano();
    }

    @Override
    public int blksize() {
        return IO_BYTES;
    }

    @Override
    public int flags() {
        return 0;
    }
}
