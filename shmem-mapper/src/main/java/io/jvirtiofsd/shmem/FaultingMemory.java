package io.jvirtiofsd.shmem;

import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.linux.Scratch;
import io.jvirtiofsd.linux.Syscalls;

/**
 * Copies from and to memory of ours whose pages may be missing, where a load would be a SIGBUS.
 * What is missing reads as zeros and swallows what is written, as memory that no device answers
 * for.
 *
 * <p><i>Thread-safe</i> as memory is. Source: process_vm_readv(2).
 */
final class FaultingMemory {
    private static final int SELF = (int) ProcessHandle.current().pid();

    private final Syscalls syscalls;
    private final long address;

    /** Memory that begins at {@code address}, borrowed. */
    FaultingMemory(Syscalls syscalls, long address) {
        this.syscalls = syscalls;
        this.address = address;
    }

    /** Copies {@code length} bytes at {@code offset} to {@code target[at…]}. */
    void read(long offset, byte[] target, int at, int length) {
        NativeMemory block = Scratch.get().large();
        for (int done = 0; done < length; ) {
            int piece = Math.min(length - done, block.size());
            block.clear(0, piece);
            NativeMemory vectors = vectors(block, offset + done, piece);
            syscalls.processVmReadv(SELF, vectors.address(0), vectors.address(16));
            block.get(0, target, at + done, piece);
            done += piece;
        }
    }

    /** Copies {@code source[at… at + length)} to {@code offset}. */
    void write(long offset, byte[] source, int at, int length) {
        NativeMemory block = Scratch.get().large();
        for (int done = 0; done < length; ) {
            int piece = Math.min(length - done, block.size());
            block.put(0, source, at + done, piece);
            NativeMemory vectors = vectors(block, offset + done, piece);
            syscalls.processVmWritev(SELF, vectors.address(0), vectors.address(16));
            done += piece;
        }
    }

    /** Two struct iovec: the block and the place in the memory. */
    private NativeMemory vectors(NativeMemory block, long offset, int length) {
        NativeMemory vectors = Scratch.get().small();
        vectors.putLong(0, block.address());
        vectors.putLong(8, length);
        vectors.putLong(16, address + offset);
        vectors.putLong(24, length);
        return vectors;
    }
}
