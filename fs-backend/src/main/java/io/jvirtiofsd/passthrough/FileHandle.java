package io.jvirtiofsd.passthrough;

import io.jvirtiofsd.linux.Fcntl;
import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.linux.Scratch;
import io.jvirtiofsd.linux.Syscalls;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

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

    /** Most bytes of a handle. */
    static final int MOST_BYTES = HEADER_BYTES + MAX_DATA_BYTES;

    private final byte[] bytes;

    private FileHandle(byte[] bytes) {
        this.bytes = bytes;
    }

    /** The handle of what {@code fd} refers to, or null if its file system has none. */
    static FileHandle of(Syscalls syscalls, int fd) {
        int length = ask(syscalls, fd, Scratch.get().emptyPath(), Fcntl.AT_EMPTY_PATH);
        if (length < 0) {
            return null;
        }
        byte[] bytes = new byte[length];
        Scratch.get().small().get(0, bytes, 0, length);
        return new FileHandle(bytes);
    }

    /**
     * The handle that another process had; {@code bytes} are taken.
     *
     * @throws IllegalArgumentException if that can be none
     */
    static FileHandle of(byte[] bytes) {
        int data = bytes.length - HEADER_BYTES;
        if (data < 0
                || data > MAX_DATA_BYTES
                || ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder()).getInt() != data) {
            throw new IllegalArgumentException("no file handle");
        }
        return new FileHandle(bytes);
    }

    /** {@code struct file_handle}, at most {@link #MOST_BYTES}; borrowed, not to be changed. */
    byte[] bytes() {
        return bytes;
    }

    /** Puts a handle into the small block; how many bytes it has, or a negative number. */
    private static int ask(Syscalls syscalls, int directory, long path, int flags) {
        NativeMemory memory = Scratch.get().small();
        memory.putInt(0, MAX_DATA_BYTES);
        int result =
                syscalls.nameToHandleAt(
                        directory, path, memory.address(), memory.address(MOUNT_ID_AT), flags);
        int length = memory.getInt(0);
        boolean known = result >= 0 && length >= 0 && length <= MAX_DATA_BYTES;
        return known ? HEADER_BYTES + length : -1;
    }

    /** Whether {@code path}, a C string, names this object in {@code directory}. */
    boolean isNamed(Syscalls syscalls, int directory, long path) {
        if (ask(syscalls, directory, path, 0) != bytes.length) {
            return false;
        }
        NativeMemory memory = Scratch.get().small();
        for (int i = 0; i < bytes.length; i++) {
            if (memory.getByte(i) != bytes[i]) {
                return false;
            }
        }
        return true;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof FileHandle handle && Arrays.equals(bytes, handle.bytes);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(bytes);
    }

    /** Opens the object as an O_PATH descriptor; a descriptor, or a negated errno. */
    int open(Syscalls syscalls, int mountFd) {
        NativeMemory memory = Scratch.get().small();
        memory.put(0, bytes, 0, bytes.length);
        return syscalls.openByHandleAt(
                mountFd, memory.address(), Fcntl.O_PATH | Fcntl.O_NOFOLLOW | Fcntl.O_CLOEXEC);
    }
}
