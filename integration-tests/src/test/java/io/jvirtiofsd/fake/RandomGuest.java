package io.jvirtiofsd.fake;

import io.jvirtiofsd.fake.FuseClient.Created;
import io.jvirtiofsd.fake.FuseClient.DirEntry;
import io.jvirtiofsd.fake.FuseClient.Node;
import io.jvirtiofsd.vhost.FakeFrontend;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;

/**
 * A guest that does anything; two with the same random numbers do the same, so that their back-ends
 * can be compared. Owned by the test.
 */
final class RandomGuest {
    private static final int GETATTR = 3;
    private static final int SETATTR = 4;
    private static final int S_IFMT = 0170000;
    private static final int S_IFREG = 0100000;
    private static final int S_IFDIR = 0040000;
    private static final int S_IFLNK = 0120000;
    private static final String[] NAMES = {"a", "b", "c", "d", "e", "f"};
    private static final String[] XATTRS = {
        "user.a", "user.b", "user.", "nothing", "system.posix_acl_access", "security.c"
    };
    private static final int[] OPEN_FLAGS = {0, 1, 2, 0x201, 0x402, 0x8000, 0x20002, 0x202};
    private static final int O_TRUNC = 0x200;
    private static final long[] OFFSETS = {0, 1, 100, 4095, 4096, 10_000, 1 << 20};
    private static final int[] MODES = {0, 0600, 0644, 0755, 0777, 01777, 02755, 04755};

    private static final String UNUSUAL = "not what a guest sends";

    private record OpenFile(long node, long fh) {}

    private final FuseClient fuse;
    private final XattrCalls xattrs;
    private final List<Long> nodes = new ArrayList<>(List.of(FuseClient.ROOT));
    private final List<OpenFile> files = new ArrayList<>();
    private long touched; // what a failed request may have changed halfway

    RandomGuest(FuseClient fuse) {
        this.fuse = fuse;
        this.xattrs = new XattrCalls(fuse);
    }

    private long node(Random random) {
        return nodes.get(random.nextInt(nodes.size()));
    }

    private OpenFile file(Random random) {
        return files.isEmpty() ? new OpenFile(1, 99) : files.get(random.nextInt(files.size()));
    }

    private static String name(Random random) {
        return NAMES[random.nextInt(NAMES.length)];
    }

    private static int mode(Random random) {
        return MODES[random.nextInt(MODES.length)];
    }

    private static long offset(Random random) {
        return OFFSETS[random.nextInt(OFFSETS.length)];
    }

    /** Does one thing and tells what came of it. */
    String step(Random random) {
        int kind = random.nextInt(31);
        touched = 0;
        String request = kind + ": ";
        try {
            if (random.nextInt(10) == 0) {
                fuse.as(1000, 1000);
            }
            return request + answer(kind, random);
        } catch (FuseErrorException e) {
            return request + "errno " + e.errno() + (touched == 0 ? "" : " " + getattr(touched));
        } finally {
            fuse.as(0, 0);
        }
    }

    private String answer(int kind, Random random) {
        return switch (kind) {
            case 0, 1 -> "lookup " + entry(fuse.lookup(node(random), name(random)));
            case 2 -> "mkdir " + entry(fuse.mkdir(node(random), name(random), mode(random)));
            case 3 -> "mknod " + mknod(random);
            case 4 -> "symlink " + entry(fuse.symlink(node(random), name(random), "a/../b"));
            case 5 -> "link " + entry(fuse.link(node(random), node(random), name(random)));
            case 6 -> "unlink " + done(() -> fuse.unlink(node(random), name(random)));
            case 7 -> "rmdir " + done(() -> fuse.rmdir(node(random), name(random)));
            case 8 -> "rename " + done(() -> rename(random));
            case 9, 10 -> "create " + create(random);
            case 11, 12 -> "open " + open(random);
            case 13 -> "read " + read(random);
            case 14, 15 -> "write " + write(random);
            case 16 -> "setattr " + setattr(random);
            case 17 -> "getattr " + getattr(node(random));
            case 18 -> "readlink " + readlink(node(random));
            case 19 -> "release " + done(() -> release(random));
            case 20 -> "list " + list(node(random));
            case 21 -> "lseek " + lseek(random);
            case 22 -> "fallocate " + done(() -> fallocate(random));
            case 23 -> "copy " + copy(random);
            case 24 -> "getattr of file " + size(file(random));
            case 25 -> "fsync " + done(() -> fsync(file(random)));
            case 26 -> "setxattr " + done(() -> setxattr(random));
            case 27 -> "getxattr " + getxattr(random);
            case 28 -> "listxattr " + listxattr(random);
            case 29 -> "removexattr " + done(() -> xattrs.remove(node(random), xattr(random)));
            default -> "look and forget " + lookAndForget(random);
        };
    }

