package io.jvirtiofsd.fuse;

/**
 * The guest's memory that holds the data of a WRITE or receives the data of a READ; borrowed for
 * the length of the request.
 *
 * <p>The guest may change it at any time: look at each byte at most once. File systems with
 * descriptors hand {@link #iovAddress} to the kernel; others copy.
 *
 * <p><i>Confined to the request's thread.</i>
 */
public interface GuestData {
    /** Bytes in all. */
    int size();

    /**
     * Native address of an array of {@code struct iovec} that covers exactly {@link #size} bytes.
     */
    long iovAddress();

    /** Number of entries at {@link #iovAddress}; may exceed what one system call takes (1024). */
    int iovCount();

    /** From now on leaves the first {@code bytes} out of {@link #size} and what goes with it. */
    void skip(int bytes);

    /** Copies {@code length} bytes at {@code position} to {@code target[at…]}. */
    void get(int position, byte[] target, int at, int length);

    /** Copies {@code source[at… at + length)} to {@code position}. */
    void put(int position, byte[] source, int at, int length);
}
