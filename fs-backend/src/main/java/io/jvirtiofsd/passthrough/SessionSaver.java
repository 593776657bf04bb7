package io.jvirtiofsd.passthrough;

import io.jvirtiofsd.fuse.DaxMode;
import io.jvirtiofsd.fuse.ErrnoException;
import io.jvirtiofsd.linux.Fcntl;
import io.jvirtiofsd.linux.Reclaimer;
import io.jvirtiofsd.passthrough.MigrationOptions.Mode;
import java.io.DataOutput;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes a session for another process to go on with, in the format of docs/migration.md. The
 * session stays as it is. No request runs meanwhile; the host may change the share.
 *
 * <p><i>Confined to a thread.</i>
 */
final class SessionSaver {
    private static final Logger LOG = LoggerFactory.getLogger(PassthroughFileSystem.class);

    /** The next record is none: the list ends. */
    static final int END = 0;

    /** How an inode's place is told. */
    static final int UNKNOWN = 1;

    static final int BY_PATH = 2;
    static final int BY_HANDLE = 3;

    /** A handle that may lead only to what has no name, or nothing if there is none. */
    static final int NAMELESS_BY_HANDLE = 4;

    static final int MOST_PATH_BYTES = 0xffff;

    /** The number of the share's own mount. */
    static final int OWN_MOUNT = 0;

    /** What stands for O_ flags at an open directory. */
    static final int DIRECTORY = -1;

    private static final byte[] NOTHING = {};

    private final HostDirectory share;
    private final HostSession session;
    private final Reclaimer reclaimer;
    private final DataOutput out;
    private final MigrationOptions options;
    private final InodePaths paths;
    private final Map<Mount, Integer> mounts = new HashMap<>();
    private final List<Inode> hidden = new ArrayList<>(); // whose path the kernel does not know
    private int gone;

    SessionSaver(HostDirectory share, HostSession session, Reclaimer reclaimer, DataOutput out) {
        this.share = share;
        this.session = session;
        this.reclaimer = reclaimer;
        this.out = out;
        this.options = share.options().migration();
        this.paths = new InodePaths(share);
    }

