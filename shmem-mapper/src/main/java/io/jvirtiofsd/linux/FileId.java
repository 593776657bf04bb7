package io.jvirtiofsd.linux;

/**
 * A file of the host, whatever name, mount or descriptor it is reached by. <i>Immutable.</i>
 *
 * @param device as {@code Statx.device} joins its two numbers
 * @param ino inode number; it can be another file's once nobody has this one open
 */
public record FileId(long device, long ino) {}
