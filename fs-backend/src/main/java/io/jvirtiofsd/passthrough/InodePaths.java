package io.jvirtiofsd.passthrough;

import io.jvirtiofsd.linux.Fcntl;
import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.linux.Scratch;
import io.jvirtiofsd.linux.Statx;
import java.io.ByteArrayOutputStream;
import java.io.InterruptedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * Under which paths the inodes of a session can be found in the share. Mostly the host's kernel
 * knows; where it has forgotten, the share is searched, once for all.
 *
 * <p><i>Confined to a thread.</i> Source: getdents64(2), proc_pid_fd(5).
 */
final class InodePaths {
    // struct linux_dirent64: reclen@16 type@18 name@19
    private static final int RECLEN = 16;
    private static final int TYPE = 18;
    private static final int NAME = 19;
    private static final int DT_UNKNOWN = 0;
    private static final int DT_DIR = 4;

    private final HostDirectory share;
    private final byte[] top; // of the share; null if the kernel does not tell

    InodePaths(HostDirectory share) {
        this.share = share;
        this.top = share.linkOf(share.root());
    }

    /**
     * A path that leads to {@code wanted} just now, if the kernel knows one.
     *
     * @param fd a descriptor of it, borrowed
     * @return relative to the share; null if the kernel does not know
     */
    byte[] find(Identity wanted, int fd) {
        byte[] path = find(fd);
        boolean leadsThere =
                path != null && share.statxBeneath(path) == 0 && Identity.seen().equals(wanted);
        return leadsThere ? path : null;
    }

    /**
     * Where {@code fd} was opened, as the kernel remembers it; null if that is not in the share.
     */
    byte[] find(int fd) {
        byte[] path = share.linkOf(fd);
        if (top == null || path == null) {
            return null;
        }
        int prefix = top.length == 1 ? 0 : top.length; // "/" ends with its own separator
        if (path.length < prefix || !Arrays.equals(top, 0, prefix, path, 0, prefix)) {
            return null;
        }
        if (path.length > prefix && path[prefix] != '/') {
            return null;
        }
        return Arrays.copyOfRange(path, Math.min(prefix + 1, path.length), path.length);
    }

    /** What statx(2) knows an object by. */
    record Identity(long device, long ino, long mountId) {
        static Identity of(Inode inode) {
            return new Identity(inode.device(), inode.ino(), inode.mountId());
        }

        /** That of the thread's last statx(2). */
        static Identity seen() {
            NativeMemory statx = Scratch.get().statx();
            return new Identity(
                    Statx.device(statx), statx.getLong(Statx.INO), Statx.mountId(statx));
        }
    }

    /**
     * Searches the share for all of {@code missing}, which may take long.
     *
     * @return those found, with their paths
     * @throws InterruptedIOException if the thread is interrupted meanwhile
     */
    Map<Identity, byte[]> search(Collection<Identity> missing) throws InterruptedIOException {
        Set<Identity> wanted = new HashSet<>(missing);
        Map<Identity, byte[]> found = new HashMap<>();
        Deque<byte[]> directories = new ArrayDeque<>();
        directories.add(new byte[0]);
        while (!wanted.isEmpty() && !directories.isEmpty()) {
            if (Thread.currentThread().isInterrupted()) {
                throw new InterruptedIOException("the search for files was given up");
            }
            search(directories.pop(), directories, wanted, found);
        }
        return found;
    }

    private void search(
            byte[] directory,
            Deque<byte[]> directories,
            Set<Identity> wanted,
            Map<Identity, byte[]> found) {
        int path = share.openBeneath(directory);
        if (path < 0) {
            return;
        }
        int fd = share.reopen(path, Fcntl.O_RDONLY | Fcntl.O_DIRECTORY);
        share.syscalls().close(path);
        if (fd < 0) {
            return;
        }
        NativeMemory block = Scratch.get().directory();
        while (true) {
            long filled = share.syscalls().getdents64(fd, block.address(), block.size());
            if (filled <= 0) {
                break;
            }
            for (int at = 0; at < filled; at += block.getShort(at + RECLEN) & 0xffff) {
                byte[] name = name(block, at + NAME);
                if (isDots(name) || statx(fd, name) < 0) {
                    continue;
                }
                byte[] child = join(directory, name);
                Identity seen = Identity.seen();
                if (wanted.remove(seen)) {
                    found.put(seen, child);
                }
                int type = block.getByte(at + TYPE);
                if (type == DT_DIR || type == DT_UNKNOWN) {
                    directories.push(child);
                }
            }
        }
        share.syscalls().close(fd);
    }

    private int statx(int directory, byte[] name) {
        return share.syscalls()
                .statx(
                        directory,
                        Scratch.get().path(name, 0, name.length),
                        Fcntl.AT_SYMLINK_NOFOLLOW | Fcntl.AT_NO_AUTOMOUNT,
                        HostDirectory.LOOKUP_MASK,
                        Scratch.get().statx().address());
    }

    private static byte[] name(NativeMemory block, int at) {
        int length = 0;
        while (block.getByte(at + length) != 0) {
            length++;
        }
        byte[] name = new byte[length];
        block.get(at, name, 0, length);
        return name;
    }

    private static boolean isDots(byte[] name) {
        String text = new String(name, StandardCharsets.ISO_8859_1);
        return text.equals(".") || text.equals("..");
    }

    private static byte[] join(byte[] directory, byte[] name) {
        ByteArrayOutputStream joined = new ByteArrayOutputStream();
        joined.writeBytes(directory);
        if (directory.length > 0) {
            joined.write('/');
        }
        joined.writeBytes(name);
        return joined.toByteArray();
    }
}
