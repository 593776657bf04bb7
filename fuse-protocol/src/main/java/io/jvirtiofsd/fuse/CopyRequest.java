package io.jvirtiofsd.fuse;

/**
 * What COPY_FILE_RANGE is to copy: {@code len} bytes, from the file of the request to another.
 * <i>Immutable.</i>
 *
 * @param fhIn the open file to read
 * @param offIn its first byte
 * @param nodeidOut the node to write
 * @param fhOut an open file of that node
 * @param offOut its first byte
 * @param len number of bytes, 0 to 64 MiB
 */
public record CopyRequest(
        long fhIn, long offIn, long nodeidOut, long fhOut, long offOut, long len) {}
