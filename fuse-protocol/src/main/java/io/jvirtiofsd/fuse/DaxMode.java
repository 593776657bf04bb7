package io.jvirtiofsd.fuse;

/** Which files the guest maps in the DAX window, as its mount option and INIT say. */
public enum DaxMode {
    /** The guest maps no files. */
    NEVER,

    /** The guest maps the files with {@link Attributes#ATTR_DAX}. */
    INODE,

    /** The guest maps all regular files. */
    ALWAYS
}
