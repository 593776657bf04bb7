package io.jvirtiofsd.posix;

import io.jvirtiofsd.fake.FuseErrorException;
import io.jvirtiofsd.fuse.AttributeChange;
import io.jvirtiofsd.fuse.Attributes;
import io.jvirtiofsd.fuse.Caller;
import io.jvirtiofsd.fuse.CopyRequest;
import io.jvirtiofsd.fuse.CreateReply;
import io.jvirtiofsd.fuse.DirectorySink;
import io.jvirtiofsd.fuse.Entry;
import io.jvirtiofsd.fuse.ErrnoException;
import io.jvirtiofsd.fuse.GuestData;
import io.jvirtiofsd.fuse.Name;
import io.jvirtiofsd.fuse.NewFile;
import io.jvirtiofsd.fuse.Session;
import io.jvirtiofsd.linux.IoVector;
import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.linux.Reclaimer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Requests made of a session without a ring. Borrows it. */
final class DirectNodes implements Nodes, AutoCloseable {
    private static final int MAX_DATA_BYTES = 1 << 20;

    private final Session session;
    private final Reclaimer.Reader reader;
    private final NativeMemory memory = NativeMemory.allocate(MAX_DATA_BYTES);
    private User caller = new User(0, 0);

    private record User(int uid, int gid) implements Caller {
        @Override
        public long unique() {
            return 2;
        }

        @Override
        public int pid() {
            return 1;
        }
    }

    @FunctionalInterface
    private interface Ask<T> {
        T ask() throws ErrnoException;
    }

    DirectNodes(Session session, Reclaimer reclaimer) {
        this.session = session;
        this.reader = reclaimer.register();
    }

    private <T> T ask(Ask<T> request) {
        reader.enter();
        try {
            return request.ask();
        } catch (ErrnoException e) {
            throw new FuseErrorException(e.errno());
        } finally {
            reader.exit();
        }
    }

    private static Name name(String name) {
        return Name.of(name.getBytes(StandardCharsets.UTF_8));
    }

    private static long counted(Entry entry) throws ErrnoException {
        if (entry.nodeId() == 0) {
            throw ErrnoException.of(Posix.ENOENT);
        }
        return entry.nodeId();
    }

    private static Stat stat(Attributes a) {
        return new Stat(
                a.mode(),
                a.size(),
                a.nlink(),
                a.uid(),
                a.gid(),
                a.ino(),
                a.atimeSeconds() * Stat.NANOS + a.atimeNanos(),
                a.mtimeSeconds() * Stat.NANOS + a.mtimeNanos(),
                a.ctimeSeconds() * Stat.NANOS + a.ctimeNanos());
    }

    /** The test's native memory as a guest's. */
    private final class Data implements GuestData {
        private final IoVector vector = new IoVector(1);

        Data(int size) {
            vector.clear();
            if (size > 0) {
                vector.add(memory.address(), size);
            }
        }

        @Override
        public int size() {
            return (int) vector.bytes();
        }

        @Override
        public long iovAddress() {
            return vector.address();
        }

        @Override
        public int iovCount() {
            return vector.count();
        }

        @Override
        public void skip(int bytes) {
            vector.skip(bytes);
        }

        @Override
        public void get(int position, byte[] target, int at, int length) {
            memory.get(position, target, at, length);
        }

        @Override
        public void put(int position, byte[] source, int at, int length) {
            memory.put(position, source, at, length);
        }
    }

    @Override
    public void as(int uid, int gid) {
        caller = new User(uid, gid);
    }

    @Override
    public long lookup(long parent, String name) {
        return ask(() -> counted(session.names().lookup(parent, name(name))));
    }

    @Override
    public void forget(long node) {
        ask(
                () -> {
                    session.forget(node, 1);
                    return null;
                });
    }

    @Override
    public Stat getattr(long node, long fh) {
        return ask(() -> stat(session.nodes().getattr(node, fh != 0, fh)));
    }

    @Override
    public void setattr(
            long node,
            int valid,
            long fh,
            int mode,
            int uid,
            int gid,
            long size,
            long at,
            long mt) {
        AttributeChange in =
                new AttributeChange(
                        valid,
                        fh,
                        size,
                        0,
                        Math.floorDiv(at, Stat.NANOS),
                        Math.floorDiv(mt, Stat.NANOS),
                        0,
                        (int) Math.floorMod(at, Stat.NANOS),
                        (int) Math.floorMod(mt, Stat.NANOS),
                        0,
                        mode,
                        uid,
                        gid);
        ask(() -> session.nodes().setattr(node, in));
    }

