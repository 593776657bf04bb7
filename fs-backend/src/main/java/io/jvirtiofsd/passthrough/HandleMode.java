package io.jvirtiofsd.passthrough;

/** Whether inodes are kept by file handle, which costs no descriptor; the modes of virtiofsd. */
public enum HandleMode {
    /** Each inode that the guest knows keeps a descriptor. */
    NEVER,
    /** The descriptors least used are closed where there is a handle to open them again by. */
    PREFER,
    /** No inode keeps a descriptor; what has no handle cannot be looked up. */
    MANDATORY
}
