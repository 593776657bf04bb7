package io.jvirtiofsd.fuse;

/**
 * What CREATE and TMPFILE are to make or open. <i>Immutable.</i>
 *
 * @param flags the guest's O_ flags
 * @param mode permission bits, with or without S_IFREG
 * @param umask what is still to be applied to {@code mode} unless the directory has a default ACL
 * @param killSuidgid whether suid and sgid are cleared when O_TRUNC truncates
 */
public record NewFile(int flags, int mode, int umask, boolean killSuidgid) {}