    /**
     * Writes it.
     *
     * @throws IOException if it cannot go to another process; the message is one sentence for
     *     people
     */
    void save() throws IOException {
        long begin = System.nanoTime();
        List<Inode> inodes = new ArrayList<>();
        session.inodes().forEach(inodes::add);
        Map<Long, HostHandle> handles = new HashMap<>();
        session.forEachHandle((handle, fh) -> handles.put(fh, handle));
        refuseWhatCannotGo(handles);
        HostSession.Numbering numbering = session.numbering();
        out.writeInt(numbering.generation());
        out.writeInt(numbering.nodeUses());
        out.writeInt(numbering.handleUses());
        try (Reclaimer.Reader reader = reclaimer.register()) {
            saveMounts(inodes, reader);
            for (Inode inode : inodes) {
                begin(reader);
                if (!inode.isPinned() && !inode.isForgotten()) {
                    save(inode);
                }
            }
            saveHidden(reader);
            out.writeByte(END);
            for (Map.Entry<Long, HostHandle> handle : handles.entrySet()) {
                save(handle.getKey(), handle.getValue());
            }
            out.writeByte(END);
        }
        LOG.info(
                "the guest's {} inodes and {} open files are handed over, in {} ms; {} were gone"
                        + " from the host",
                inodes.size(),
                handles.size(),
                TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begin),
                gone);
    }

    /** What was retired since the last time may be closed. */
    private static void begin(Reclaimer.Reader reader) {
        reader.exit();
        reader.enter();
    }

    private void refuseWhatCannotGo(Map<Long, HostHandle> handles) throws IOException {
        if (session.mode() != DaxMode.NEVER) {
            throw new IOException("the guest uses a DAX window, which cannot be moved");
        }
        boolean flocked =
                handles.values().stream()
                        .anyMatch(h -> h instanceof HostHandle.OpenFile f && f.isFlocked());
        if (flocked || session.lockCounts().isAnyOwner()) {
            throw new IOException(
                    "the guest holds locks of the host, which another process could not take over");
        }
    }

    private void saveMounts(List<Inode> inodes, Reclaimer.Reader reader) throws IOException {
        mounts.put(share.mount(), OWN_MOUNT);
        for (Inode inode : inodes) {
            Mount mount = inode.mount();
            if (inode.isForgotten() || mounts.containsKey(mount) || !mount.opensHandles()) {
                continue;
            }
            begin(reader);
            byte[] path = paths.find(mount.fd().number());
            if (path != null && mounts.size() < SessionLoader.MOST_MOUNTS) {
                mounts.put(mount, mounts.size());
                out.writeByte(BY_PATH);
                writeBytes(path);
            }
        }
        out.writeByte(END);
    }

    private void save(Inode inode) throws IOException {
        int fd;
        try {
            fd = session.descriptors().of(inode);
        } catch (ErrnoException e) {
            gone++; // the guest gets ESTALE for it here, and is told there that it is not known
            return;
        }
        Integer mount = mounts.get(inode.mount());
        boolean byHandle = mount != null && options.mode() == Mode.FILE_HANDLES;
        byte[] path = byHandle ? null : paths.find(InodePaths.Identity.of(inode), fd);
        if (path != null) {
            save(inode, path, fd);
            return;
        }
        boolean nameless = share.isNameless(fd);
        FileHandle handle =
                byHandle || mount != null && nameless ? FileHandle.of(share.syscalls(), fd) : null;
        if (handle != null || nameless) {
            begin(inode, nameless ? NAMELESS_BY_HANDLE : BY_HANDLE);
            out.writeShort(mount == null ? OWN_MOUNT : mount);
            writeBytes(handle == null ? NOTHING : handle.bytes());
        } else {
            hidden.add(inode);
        }
    }

    private void save(Inode inode, byte[] path, int fd) throws IOException {
        FileHandle handle = options.verifyHandles() ? FileHandle.of(share.syscalls(), fd) : null;
        begin(inode, BY_PATH);
        writeBytes(path);
        writeBytes(handle == null ? NOTHING : handle.bytes());
    }

    private void saveHidden(Reclaimer.Reader reader) throws IOException {
        if (hidden.isEmpty()) {
            return;
        }
        LOG.info("searching the share for {} inodes whose paths are not known", hidden.size());
        Map<InodePaths.Identity, byte[]> found =
                paths.search(hidden.stream().map(InodePaths.Identity::of).toList());
        for (Inode inode : hidden) {
            begin(reader);
            byte[] path = found.get(InodePaths.Identity.of(inode));
            if (path == null || path.length > MOST_PATH_BYTES) {
                begin(inode, UNKNOWN);
                continue;
            }
            try {
                save(inode, path, session.descriptors().of(inode));
            } catch (ErrnoException e) {
                gone++;
            }
        }
    }

    private void begin(Inode inode, int place) throws IOException {
        out.writeByte(place);
        out.writeLong(inode.nodeId());
        out.writeLong(inode.lookups());
        out.writeShort(inode.type());
        out.writeBoolean(inode.isRemoved());
        out.writeLong(inode.ino());
    }

    private void save(long fh, HostHandle handle) throws IOException {
        if (handle.inode().isForgotten()) {
            return;
        }
        out.writeByte(BY_HANDLE);
        out.writeLong(fh);
        out.writeLong(handle.inode().nodeId());
        out.writeInt(
                handle instanceof HostHandle.OpenFile file
                        ? file.flags() & ~Fcntl.O_TRUNC
                        : DIRECTORY);
    }

    private void writeBytes(byte[] bytes) throws IOException {
        out.writeShort(bytes.length);
        out.write(bytes);
    }
}
