package io.jvirtiofsd.passthrough;

import io.jvirtiofsd.fuse.Errno;
import io.jvirtiofsd.fuse.ErrnoException;
import io.jvirtiofsd.linux.Fcntl;
import io.jvirtiofsd.linux.Fd;
import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.linux.Parts;
import io.jvirtiofsd.linux.Reclaimer;
import io.jvirtiofsd.linux.Scratch;
import io.jvirtiofsd.linux.Statx;
import io.jvirtiofsd.passthrough.MigrationOptions.OnError;
import java.io.DataInput;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes a session over that {@link SessionSaver} wrote in another process. What it says is believed
 * only as far as a guest of that process is: it may know any object of the share, and nothing else.
 *
 * <p><i>Confined to a thread.</i>
 */
final class SessionLoader {
    private static final Logger LOG = LoggerFactory.getLogger(PassthroughFileSystem.class);

    /** Most mounts below the share, each a descriptor. */
    static final int MOST_MOUNTS = 4096;

    /** Which flags a file may be opened with. */
    private static final int OPEN_FLAGS =
            Fcntl.O_ACCMODE | Fcntl.O_SYNC | Fcntl.O_NOATIME | Fcntl.O_DIRECT;

    private static final long MOST_LOOKUPS = 1L << 61; // far from what pins an inode
    private static final int MOST_COMPLAINTS = 10;

    private final HostDirectory share;
    private final HostSession session;
    private final Reclaimer reclaimer;
    private final DataInput in;
    private final MigrationOptions options;
    private final InodePaths paths;
    private final List<Mount> mounts = new ArrayList<>();
    private final List<Hidden> hidden = new ArrayList<>();
    private final Map<Long, ErrnoException> ended = new HashMap<>(); // had no name left
    private int lost;

    /** For a session that knows nothing but the share. */
    SessionLoader(HostDirectory share, HostSession session, Reclaimer reclaimer, DataInput in) {
        this.share = share;
        this.session = session;
        this.reclaimer = reclaimer;
        this.in = in;
        this.options = share.options().migration();
        this.paths = new InodePaths(share);
    }

    /** Reads what a session must be made with before it is loaded. */
    static HostSession.Numbering numbering(DataInput in) throws IOException {
        int generation = in.readInt();
        int nodeUses = in.readInt();
        int handleUses = in.readInt();
        if (nodeUses < 0 || handleUses < 0) {
            throw new IOException("the saved state has numbers that no session has");
        }
        return new HostSession.Numbering(generation, nodeUses, handleUses);
    }

