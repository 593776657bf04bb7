package io.jvirtiofsd.fuse;

import java.util.List;

/**
 * Who asks: the parts of the request header that a file system may need.
 *
 * <p><i>Confined to the request</i>: reused afterwards. Source: fuse.h, {@code fuse_in_header}.
 */
public interface Caller {
    /** The request's id, unique among those in flight. */
    long unique();

    /** The caller's file-system user id in the guest; &minus;1 if it has none. */
    int uid();

    /** The caller's file-system group id in the guest; &minus;1 if it has none. */
    int gid();

    /** The caller's process id in the guest; 0 for the kernel itself. */
    int pid();

    /** What an operation that makes something is to label it with: nothing or one. */
    default List<SecurityContext> securityContexts() {
        return List.of();
    }

    /**
     * A group that the caller is also a member of, for what is made in a set-group-ID directory;
     * &minus;1 if there is none.
     */
    default int supplementaryGroup() {
        return -1;
    }
}