    private static String done(Runnable request) {
        request.run();
        return "done";
    }

    private String entry(Node node) {
        if (!nodes.contains(node.nodeId())) {
            nodes.add(node.nodeId());
        }
        return nodes.indexOf(node.nodeId()) + " " + getattr(node.nodeId());
    }

    /** Everything that does not depend on when and where. */
    private String getattr(long node) {
        byte[] out = fuse.raw(GETATTR, node, new byte[16], 104);
        return attributes(FakeFrontend.buffer(104).put(out));
    }

    private static String attributes(ByteBuffer out) {
        int mode = out.getInt(16 + 60);
        boolean directory = (mode & S_IFMT) == S_IFDIR;
        return "mode 0%o size %d nlink %d owner %d:%d rdev %x blksize %d flags %d"
                .formatted(
                        mode,
                        directory ? 0 : out.getLong(16 + 8),
                        out.getInt(16 + 64),
                        out.getInt(16 + 68),
                        out.getInt(16 + 72),
                        out.getInt(16 + 76),
                        out.getInt(16 + 80),
                        out.getInt(16 + 84));
    }

    /** READDIRPLUS counts lookups; given back, they leave the counts as they were. */
    private String lookAndForget(Random random) {
        long node = node(random);
        if (type(node) != S_IFDIR) {
            return UNUSUAL;
        }
        long fh = fuse.opendir(node);
        List<DirEntry> entries = fuse.readdir(node, fh, 0, 100_000, true);
        fuse.fsyncdir(node, fh);
        fuse.releasedir(node, fh);
        long[] seen = entries.stream().mapToLong(DirEntry::nodeId).filter(id -> id != 0).toArray();
        fuse.batchForget(seen);
        return seen.length + " of " + entries.size();
    }

    private String mknod(Random random) {
        int[] types = {S_IFREG, 0010000, 0140000, 0020000};
        int type = types[random.nextInt(types.length)];
        return entry(fuse.mknod(node(random), name(random), type | mode(random), 0x103));
    }

    private void rename(Random random) {
        long from = node(random);
        long to = node(random);
        int flags = random.nextInt(4);
        if (flags == 0) {
            fuse.rename(from, name(random), to, name(random));
        } else {
            fuse.rename(from, name(random), to, name(random), flags);
        }
    }

    /** Only root truncates: from others the host takes set-user-ID, which virtiofsd leaves. */
    private int openFlags(Random random) {
        int flags = OPEN_FLAGS[random.nextInt(OPEN_FLAGS.length)];
        if ((flags & O_TRUNC) != 0) {
            fuse.as(0, 0);
        }
        return flags;
    }

    private String create(Random random) {
        long parent = node(random);
        String name = name(random);
        int flags = openFlags(random) | random.nextInt(2) * 0x80;
        if (existsAsOther(parent, name)) {
            return UNUSUAL;
        }
        Created created = fuse.create(parent, name, flags, S_IFREG | mode(random));
        files.add(new OpenFile(created.node().nodeId(), created.fh()));
        return "file " + files.size() + " " + entry(created.node());
    }

    /** Whether a guest would find something there that is no file. */
    private boolean existsAsOther(long parent, String name) {
        try {
            Node found = fuse.lookup(parent, name);
            fuse.forget(found.nodeId(), 1);
            return (found.mode() & S_IFMT) != S_IFREG;
        } catch (FuseErrorException e) {
            return false;
        }
    }

    private String open(Random random) {
        long node = node(random);
        if (type(node) != S_IFREG) {
            return UNUSUAL;
        }
        long fh = fuse.open(node, openFlags(random));
        files.add(new OpenFile(node, fh));
        return "file " + files.size() + " " + getattr(node);
    }

    private String read(Random random) {
        OpenFile file = file(random);
        byte[] data = fuse.read(file.node(), file.fh(), offset(random), random.nextInt(20_000));
        return data.length + " bytes, hash " + Arrays.hashCode(data);
    }

