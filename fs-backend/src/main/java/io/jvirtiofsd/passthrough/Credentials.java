package io.jvirtiofsd.passthrough;

import io.jvirtiofsd.fuse.Caller;
import io.jvirtiofsd.fuse.Errno;
import io.jvirtiofsd.fuse.ErrnoException;
import io.jvirtiofsd.linux.Fcntl;
import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.linux.Scratch;
import io.jvirtiofsd.linux.Statx;
import io.jvirtiofsd.linux.Syscalls;
import io.jvirtiofsd.passthrough.rules.IdMaps;

/**
 * Lets a thread act as the guest's caller, or without a capability, for the length of one call.
 *
 * <p>Only the calling thread changes, by raw system calls, and is changed back whatever is thrown.
 * If it cannot be the process ends: going on with another's identity would be worse. A daemon that
 * is not root acts as itself.
 *
 * <p>The effective ids change, not only those for file access (setfsuid(2)): that would leave the
 * thread CAP_SYS_RESOURCE, by which a user's new files pass quotas and reserves, and CAP_SYS_ADMIN.
 * <i>Thread-safe.</i> Source: credentials(7), capabilities(7).
 */
final class Credentials {
    /** A system call, giving a value &ge; 0 or a negated errno. */
    @FunctionalInterface
    interface Call {
        int run();
    }

    private static final int CAP_DAC_OVERRIDE = 1; // linux/capability.h
    private static final int CAP_FSETID = 4; // linux/capability.h
    private static final int CAPABILITY_VERSION_3 = 0x20080522; // linux/capability.h
    private static final int SET_ID_BITS = 06000; // linux/stat.h S_ISUID, S_ISGID
    private static final int KEEP = -1;
    private static final int NOBODY = 65534; // a group as good as any other

    // struct __user_cap_header_struct: version@0 pid@4, then two of struct __user_cap_data_struct:
    // effective@0 permitted@4 inheritable@8
    private static final int DATA = 8;
    private static final int CAPABILITY_BYTES = DATA + 2 * 12;

    private final Syscalls syscalls;
    private final IdMaps ids;
    private final int uid;
    private final int gid;
    private final NativeMemory groups;
    private final int groupCount;
    private final ThreadLocal<NativeMemory> capabilities =
            ThreadLocal.withInitial(() -> NativeMemory.allocate(CAPABILITY_BYTES));

    Credentials(Syscalls syscalls, IdMaps ids) {
        this.ids = ids;
        this.syscalls = syscalls;
        this.uid = syscalls.geteuid();
        this.gid = syscalls.getegid();
        int count = syscalls.getgroups(0, 0);
        this.groups = NativeMemory.allocate(Math.max(1, count) * Integer.BYTES);
        this.groupCount = Math.max(0, syscalls.getgroups(count, groups.address()));
    }

    /** Whether the calling thread is itself; to be asserted, since it costs system calls. */
    boolean areOurs() {
        return syscalls.geteuid() == uid && syscalls.getegid() == gid;
    }

    private boolean isRoot() {
        return uid == 0;
    }

    /**
     * Runs a creating call as the host's user for the caller. The guest has checked the caller's
     * permission, also by groups that are not known here; so what fails with EACCES is tried once
     * more without the host's permission checks.
     */
    int create(Caller caller, Call call) throws ErrnoException {
        if (caller.uid() == KEEP || caller.gid() == KEEP) {
            throw ErrnoException.of(Errno.EOVERFLOW);
        }
        int callerUid = ids.uids().toHost(caller.uid());
        int callerGid = ids.gids().toHost(caller.gid());
        if (!isRoot() || callerUid == uid && callerGid == gid) {
            return call.run();
        }
        int group = hostGid(caller.supplementaryGroup());
        try {
            become(callerUid, callerGid, group);
            int result = call.run();
            if (result != -Errno.EACCES) {
                return result;
            }
            setEffective(CAP_DAC_OVERRIDE, true);
            return call.run();
        } finally {
            restore(changesGroups(group));
        }
    }

    private int hostGid(int gid) throws ErrnoException {
        return gid == KEEP ? KEEP : ids.gids().toHost(gid);
    }

