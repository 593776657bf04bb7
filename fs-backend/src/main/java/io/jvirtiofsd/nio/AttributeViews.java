package io.jvirtiofsd.nio;

import io.jvirtiofsd.fuse.Errno;
import io.jvirtiofsd.fuse.ErrnoException;
import io.jvirtiofsd.fuse.FileType;
import java.io.IOException;
import java.nio.file.FileSystem;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributeView;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.GroupPrincipal;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipal;
import java.nio.file.attribute.UserPrincipalLookupService;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;

/**
 * Reads and changes attributes through the best view a provider has: "unix", else "posix", else
 * "basic". Owned by the share; symbolic links are never followed.
 *
 * <p>Numbers of users and groups: the host's own "unix" view has them. Elsewhere a principal whose
 * name is a decimal number is that number, and any other is the options' uid or gid; changing an
 * owner makes such a principal. <i>Thread-safe.</i>
 */
final class AttributeViews {
    /** The attributes that are asked for: no names of users, which would have to be looked up. */
    private static final String UNIX_NUMBERS =
            "unix:mode,ino,rdev,nlink,uid,gid,ctime,size,lastAccessTime,lastModifiedTime,fileKey";

    private static final int FILE_MODE = 0644;
    private static final int DIRECTORY_MODE = 0755;
    private static final int LINK_MODE = 0777;
    private static final int BITS_OF_VIEWS = 0777; // PosixFilePermission knows nine bits

    private static final FileAttribute<?>[] NONE = {};

    private final NioOptions options;
    private final boolean host;
    private final boolean unix;
    private final boolean posix;
    private final UserPrincipalLookupService principals;

    AttributeViews(FileSystem fileSystem, NioOptions options) {
        this.options = options;
        Set<String> views = fileSystem.supportedFileAttributeViews();
        this.unix = views.contains("unix");
        this.posix = views.contains("posix");
        this.host = unix && fileSystem.provider().getScheme().equals("file");
        this.principals = posix ? principals(fileSystem) : null;
    }

    private static UserPrincipalLookupService principals(FileSystem fileSystem) {
        try {
            return fileSystem.getUserPrincipalLookupService();
        } catch (UnsupportedOperationException e) {
            return null;
        }
    }

    /** Whether this is the host's own provider, which has all of POSIX. */
    boolean isHost() {
        return host;
    }

