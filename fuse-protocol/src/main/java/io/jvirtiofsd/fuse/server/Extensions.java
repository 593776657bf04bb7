package io.jvirtiofsd.fuse.server;

import io.jvirtiofsd.fuse.Errno;
import io.jvirtiofsd.fuse.ErrnoException;
import io.jvirtiofsd.fuse.Name;
import io.jvirtiofsd.fuse.SecurityContext;
import java.util.ArrayList;
import java.util.List;

/**
 * What follows the names of a request that makes something: the new object's security context and a
 * supplementary group of the caller. Read from a private copy. <i>Immutable.</i>
 *
 * <p>Source: fuse.h, {@code struct fuse_ext_header}: size@0, type@4, each record a multiple of 8.
 *
 * @param contexts at most one
 * @param group &minus;1 if none was sent
 */
record Extensions(List<SecurityContext> contexts, int group) {
    static final Extensions NONE = new Extensions(List.of(), -1);

    /** The most that is worth copying: a context at its longest, a group, and their headers. */
    static final int MAX_BYTES = XattrRequests.MAX_BYTES + 1024;

    private static final int HEADER_BYTES = 8;
    private static final int CONTEXT_HEADER_BYTES = 8; // struct fuse_secctx: size@0 padding@4
    private static final int MAX_CONTEXTS = 31; // fuse.h FUSE_MAX_NR_SECCTX; up to it, the type
    private static final int GROUPS = 32; // fuse.h FUSE_EXT_GROUPS
    private static final int ALIGNMENT = 8;

    /**
     * Reads all records of {@code bytes}; of unknown types, none.
     *
     * @throws ErrnoException EINVAL if a record does not fit, or has more than one of anything
     */
    static Extensions read(byte[] bytes) throws ErrnoException {
        List<SecurityContext> contexts = new ArrayList<>();
        int group = -1;
        WireReader in = new WireReader();
        int at = 0;
        while (at < bytes.length) {
            in.reset(bytes, at, bytes.length);
            require(in.remaining() >= HEADER_BYTES);
            int size = in.u32();
            int type = in.u32();
            require(size >= HEADER_BYTES && size % ALIGNMENT == 0 && size <= bytes.length - at);
            in.reset(bytes, at + HEADER_BYTES, at + size);
            if (type >= 0 && type <= MAX_CONTEXTS) {
                require(type <= 1 && contexts.isEmpty());
                if (type == 1) {
                    contexts.add(context(in));
                }
            } else if (type == GROUPS) {
                require(group == -1);
                group = group(in);
            }
            at += size;
        }
        return new Extensions(List.copyOf(contexts), group);
    }

    private static SecurityContext context(WireReader in) throws ErrnoException {
        require(in.remaining() >= CONTEXT_HEADER_BYTES);
        int size = in.u32();
        in.skip(4); // padding
        Name name = new Name();
        require(in.string(name) && name.length() > 0 && name.length() <= Names.NAME_BYTES);
        require(size >= 0 && size <= XattrRequests.MAX_BYTES && size <= in.remaining());
        return new SecurityContext(name, in.bytes(size));
    }

    /** Linux sends one group at most: that of the parent, if the caller is a member. */
    private static int group(WireReader in) throws ErrnoException {
        require(in.remaining() >= 4);
        int count = in.u32();
        require(count == 0 || count == 1 && in.remaining() >= 4);
        return count == 0 ? -1 : in.u32();
    }

    private static void require(boolean condition) throws ErrnoException {
        if (!condition) {
            throw ErrnoException.of(Errno.EINVAL);
        }
    }
}
