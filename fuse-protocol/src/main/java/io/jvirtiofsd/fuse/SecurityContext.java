package io.jvirtiofsd.fuse;

/**
 * An extended attribute that what is being made is to have from the beginning: the guest's security
 * label. Source: fuse.h, {@code struct fuse_secctx}.
 *
 * @param name 1 to 255 bytes
 * @param value at most 65536 bytes
 */
public record SecurityContext(Name name, byte[] value) {}