    NioAttributes read(Path path) throws IOException {
        if (host) {
            Map<String, Object> all =
                    Files.readAttributes(path, UNIX_NUMBERS, LinkOption.NOFOLLOW_LINKS);
            return new NioAttributes(
                    all.get("fileKey"),
                    (Integer) all.get("mode"),
                    (Long) all.get("ino"),
                    (Integer) all.get("nlink"),
                    (Integer) all.get("uid"),
                    (Integer) all.get("gid"),
                    encodeDevice((Long) all.get("rdev")),
                    (Long) all.get("size"),
                    ((FileTime) all.get("lastAccessTime")).toInstant(),
                    ((FileTime) all.get("lastModifiedTime")).toInstant(),
                    ((FileTime) all.get("ctime")).toInstant(),
                    options.validNanos());
        }
        if (posix) {
            PosixFileAttributes found =
                    Files.readAttributes(
                            path, PosixFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
            int permissions = bits(found.permissions());
            int uid = number(found.owner(), options.uid());
            int gid = number(found.group(), options.gid());
            return of(path, found, permissions, uid, gid);
        }
        BasicFileAttributes found =
                Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
        int permissions = found.isDirectory() ? DIRECTORY_MODE : FILE_MODE;
        return of(path, found, permissions, options.uid(), options.gid());
    }

    private NioAttributes of(
            Path path, BasicFileAttributes found, int permissions, int uid, int gid)
            throws IOException {
        int type;
        int shown = permissions;
        if (found.isSymbolicLink()) {
            type = FileType.SYMLINK;
            shown = LINK_MODE;
        } else if (found.isDirectory()) {
            type = FileType.DIRECTORY;
        } else if (found.isRegularFile()) {
            type = FileType.REGULAR;
        } else {
            type = FileType.SOCKET; // what nobody opens as a file
        }
        long size = Math.max(0, found.size());
        if (found.isSymbolicLink() && size == 0) { // what many programs ask before readlink(2)
            size = linkTarget(path).length;
        }
        int nlink = found.isDirectory() ? 2 : 1;
        long ino = 0;
        if (unix) {
            Map<String, Object> numbers =
                    Files.readAttributes(path, "unix:nlink,ino", LinkOption.NOFOLLOW_LINKS);
            nlink = ((Number) numbers.get("nlink")).intValue();
            ino = ((Number) numbers.get("ino")).longValue();
        }
        return new NioAttributes(
                found.fileKey(),
                type | shown,
                ino,
                nlink,
                uid,
                gid,
                0,
                size,
                found.lastAccessTime().toInstant(),
                found.lastModifiedTime().toInstant(),
                found.lastModifiedTime().toInstant(),
                options.validNanos());
    }

    /** The target of a symbolic link, with '/' whatever the provider separates names with. */
    static byte[] linkTarget(Path link) throws IOException {
        Path target = Files.readSymbolicLink(link);
        String separator = target.getFileSystem().getSeparator();
        return FileNames.encode(target.toString().replace(separator, "/"));
    }

    /** From the C library's encoding of a device number to the kernel's. */
    private static int encodeDevice(long rdev) {
        long major = rdev >>> 8 & 0xfff | rdev >>> 32 & ~0xfffL; // sys/sysmacros.h gnu_dev_major
        long minor = rdev & 0xff | rdev >>> 12 & 0xffffff00L; // sys/sysmacros.h gnu_dev_minor
        return (int) (minor & 0xff | major << 8 | (minor & ~0xffL) << 12); // new_encode_dev
    }

    private static int number(Object principal, int otherwise) {
        if (principal instanceof UserPrincipal user) { // groups are users, too
            try {
                return Integer.parseUnsignedInt(user.getName());
            } catch (NumberFormatException e) {
                return otherwise;
            }
        }
        return otherwise;
    }

    private static int bits(Set<PosixFilePermission> permissions) {
        int bits = 0;
        for (PosixFilePermission permission : permissions) {
            bits |= 0400 >> permission.ordinal(); // from OWNER_READ to OTHERS_EXECUTE
        }
        return bits;
    }

    private static Set<PosixFilePermission> permissions(int mode) {
        Set<PosixFilePermission> permissions = EnumSet.noneOf(PosixFilePermission.class);
        for (PosixFilePermission permission : PosixFilePermission.values()) {
            if ((mode & 0400 >> permission.ordinal()) != 0) {
                permissions.add(permission);
            }
        }
        return permissions;
    }

    /** What to make an object with, so that it never has more permissions than asked for. */
    FileAttribute<?>[] creating(int mode) {
        if (!posix) {
            return NONE;
        }
        return new FileAttribute<?>[] {PosixFilePermissions.asFileAttribute(permissions(mode))};
    }

    /**
     * Changes the permissions of the regular file or directory {@code path}.
     *
     * @throws ErrnoException EPERM if the provider cannot keep them, as vfat has it; EOPNOTSUPP for
     *     symbolic links and for what would have to be opened for it
     */
    void setMode(Path path, NioAttributes now, int mode) throws ErrnoException {
        int wanted = mode & FileType.PERMISSIONS;
        if (!now.isDirectory() && !now.isRegular()) {
            throw ErrnoException.of(Errno.EOPNOTSUPP);
        } else if (host) {
            NioErrno.run(
                    () -> Files.setAttribute(path, "unix:mode", wanted, LinkOption.NOFOLLOW_LINKS));
        } else if (wanted == (now.mode() & FileType.PERMISSIONS)) {
            return;
        } else if (!posix || (wanted & ~BITS_OF_VIEWS) != 0) {
            throw ErrnoException.of(Errno.EPERM);
        } else {
            NioErrno.run(() -> posixView(path).setPermissions(permissions(wanted)));
        }
    }

    /** Changes owner and group where they differ; EPERM if the provider has no owners. */
    void setOwner(Path path, NioAttributes now, int uid, int gid) throws ErrnoException {
        if (host) {
            NioErrno.run(
                    () -> {
                        Files.setAttribute(path, "unix:uid", uid, LinkOption.NOFOLLOW_LINKS);
                        Files.setAttribute(path, "unix:gid", gid, LinkOption.NOFOLLOW_LINKS);
                    });
            return;
        }
        if (uid == now.uid() && gid == now.gid()) {
            return;
        }
        if (principals == null) {
            throw ErrnoException.of(Errno.EPERM);
        }
        NioErrno.run(
                () -> {
                    String group = Integer.toUnsignedString(gid);
                    GroupPrincipal newGroup = principals.lookupPrincipalByGroupName(group);
                    String user = Integer.toUnsignedString(uid);
                    PosixFileAttributeView view = posixView(path);
                    view.setOwner(principals.lookupPrincipalByName(user));
                    view.setGroup(newGroup);
                });
    }

    private static PosixFileAttributeView posixView(Path path) {
        return Files.getFileAttributeView(
                path, PosixFileAttributeView.class, LinkOption.NOFOLLOW_LINKS);
    }

    /** Changes the times that are not null. */
    void setTimes(Path path, NioAttributes now, FileTime atime, FileTime mtime)
            throws ErrnoException {
        boolean openedForIt =
                !now.isRegular() && !now.isDirectory() && now.type() != FileType.SYMLINK;
        if (openedForIt) {
            throw ErrnoException.of(Errno.EOPNOTSUPP); // a fifo would block
        }
        NioErrno.run(
                () ->
                        Files.getFileAttributeView(
                                        path,
                                        BasicFileAttributeView.class,
                                        LinkOption.NOFOLLOW_LINKS)
                                .setTimes(mtime, atime, null));
    }
}