    private String write(Random random) {
        OpenFile file = file(random);
        byte[] data = new byte[random.nextInt(10_000)];
        random.nextBytes(data);
        int written = fuse.write(file.node(), file.fh(), offset(random), data);
        return written + " " + getattr(file.node());
    }

    private String setattr(Random random) {
        long node = node(random);
        touched = node;
        int valid = 1 << random.nextInt(6) | 1 << random.nextInt(6);
        if ((valid & 8) != 0 && type(node) != S_IFREG) {
            return UNUSUAL;
        }
        byte[] in =
                FakeFrontend.buffer(88)
                        .putInt(valid)
                        .putLong(16, offset(random))
                        .putLong(32, 1_000_000_000L)
                        .putLong(40, 1_100_000_000L)
                        .putInt(56, 123_456_789)
                        .putInt(60, 5)
                        .putInt(68, mode(random))
                        .putInt(76, 1000 * random.nextInt(2))
                        .putInt(80, 1000 * random.nextInt(2))
                        .array();
        ByteBuffer out = FakeFrontend.buffer(104).put(fuse.raw(SETATTR, node, in, 104));
        String atime = (valid & 16) == 0 ? "" : " " + out.getLong(40) + "." + out.getInt(64);
        String mtime = (valid & 32) == 0 ? "" : " " + out.getLong(48) + "." + out.getInt(68);
        return valid + " " + attributes(out) + atime + mtime;
    }

    private String size(OpenFile file) {
        return files.isEmpty() ? UNUSUAL : "" + fuse.getattr(file.node(), file.fh()).size();
    }

    private void fsync(OpenFile file) {
        fuse.fsync(file.node(), file.fh());
    }

    private void release(Random random) {
        OpenFile file = file(random);
        files.remove(file);
        fuse.release(file.node(), file.fh());
    }

    private String readlink(long node) {
        return type(node) == S_IFLNK ? fuse.readlink(node) : UNUSUAL;
    }

    private int type(long node) {
        return fuse.getattr(node).mode() & S_IFMT;
    }

    private String list(long node) {
        if (type(node) != S_IFDIR) {
            return UNUSUAL;
        }
        long fh = fuse.opendir(node);
        TreeSet<String> names = new TreeSet<>();
        long offset = 0;
        while (true) {
            List<DirEntry> part = fuse.readdir(node, fh, offset, 300, false);
            if (part.isEmpty()) {
                fuse.releasedir(node, fh);
                return names.toString();
            }
            for (DirEntry entry : part) {
                names.add(entry.name() + ":" + entry.type());
                offset = entry.offset();
            }
        }
    }

    private static String xattr(Random random) {
        return XATTRS[random.nextInt(XATTRS.length)];
    }

    private void setxattr(Random random) {
        byte[] value = new byte[random.nextInt(100)];
        random.nextBytes(value);
        xattrs.setShort(node(random), xattr(random), value, random.nextInt(3));
    }

    private String getxattr(Random random) {
        byte[] value = xattrs.get(node(random), xattr(random), random.nextInt(100));
        return value.length + " bytes, hash " + Arrays.hashCode(value);
    }

    private String listxattr(Random random) {
        long node = node(random);
        int size = FakeFrontend.buffer(8).put(xattrs.list(node, 0)).getInt(0);
        Set<String> names = xattrs.list(node);
        boolean enough = names.stream().mapToInt(name -> name.length() + 1).sum() <= size;
        return names + " " + enough; // the peer's size is that of the host's names
    }

    private String lseek(Random random) {
        OpenFile file = file(random);
        return "" + fuse.lseek(file.node(), file.fh(), offset(random), 3 + random.nextInt(2));
    }

    private void fallocate(Random random) {
        OpenFile file = file(random);
        int[] modes = {0, 1, 3, 16, 17}; // all that Linux sends; only the peer passes on others
        int mode = modes[random.nextInt(modes.length)];
        int length = random.nextInt(2) == 0 ? 4096 : random.nextInt(9000);
        fuse.fallocate(file.node(), file.fh(), offset(random), length, mode);
    }

    private String copy(Random random) {
        OpenFile from = file(random);
        OpenFile to = file(random);
        int length = random.nextInt(9000);
        int copied =
                fuse.copyFileRange(
                        from.node(),
                        from.fh(),
                        offset(random),
                        to.node(),
                        to.fh(),
                        offset(random),
                        length);
        return copied + " " + getattr(to.node());
    }
}