    /**
     * Reads the rest.
     *
     * @throws IOException if it cannot be used; the message is one sentence for people. The session
     *     must be ended then
     */
    void load() throws IOException {
        long begin = System.nanoTime();
        try (Reclaimer.Reader reader = reclaimer.register()) {
            reader.enter();
            loadMounts();
            try {
                for (int place = in.readByte(); place != SessionSaver.END; place = in.readByte()) {
                    loadInode(place);
                    reader.exit(); // what was retired meanwhile may be closed
                    reader.enter();
                }
                loadHidden(reader);
            } finally { // each inode has counted its own
                mounts.forEach(session.mounts()::leave);
            }
            while (in.readByte() != SessionSaver.END) {
                loadHandle();
                reader.exit();
                reader.enter();
            }
            session.restored();
        }
        LOG.info(
                "the guest's session is taken over, in {} ms",
                TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begin));
        if (lost > 0) {
            LOG.warn("{} things that the guest knew could not be taken over", lost);
        }
    }

    private void loadMounts() throws IOException {
        mounts.add(share.mount());
        while (in.readByte() != SessionSaver.END) {
            byte[] path = readBytes(SessionSaver.MOST_PATH_BYTES);
            if (mounts.size() >= MOST_MOUNTS) {
                throw new IOException("the saved state has too many mounts");
            }
            try (Fd fd = open(() -> share.openBeneath(path))) {
                ErrnoException.check(share.statx(fd.number(), HostDirectory.LOOKUP_MASK));
                mounts.add(session.mounts().enter(fd.number(), Scratch.get().statx()));
            } catch (ErrnoException e) {
                // Whatever the guest knows there is not found either, if it still knows anything.
                mounts.add(share.mount());
            }
        }
    }

    private Fd open(PathDescriptors.Opening call) throws ErrnoException {
        return Fd.own(share.syscalls(), ErrnoException.check(session.descriptors().opening(call)));
    }

    /** What the guest knows an inode by, and {@code name} for people. */
    private record Known(long nodeId, long lookups, int type, boolean removed, String name) {}

    /** What was opened by handle, and the kernel knows no path of. */
    private record Hidden(Known known, FileHandle handle, InodePaths.Identity identity) {}

    /** Opens an inode by path only, and looks at it; given, or null for later. */
    @FunctionalInterface
    private interface Opening {
        Fd run() throws ErrnoException;
    }

    private void loadInode(int place) throws IOException {
        long nodeId = in.readLong();
        long lookups = in.readLong();
        int type = in.readUnsignedShort();
        boolean removed = in.readBoolean();
        long ino = in.readLong();
        if (lookups < 1 || lookups > MOST_LOOKUPS) {
            throw new IOException("the saved state has an inode that nobody has looked up");
        }
        boolean nameless = place == SessionSaver.NAMELESS_BY_HANDLE;
        String name = "inode " + ino;
        Opening opening;
        switch (place) {
            case SessionSaver.UNKNOWN ->
                    opening =
                            () -> {
                                throw ErrnoException.of(Errno.ENOENT);
                            };
            case SessionSaver.BY_PATH -> {
                byte[] path = readBytes(SessionSaver.MOST_PATH_BYTES);
                FileHandle handle = readHandle();
                name = "'" + printable(path) + "'";
                opening = () -> open(path, handle);
            }
            case SessionSaver.BY_HANDLE, SessionSaver.NAMELESS_BY_HANDLE -> {
                int mount = in.readUnsignedShort();
                FileHandle handle = readHandle();
                if (handle == null && !nameless || mount >= mounts.size()) {
                    throw new IOException("the saved state has an inode without a place");
                }
                Known known = new Known(nodeId, lookups, type, removed, name);
                opening = () -> open(known, handle, mounts.get(mount), ino, nameless);
            }
            default -> throw new IOException("the saved state has a place of no known kind");
        }
        try {
            Fd fd = opening.run();
            if (fd != null) {
                add(new Known(nodeId, lookups, type, removed, name), fd);
            }
        } catch (ErrnoException e) {
            if (nameless) {
                ended.put(nodeId, e); // it matters only if the guest has it open
            } else {
                lose(name, e);
            }
        }
    }

    /** Searches the share for what is known by file handle only: it may be somewhere else. */
    private void loadHidden(Reclaimer.Reader reader) throws IOException {
        if (hidden.isEmpty()) {
            return;
        }
        LOG.info("searching the share for {} inodes whose paths are not known", hidden.size());
        Map<InodePaths.Identity, byte[]> found =
                paths.search(hidden.stream().map(Hidden::identity).toList());
        for (Hidden inode : hidden) {
            try {
                byte[] path = found.get(inode.identity());
                if (path == null) {
                    throw ErrnoException.of(Errno.ENOENT);
                }
                add(inode.known(), open(path, inode.handle()));
            } catch (ErrnoException e) {
                lose(inode.known().name(), e);
            }
            reader.exit();
            reader.enter();
        }
    }

    private static String printable(byte[] path) {
        return new String(path, StandardCharsets.UTF_8).replaceAll("\\p{Cntrl}", "?");
    }

    /** Opens what has this path, and this file handle if the source told one. */
    private Fd open(byte[] path, FileHandle handle) throws ErrnoException {
        Fd fd = open(() -> share.openBeneath(path));
        return checked(
                fd, handle == null || handle.equals(FileHandle.of(share.syscalls(), fd.number())));
    }

    /**
     * Opens what has this file handle. On another file system that may be anything; so it must have
     * the inode number as well, and no name if it had none. And it may lie outside of the share,
     * which a hostile source would choose: what has a name must be found by it, what has none must
     * have had it in the share, as far as the kernel remembers.
     *
     * @return null for what must be searched, and is now {@link #hidden}
     */
    private Fd open(Known known, FileHandle handle, Mount mount, long ino, boolean nameless)
            throws ErrnoException {
        if (handle == null || !mount.opensHandles()) {
            throw ErrnoException.of(Errno.EOPNOTSUPP);
        }
        int mountFd = mount.fd().number();
        Fd fd = open(() -> handle.open(share.syscalls(), mountFd));
        boolean same =
                share.statx(fd.number(), HostDirectory.LOOKUP_MASK) == 0
                        && Scratch.get().statx().getLong(Statx.INO) == ino;
        InodePaths.Identity identity = InodePaths.Identity.seen();
        checked(fd, same && share.isNameless(fd.number()) == nameless);
        if (nameless) {
            return checked(fd, paths.find(fd.number()) != null);
        }
        if (paths.find(identity, fd.number()) != null) {
            return fd;
        }
        fd.close();
        if (hidden.size() >= share.options().maxInodes()) {
            throw ErrnoException.of(Errno.ENFILE);
        }
        hidden.add(new Hidden(known, handle, identity));
        return null;
    }

    private static Fd checked(Fd fd, boolean right) throws ErrnoException {
        if (!right) {
            fd.close();
            throw ErrnoException.of(Errno.ESTALE);
        }
        return fd;
    }

    /** Adds what {@code path} refers to, which is taken. */
    private void add(Known known, Fd path) throws ErrnoException, IOException {
        try (Parts parts = new Parts()) {
            parts.add(path);
            ErrnoException.check(share.statx(path.number(), HostDirectory.LOOKUP_MASK));
            NativeMemory statx = Scratch.get().statx();
            if ((statx.getShort(Statx.MODE) & Statx.S_IFMT) != known.type()) {
                throw ErrnoException.of(Errno.ESTALE);
            }
            long device = Statx.device(statx);
            long ino = statx.getLong(Statx.INO);
            boolean nameless = statx.getInt(Statx.NLINK) == 0;
            Mount entered = session.mounts().enter(path.number(), statx);
            parts.add(() -> session.mounts().leave(entered));
            Inode inode = new Inode(device, ino, entered, known.type(), path);
            inode.setLookups(known.lookups());
            if (known.removed() || nameless) {
                inode.allowNameless();
            }
            session.descriptors().require(inode);
            if (!session.inodes().restore(known.nodeId(), inode)) {
                throw new IOException("the saved state has an inode of an impossible number");
            }
            parts.complete();
            session.added(inode);
        }
    }

    private void loadHandle() throws IOException {
        long fh = in.readLong();
        long nodeId = in.readLong();
        int flags = in.readInt();
        Inode inode = session.inodes().get(nodeId);
        if (inode == null) {
            ErrnoException why = ended.get(nodeId);
            if (why != null) {
                lose("an open file without a name", why);
            } else {
                lost++; // as its inode was
            }
            return;
        }
        HostHandle handle;
        try {
            handle = flags == SessionSaver.DIRECTORY ? openDirectory(inode) : open(inode, flags);
        } catch (ErrnoException e) {
            lose("open file of inode " + inode.ino(), e);
            return;
        }
        if (!session.restore(fh, handle)) {
            throw new IOException("the saved state has an open file of an impossible number");
        }
    }

    private HostHandle openDirectory(Inode inode) throws ErrnoException {
        if (!inode.isDirectory()) {
            throw ErrnoException.of(Errno.ENOTDIR);
        }
        int flags = Fcntl.O_RDONLY | Fcntl.O_DIRECTORY;
        return new HostHandle.OpenDirectory(reopen(inode, flags), inode);
    }

    private HostHandle open(Inode inode, int flags) throws ErrnoException {
        if (!inode.isRegular() || (flags & ~OPEN_FLAGS) != 0) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        if ((flags & Fcntl.O_ACCMODE) != Fcntl.O_RDONLY) {
            share.refuseIfReadOnly();
        }
        Fd fd;
        try {
            fd = reopen(inode, flags);
        } catch (ErrnoException e) {
            // As when the guest opened it: only the owner may read without a trace.
            if (e.errno() != Errno.EPERM || (flags & Fcntl.O_NOATIME) == 0) {
                throw e;
            }
            return open(inode, flags & ~Fcntl.O_NOATIME);
        }
        HostHandle.OpenFile file = new HostHandle.OpenFile(fd, flags, inode);
        file.written(); // perhaps, in the other process
        return file;
    }

    private Fd reopen(Inode inode, int flags) throws ErrnoException {
        int path = session.descriptors().of(inode);
        int fd = session.descriptors().openingToStay(() -> share.reopen(path, flags));
        return Fd.own(share.syscalls(), ErrnoException.check(fd));
    }

    /** Something the guest knew is not to be had. */
    private void lose(String what, ErrnoException why) throws IOException {
        String reason =
                switch (why.errno()) {
                    case Errno.ENOENT -> "it is not there";
                    case Errno.ESTALE -> "another file is in its place";
                    default -> why.getMessage();
                };
        if (options.onError() == OnError.ABORT) {
            throw new IOException("cannot take over " + what + ": " + reason);
        }
        if (lost++ < MOST_COMPLAINTS) {
            LOG.warn("cannot take over {}, which the guest gets errors for: {}", what, reason);
        }
    }

    private FileHandle readHandle() throws IOException {
        byte[] bytes = readBytes(FileHandle.MOST_BYTES);
        try {
            return bytes.length == 0 ? null : FileHandle.of(bytes);
        } catch (IllegalArgumentException e) {
            throw new IOException("the saved state has a broken file handle", e);
        }
    }

    private byte[] readBytes(int most) throws IOException {
        int length = in.readUnsignedShort();
        if (length > most) {
            throw new IOException("the saved state has a string that is too long");
        }
        byte[] bytes = new byte[length];
        in.readFully(bytes);
        return bytes;
    }
}
