package io.jvirtiofsd.fuse;

/** When a feature is agreed on that the guest's kernel may not have. */
public enum FeatureMode {
    /** Not used, even if the guest offers it. */
    NEVER,
    /** Used if the guest offers it. */
    AUTO,
    /** A guest that does not offer it is refused. */
    ALWAYS;

    /**
     * The part of {@code needed} to accept: all or nothing.
     *
     * @throws ErrnoException EPROTO if it must be had and is not offered
     */
    public long accepted(long needed, long offered) throws ErrnoException {
        boolean all = (offered & needed) == needed;
        if (this == ALWAYS && !all) {
            throw ErrnoException.of(Errno.EPROTO);
        }
        return this != NEVER && all ? needed : 0;
    }
}
