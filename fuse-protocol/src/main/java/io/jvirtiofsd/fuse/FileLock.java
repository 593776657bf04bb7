package io.jvirtiofsd.fuse;

/**
 * A lock on a range of bytes, as it is asked for or as another has it: {@code struct
 * fuse_file_lock}, 24 bytes (fuse.h). <i>Immutable.</i>
 *
 * @param start first byte
 * @param end last byte, {@link Long#MAX_VALUE} for all that follow
 * @param type {@link LockRequest#F_RDLCK} or {@link LockRequest#F_WRLCK}; {@link LockRequest#F_UNLCK} if there is none
 * @param pid the guest's process; 0 where that is not one of the guest's
 */
public record FileLock(long start, long end, int type, int pid) {
    static final int BYTES = 24;

    /** As a request: no lock on any byte. */
    public static final FileLock WHOLE_FILE_UNLOCKED =
            new FileLock(0, Long.MAX_VALUE, LockRequest.F_UNLCK, 0);

    void write(WireWriter out) {
        out.u64(start);
        out.u64(end);
        out.u32(type);
        out.u32(pid);
    }

    static FileLock read(WireReader in) {
        return new FileLock(in.u64(), in.u64(), in.u32(), in.u32());
    }
}
