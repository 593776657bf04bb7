package io.jvirtiofsd.fuse;

/** Which files the guest maps in the DAX window, as its mount option and INIT say. */
public enum DaxMode {
    /** None. */
    NEVER,

    /** Those with {@link Attributes#ATTR_DAX}. */
    INODE,

    /** All regular files. */
    ALWAYS
}
