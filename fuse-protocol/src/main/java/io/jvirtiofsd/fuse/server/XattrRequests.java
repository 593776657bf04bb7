package io.jvirtiofsd.fuse.server;

import io.jvirtiofsd.fuse.Errno;
import io.jvirtiofsd.fuse.ErrnoException;
import io.jvirtiofsd.fuse.Name;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Operations on extended attributes. Access control lists are refused unless both sides have agreed
 * to interpret them: one that nobody applies would protect nothing. Source: xattr(7), listxattr(2),
 * setxattr(2).
 */
final class XattrRequests {
    /**
     * FUSE_SETXATTR: {@code struct fuse_setxattr_in}, 16 bytes, of which only the first 8 are sent
     * unless SETXATTR_EXT was negotiated (fuse.h); name and value follow.
     */
    record SetxattrIn(
            int size, @Flags(FlagSet.XATTR) int flags, @Flags(FlagSet.SETXATTR) int setxattrFlags) {
        static final int BYTES = 16;
        static final int SHORT_BYTES = 8; // fuse.h FUSE_COMPAT_SETXATTR_IN_SIZE

        static final int XATTR_CREATE = 1; // linux/xattr.h
        static final int XATTR_REPLACE = 2; // linux/xattr.h
        static final int SETXATTR_ACL_KILL_SGID = 1; // fuse.h FUSE_SETXATTR_ACL_KILL_SGID

        static SetxattrIn read(WireReader in) {
            int size = in.u32();
            int flags = in.u32();
            int setxattrFlags = in.u32();
            in.skip(4); // padding
            return new SetxattrIn(size, flags, setxattrFlags);
        }
    }

    /**
     * FUSE_GETXATTR and FUSE_LISTXATTR: {@code struct fuse_getxattr_in}, 8 bytes (fuse.h); for
     * GETXATTR the name follows.
     *
     * @param size most bytes wanted, unsigned; 0 asks only for their number
     */
    record GetxattrIn(int size) {
        static final int BYTES = 8;

        static GetxattrIn read(WireReader in) {
            int size = in.u32();
            in.skip(4); // padding
            return new GetxattrIn(size);
        }
    }

    /**
     * Answer to FUSE_GETXATTR and FUSE_LISTXATTR that asked for the size only: {@code struct
     * fuse_getxattr_out}, 8 bytes (fuse.h).
     */
    record GetxattrOut(int size) {
        static final int BYTES = 8;

        static void write(WireWriter out, int size) {
            out.u32(size);
            out.zero(4); // padding
        }

        static GetxattrOut read(WireReader in) {
            int size = in.u32();
            in.skip(4); // padding
            return new GetxattrOut(size);
        }
    }

    /** Most bytes that a value, or a list of names with their NULs, may have. */
    static final int MAX_BYTES = 65_536; // linux/limits.h XATTR_SIZE_MAX, XATTR_LIST_MAX

    private static final int SET_FLAGS = SetxattrIn.XATTR_CREATE | SetxattrIn.XATTR_REPLACE;

    private static final byte[] ACL_ACCESS = ascii("system.posix_acl_access");
    private static final byte[] ACL_DEFAULT = ascii("system.posix_acl_default");

    private XattrRequests() {}

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    static void set(Request request) throws ErrnoException {
        SetxattrIn in = SetxattrIn.read(request.arguments());
        byte[] value = request.afterNames();
        refuseAcl(request);
        if (in.size() != value.length) {
            boolean tooBig = Integer.compareUnsigned(in.size(), MAX_BYTES) > 0;
            throw ErrnoException.of(tooBig ? Errno.E2BIG : Errno.EINVAL);
        }
        if (value.length > MAX_BYTES) {
            throw ErrnoException.of(Errno.E2BIG);
        }
        if ((in.flags() & ~SET_FLAGS) != 0) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        boolean killing = (in.setxattrFlags() & SetxattrIn.SETXATTR_ACL_KILL_SGID) != 0;
        request.session()
                .xattrs()
                .setxattr(request.nodeId(), request.name(), value, in.flags(), killing);
    }

    static void get(Request request) throws ErrnoException {
        GetxattrIn in = GetxattrIn.read(request.arguments());
        refuseAcl(request);
        byte[] value = request.session().xattrs().getxattr(request.nodeId(), request.name());
        answer(request, in.size(), value);
    }

    static void list(Request request) throws ErrnoException {
        GetxattrIn in = GetxattrIn.read(request.arguments());
        byte[] names = request.session().xattrs().listxattr(request.header(), request.nodeId());
        if (names.length > 0 && names[names.length - 1] != 0) {
            throw new IllegalStateException("the last name has no end");
        }
        answer(request, in.size(), hasAcls(request) ? names : withoutAcls(names));
    }

    static void remove(Request request) throws ErrnoException {
        refuseAcl(request);
        request.session().xattrs().removexattr(request.nodeId(), request.name());
    }

    private static void answer(Request request, int wanted, byte[] value) throws ErrnoException {
        if (value.length > MAX_BYTES) {
            throw ErrnoException.of(Errno.E2BIG);
        }
        if (wanted == 0) {
            if (request.room() < GetxattrOut.BYTES) {
                throw ErrnoException.of(Errno.EIO);
            }
            GetxattrOut.write(request.body(), value.length);
            return;
        }
        if (Integer.compareUnsigned(value.length, wanted) > 0 || value.length > request.room()) {
            throw ErrnoException.of(Errno.ERANGE);
        }
        request.body().put(value, 0, value.length);
    }

    private static boolean hasAcls(Request request) {
        return InitFlag.POSIX_ACL.in(request.negotiated().flags());
    }

    private static void refuseAcl(Request request) throws ErrnoException {
        Name name = request.name();
        int from = name.offset();
        if (isAcl(name.array(), from, from + name.length()) && !hasAcls(request)) {
            throw ErrnoException.of(Errno.EOPNOTSUPP);
        }
    }

    private static boolean isAcl(byte[] names, int from, int to) {
        return Arrays.equals(names, from, to, ACL_ACCESS, 0, ACL_ACCESS.length)
                || Arrays.equals(names, from, to, ACL_DEFAULT, 0, ACL_DEFAULT.length);
    }

    private static byte[] withoutAcls(byte[] names) {
        byte[] kept = new byte[names.length];
        int length = 0;
        int from = 0;
        for (int at = 0; at < names.length; at++) {
            if (names[at] == 0) {
                int end = at + 1;
                if (!isAcl(names, from, at)) {
                    System.arraycopy(names, from, kept, length, end - from);
                    length += end - from;
                }
                from = end;
            }
        }
        return length == names.length ? names : Arrays.copyOf(kept, length);
    }
}