    @Override
    public long mkdir(long parent, String name, int mode) {
        return ask(() -> counted(session.names().mkdir(caller, parent, name(name), mode, 0)));
    }

    @Override
    public long mknod(long parent, String name, int mode) {
        return ask(() -> counted(session.names().mknod(caller, parent, name(name), mode, 0, 0)));
    }

    @Override
    public long symlink(long parent, String name, String target) {
        return ask(
                () -> counted(session.names().symlink(caller, parent, name(name), name(target))));
    }

    @Override
    public long link(long node, long newParent, String newName) {
        return ask(() -> counted(session.names().link(node, newParent, name(newName))));
    }

    @Override
    public String readlink(long node) {
        return new String(ask(() -> session.nodes().readlink(node)), StandardCharsets.UTF_8);
    }

    @Override
    public void unlink(long parent, String name) {
        ask(
                () -> {
                    session.names().unlink(parent, name(name));
                    return null;
                });
    }

    @Override
    public void rmdir(long parent, String name) {
        ask(
                () -> {
                    session.names().rmdir(parent, name(name));
                    return null;
                });
    }

    @Override
    public void rename(long parent, String name, long newParent, String newName, int flags) {
        ask(
                () -> {
                    session.names().rename(parent, name(name), newParent, name(newName), flags);
                    return null;
                });
    }

    @Override
    public long open(long node, int flags) {
        return ask(() -> session.files().open(node, flags, false).fh());
    }

    @Override
    public Opened create(long parent, String name, int flags, int mode) {
        NewFile in = new NewFile(flags, Stat.S_IFREG | mode, 0, false);
        return ask(
                () -> {
                    CreateReply made = session.files().create(caller, parent, name(name), in);
                    return new Opened(made.entry().nodeId(), made.open().fh());
                });
    }

    @Override
    public byte[] read(Opened file, long offset, int count) {
        int done = ask(() -> session.files().read(file.node(), file.fh(), offset, new Data(count)));
        byte[] data = new byte[done];
        memory.get(0, data, 0, done);
        return data;
    }

    @Override
    public int write(Opened file, long offset, byte[] data) {
        memory.put(0, data, 0, data.length);
        Data source = new Data(data.length);
        return ask(() -> session.files().write(file.node(), file.fh(), offset, 0, 0, source));
    }

    @Override
    public void fsync(Opened file) {
        ask(
                () -> {
                    session.files().fsync(file.node(), file.fh(), false);
                    return null;
                });
    }

    @Override
    public void release(Opened file) {
        ask(
                () -> {
                    session.files().release(file.fh());
                    return null;
                });
    }

    @Override
    public long lseek(Opened file, long offset, int whence) {
        return ask(() -> session.files().lseek(file.node(), file.fh(), offset, whence));
    }

    @Override
    public void fallocate(Opened file, int mode, long offset, long length) {
        ask(
                () -> {
                    session.files().fallocate(file.node(), file.fh(), offset, length, mode);
                    return null;
                });
    }

    @Override
    public int copy(Opened from, long fromOffset, Opened to, long toOffset, int length) {
        CopyRequest in =
                new CopyRequest(from.fh(), fromOffset, to.node(), to.fh(), toOffset, length);
        return (int) (long) ask(() -> session.files().copyFileRange(from.node(), in));
    }

    @Override
    public List<String> list(long node) {
        List<String> found = new ArrayList<>();
        ask(
                () -> {
                    long fh = session.directories().opendir(node).fh();
                    session.directories().readdir(node, fh, 0, false, sink(found));
                    session.directories().releasedir(fh);
                    return null;
                });
        return found;
    }

    private static DirectorySink sink(List<String> found) {
        return new DirectorySink() {
            @Override
            public boolean fits(int nameBytes) {
                return true;
            }

            @Override
            public boolean add(long ino, long offset, int type, Name name) {
                if (!name.toString().equals(".") && !name.toString().equals("..")) {
                    found.add(name + ":" + type);
                }
                return true;
            }

            @Override
            public boolean add(Entry entry, long offset, Name name) {
                throw new IllegalStateException("nobody asked for attributes");
            }
        };
    }

    @Override
    public void close() {
        reader.close();
    }
}
