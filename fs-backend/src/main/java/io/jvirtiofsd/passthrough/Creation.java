package io.jvirtiofsd.passthrough;

import io.jvirtiofsd.fuse.Caller;
import io.jvirtiofsd.fuse.ErrnoException;
import io.jvirtiofsd.fuse.Name;
import io.jvirtiofsd.linux.Fcntl;
import io.jvirtiofsd.linux.Fd;
import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.linux.Scratch;
import io.jvirtiofsd.linux.Statx;
import io.jvirtiofsd.linux.Syscalls;

/**
 * How objects are made for a guest: as its caller, under the caller's umask, with the label that
 * came with the request; and how they are looked up afterwards. Of one session.
 *
 * <p><i>Thread-safe.</i>
 */
final class Creation {
    private final HostDirectory share;
    private final HostSession session;
    private final Lookups lookups;
    private final Credentials credentials;
    private final Umask umask;
    private final HostXattrs xattrs;
    private final Syscalls syscalls;

    Creation(
            HostDirectory share,
            HostSession session,
            Lookups lookups,
            Credentials credentials,
            Umask umask,
            HostXattrs xattrs) {
        this.share = share;
        this.session = session;
        this.lookups = lookups;
        this.credentials = credentials;
        this.umask = umask;
        this.xattrs = xattrs;
        this.syscalls = share.syscalls();
    }

    /** A creating call under {@code umask}. */
    Credentials.Call masked(int umask, Credentials.Call call) {
        return () -> this.umask.during(umask, call);
    }

    /** Makes an object by {@code call}, as the caller; the call's result. */
    int make(Caller caller, Credentials.Call call) throws ErrnoException {
        session.requireRoom();
        return credentials.create(caller, call);
    }

    /** Makes and opens a file by {@code call}: a descriptor, or a negated errno. */
    int open(Caller caller, int umask, Credentials.Call call) throws ErrnoException {
        session.requireRoom();
        Credentials.Call masked = masked(umask, call);
        return session.descriptors().openingToStay(() -> credentials.create(caller, masked));
    }

    /** Labels what is open as {@code fd}. */
    void label(Caller caller, int fd) throws ErrnoException {
        ErrnoException.check(xattrs.label(fd, caller));
    }

    /**
     * Labels the object that is open as {@code fd}. If that fails, or {@code fd} is a negated
     * errno, removes the name: an object that cannot get its label must not stay.
     *
     * @param removal flags of unlinkat(2)
     */
    void label(Caller caller, int fd, int directory, Name name, int removal) throws ErrnoException {
        int result = fd < 0 ? fd : xattrs.label(fd, caller);
        if (result < 0) {
            syscalls.unlinkat(directory, EntryCursor.path(name), removal);
            throw ErrnoException.of(-result);
        }
    }

    /** Opens and labels an object, if the request has a label for it; removes it if that fails. */
    void labelNamed(Caller caller, int directory, Name name, int removal) throws ErrnoException {
        if (caller.securityContexts().isEmpty()) {
            return;
        }
        int flags = Fcntl.O_PATH | Fcntl.O_NOFOLLOW | Fcntl.O_CLOEXEC;
        PathDescriptors.Opening call =
                () -> syscalls.openat(directory, EntryCursor.path(name), flags, 0);
        int fd = session.descriptors().opening(call);
        try {
            label(caller, fd, directory, name, removal);
        } finally {
            if (fd >= 0) {
                syscalls.close(fd);
            }
        }
    }

    /** Looks up what {@code fd}, borrowed, is open on. */
    EntryCursor lookup(Fd fd) throws ErrnoException {
        PathDescriptors.Opening byLink = () -> share.openPath(fd.number());
        int path = session.descriptors().opening(byLink);
        return lookups.add(Fd.own(syscalls, ErrnoException.check(path)));
    }

    /**
     * Looks up the object that {@code fd} is open on: by its name, which costs less, or by the
     * descriptor if the name is another object's by now.
     */
    EntryCursor lookup(Fd fd, int directory, Name name) throws ErrnoException {
        ErrnoException.check(share.statx(fd.number(), HostDirectory.LOOKUP_MASK));
        NativeMemory statx = Scratch.get().statx();
        long device = Statx.device(statx);
        long ino = statx.getLong(Statx.INO);
        long mountId = Statx.mountId(statx);
        EntryCursor entry = lookups.open(directory, name);
        if (entry.nodeId() != 0) {
            if (session.inode(entry.nodeId()).isThat(device, ino, mountId)) {
                return entry;
            }
            session.forget(entry.nodeId(), 1);
        }
        return lookup(fd);
    }
}
