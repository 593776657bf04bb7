package io.jvirtiofsd.fuse;

/**
 * A lock on a range of bytes, as it is asked for or as another has it: {@code struct
 * fuse_file_lock} (fuse.h). <i>Immutable.</i>
 *
 * @param start first byte
 * @param end last byte, {@link Long#MAX_VALUE} for all that follow
 * @param type {@link #F_RDLCK} or {@link #F_WRLCK}; {@link #F_UNLCK} if there is none
 * @param pid the guest's process; 0 where that is not one of the guest's
 */
public record FileLock(long start, long end, int type, int pid) {
    public static final int F_RDLCK = 0; // asm-generic/fcntl.h
    public static final int F_WRLCK = 1; // asm-generic/fcntl.h
    public static final int F_UNLCK = 2; // asm-generic/fcntl.h

    /** In a request: drops all locks of its owner on the file. */
    public static final FileLock WHOLE_FILE_UNLOCKED = new FileLock(0, Long.MAX_VALUE, F_UNLCK, 0);
}
