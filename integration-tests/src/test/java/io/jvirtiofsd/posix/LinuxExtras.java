package io.jvirtiofsd.posix;

import io.jvirtiofsd.posix.SystemCalls.Data;
import io.jvirtiofsd.posix.SystemCalls.InOut;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Set;
import java.util.TreeSet;

/** The same by system calls. Borrows the tree. */
final class LinuxExtras implements FileExtras {
    private static final int MOST_BYTES = 65_536;

    private final LinuxPosix tree;

    LinuxExtras(LinuxPosix tree) {
        this.tree = tree;
    }

    @Override
    public void setXattr(String path, String name, byte[] value) {
        tree.call("lsetxattr", path, name, value, value.length, 0);
    }

    @Override
    public byte[] xattr(String path, String name) {
        return tree.ask("lgetxattr", path, name, new Data(MOST_BYTES), MOST_BYTES).bytes().get(0);
    }

    @Override
    public Set<String> xattrs(String path) {
        byte[] names =
                tree.ask("llistxattr", path, new Data(MOST_BYTES), MOST_BYTES).bytes().get(0);
        Set<String> found = new TreeSet<>();
        Arrays.stream(new String(names, StandardCharsets.UTF_8).split("\0"))
                .filter(name -> !name.isEmpty())
                .forEach(found::add);
        return found;
    }

    @Override
    public void removeXattr(String path, String name) {
        tree.call("lremovexattr", path, name);
    }

    @Override
    public int flags(int fd) {
        byte[] flags = tree.ask("ioctl", fd, GETFLAGS, new InOut(new byte[8])).bytes().get(0);
        return ByteBuffer.wrap(flags).order(ByteOrder.nativeOrder()).getInt(0);
    }

    @Override
    public void setFlags(int fd, int flags) {
        tree.call("ioctl", fd, SETFLAGS, LinuxPosix.ints(flags, 0));
    }
}
