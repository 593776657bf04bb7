package io.jvirtiofsd.passthrough;

import io.jvirtiofsd.linux.Fcntl;
import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.linux.Scratch;
import io.jvirtiofsd.linux.Syscalls;

/**
 * The kernel's lasting name of a host object, by which it can be opened again as long as it exists.
 *
 * <p><i>Immutable.</i> Source: name_to_handle_at(2), {@code struct file_handle}: bytes@0 type@4
 * data@8.
 */
final class FileHandle {
    private static final int HEADER_BYTES = 8;
    private static final int MAX_DATA_BYTES = 128; // MAX_HANDLE_SZ
    private static final int MOUNT_ID_AT = HEADER_BYTES + MAX_DATA_BYTES;

    private final byte[] bytes;

    private FileHandle(byte[] bytes) {
        this.bytes = bytes;
    }

    /** The handle of what {@code fd} refers to, or null if its file system has none. */
    static FileHandle of(Syscalls syscalls, int fd) {
        Scratch scratch = Scratch.get();
        NativeMemory memory = scratch.small();
        memory.putInt(0, MAX_DATA_BYTES);
        int result =
                syscalls.nameToHandleAt(
                        fd,
                        scratch.emptyPath(),
                        memory.address(),
                        memory.address(MOUNT_ID_AT),
                        Fcntl.AT_EMPTY_PATH);
        int length = memory.getInt(0);
        if (result < 0 || length < 0 || length > MAX_DATA_BYTES) {
            return null;
        }
        byte[] bytes = new byte[HEADER_BYTES + length];
        memory.get(0, bytes, 0, bytes.length);
        return new FileHandle(bytes);
    }

    /** Opens the object as an O_PATH descriptor; a descriptor, or a negated errno. */
    int open(Syscalls syscalls, int mountFd) {
        NativeMemory memory = Scratch.get().small();
        memory.put(0, bytes, 0, bytes.length);
        return syscalls.openByHandleAt(
                mountFd, memory.address(), Fcntl.O_PATH | Fcntl.O_NOFOLLOW | Fcntl.O_CLOEXEC);
    }
}