    private void become(int callerUid, int callerGid, int group) throws ErrnoException {
        // Groups first, the user last: without the daemon's user id the others could not be
        // changed.
        int failed = 0;
        if (changesGroups(group)) {
            NativeMemory groups = Scratch.get().small();
            groups.putInt(0, group);
            failed = syscalls.setgroups(group == KEEP ? 0 : 1, groups.address());
        }
        if (failed >= 0) {
            failed = syscalls.setresgid(KEEP, callerGid, KEEP);
        }
        if (failed >= 0) {
            failed = syscalls.setresuid(KEEP, callerUid, KEEP);
        }
        ErrnoException.check(failed);
    }

    /** Whether the daemon's own supplementary groups are not those of a caller with this one. */
    private boolean changesGroups(int group) {
        return group != KEEP || groupCount > 0;
    }

    /**
     * Becoming root again brings all capabilities back.
     *
     * @param groups whether the supplementary groups were changed, too
     */
    private void restore(boolean groups) {
        boolean restored = false;
        try {
            if (syscalls.setresuid(KEEP, uid, KEEP) >= 0
                    && syscalls.setresgid(KEEP, gid, KEEP) >= 0) {
                restored = !groups || restoreGroups();
            }
        } finally {
            if (!restored) {
                end("cannot take the daemon's own identity again");
            }
        }
    }

    private boolean restoreGroups() {
        int result = syscalls.setgroups(groupCount, groups.address());
        return result >= 0 || result == -Errno.EPERM; // who may not set them has not changed them
    }

    /**
     * Runs a call that changes the data of {@code fd} so that the host clears set-user-ID and
     * set-group-ID, as for any user who is a member of the file's group. Only the guest knows
     * whether the caller is one. For others the host would also clear set-group-ID where the group
     * may not execute, but there it means nothing.
     */
    int clearingSuid(boolean clearing, int fd, Call call) throws ErrnoException {
        if (!clearing || !isRoot()) {
            return call.run();
        }
        Scratch scratch = Scratch.get();
        NativeMemory statx = scratch.statx();
        int mask = Statx.STATX_BASIC_STATS;
        ErrnoException.check(
                syscalls.statx(
                        fd, scratch.emptyPath(), Fcntl.AT_EMPTY_PATH, mask, statx.address()));
        if ((statx.getShort(Statx.MODE) & SET_ID_BITS) == 0) {
            return call.run();
        }
        int fileGid = statx.getInt(Statx.GID);
        try {
            syscalls.setresgid(KEEP, fileGid, KEEP); // failing, it takes set-group-ID as well
            return withoutFsetid(call);
        } finally {
            restore(false);
        }
    }

    private int withoutFsetid(Call call) throws ErrnoException {
        boolean restored = false;
        try {
            setEffective(CAP_FSETID, false);
            return call.run();
        } finally {
            try {
                setEffective(CAP_FSETID, true);
                restored = true;
            } finally {
                if (!restored) {
                    end("cannot take a capability again");
                }
            }
        }
    }

    /**
     * Runs a call that changes permissions so that the host clears set-group-ID: as a member of
     * another group than {@code fileGid} only. The guest does not always say who the caller is.
     */
    int clearingSgid(int fileGid, Call call) throws ErrnoException {
        if (!isRoot()) {
            return call.run();
        }
        try {
            become(KEEP, fileGid == NOBODY ? NOBODY - 1 : NOBODY, KEEP);
            return withoutFsetid(call);
        } finally {
            restore(changesGroups(KEEP));
        }
    }

    private void setEffective(int capability, boolean on) throws ErrnoException {
        NativeMemory memory = capabilities.get();
        memory.putInt(0, CAPABILITY_VERSION_3);
        memory.putInt(4, 0); // this thread
        ErrnoException.check(syscalls.capget(memory.address(), memory.address(DATA)));
        int effective = memory.getInt(DATA);
        int bit = 1 << capability;
        memory.putInt(DATA, on ? effective | bit : effective & ~bit);
        ErrnoException.check(syscalls.capset(memory.address(), memory.address(DATA)));
    }

    private static void end(String reason) {
        System.err.println("jvirtiofsd: " + reason);
        Runtime.getRuntime().halt(70); // EX_SOFTWARE
    }
}
