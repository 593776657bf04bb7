package io.jvirtiofsd.posix;

import static io.jvirtiofsd.posix.LinuxPosix.ints;
import static io.jvirtiofsd.posix.PermissionChecks.as;
import static io.jvirtiofsd.posix.PermissionChecks.directory;
import static io.jvirtiofsd.posix.PermissionChecks.mode;
import static io.jvirtiofsd.posix.PermissionChecks.owned;
import static io.jvirtiofsd.posix.Posix.O_CREAT;
import static io.jvirtiofsd.posix.Posix.O_RDWR;
import static io.jvirtiofsd.posix.PosixChecks.content;
import static io.jvirtiofsd.posix.PosixChecks.file;
import static io.jvirtiofsd.posix.PosixChecks.make;
import static io.jvirtiofsd.posix.PosixChecks.outcome;

import io.jvirtiofsd.posix.SystemCalls.Data;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/** The same for extended attributes, access lists and capabilities of files. */
final class XattrChecks {
    private static final int CREATE = 1;
    private static final int REPLACE = 2;
    private static final int USER = 1000;
    private static final int OTHER = 1002;
    private static final int LIST_BYTES = 4096;
    private static final String CAPABILITY = "security.capability";
    private static final String ACCESS = "system.posix_acl_access";
    private static final String DEFAULT = "system.posix_acl_default";

    private XattrChecks() {}

    private static String set(LinuxPosix p, String path, String name, String value, int flags) {
        return outcome(() -> p.call("lsetxattr", path, name, value, value.length(), flags));
    }

    private static String get(LinuxPosix p, String path, String name) {
        try {
            byte[] value = p.ask("lgetxattr", path, name, new Data(99), 99).bytes().get(0);
            return new String(value, StandardCharsets.UTF_8);
        } catch (io.jvirtiofsd.fake.FuseErrorException e) {
            return io.jvirtiofsd.fuse.Errno.name(e.errno());
        }
    }

    /** Without "security.selinux", which hosts add by themselves. */
    private static List<String> list(LinuxPosix p, String path) {
        Object[] arguments = {path, new Data(LIST_BYTES), LIST_BYTES};
        byte[] names = p.ask("llistxattr", arguments).bytes().get(0);
        return Arrays.stream(new String(names, StandardCharsets.UTF_8).split("\0"))
                .filter(name -> !name.equals("security.selinux"))
                .sorted()
                .toList();
    }

    static String xattrsAreKept(LinuxPosix p) {
        file(p, "a", "");
        p.mkdir("d", 0755);
        String seen = set(p, "a", "user.x", "value", 0) + set(p, "a", "user.empty", "", 0);
        seen += set(p, "d", "user.d", "directory", 0) + get(p, "a", "user.x");
        seen += get(p, "a", "user.empty") + get(p, "d", "user.d") + get(p, "a", "user.none");
        seen += list(p, "a").toString() + outcome(() -> p.call("lremovexattr", "a", "user.x"));
        return seen + list(p, "a") + outcome(() -> p.call("lremovexattr", "a", "user.x"));
    }

    static String xattrsAreCreatedOrReplaced(LinuxPosix p) {
        file(p, "a", "");
        return set(p, "a", "user.x", "1", REPLACE)
                + set(p, "a", "user.x", "2", CREATE)
                + set(p, "a", "user.x", "3", CREATE)
                + set(p, "a", "user.x", "4", REPLACE)
                + set(p, "a", "user.x", "5", 8)
                + get(p, "a", "user.x");
    }

    static String xattrSizesAreToldAndHeld(LinuxPosix p) {
        file(p, "a", "");
        set(p, "a", "user.x", "12345", 0);
        return p.call("lgetxattr", "a", "user.x", 0, 0)
                + outcome(() -> p.call("lgetxattr", "a", "user.x", new Data(4), 4))
                + p.call("lgetxattr", "a", "user.x", new Data(5), 5)
                + p.call("llistxattr", "a", 0, 0)
                + outcome(() -> p.call("llistxattr", "a", new Data(3), 3));
    }

    static String xattrNamesAndValuesHaveLimits(LinuxPosix p) {
        file(p, "a", "");
        return set(p, "a", "user." + "n".repeat(250), "x", 0)
                + set(p, "a", "user." + "n".repeat(251), "x", 0)
                + set(p, "a", "user.", "x", 0)
                + set(p, "a", "", "x", 0)
                + set(p, "a", "nothing.x", "x", 0)
                + outcome(() -> p.call("lsetxattr", "a", "user.big", new byte[65537], 65537, 0))
                + list(p, "a").size();
    }

    static String userXattrsAreForFilesAndDirectories(LinuxPosix p) {
        p.symlink("x", "l");
        p.mknod("f", Stat.S_IFIFO | 0666);
        directory(p, "sticky", 01777, 0, 0);
        owned(p, "reading", 0644, 0, 0);
        owned(p, "writing", 0622, 0, 0);
        set(p, "writing", "user.x", "secret", 0);
        String seen = set(p, "l", "user.x", "1", 0) + set(p, "f", "user.x", "1", 0);
        seen += get(p, "l", "user.x") + get(p, "f", "user.x") + list(p, "l") + list(p, "f");
        return seen
                + as(
                        p,
                        USER,
                        () ->
                                set(p, "sticky", "user.x", "1", 0)
                                        + set(p, "reading", "user.x", "1", 0)
                                        + set(p, "writing", "user.y", "1", 0)
                                        + get(p, "writing", "user.x")
                                        + list(p, "writing"));
    }

    static String trustedXattrsAreRoots(LinuxPosix p) {
        owned(p, "a", 0666, USER, USER);
        String seen = set(p, "a", "trusted.x", "1", 0) + get(p, "a", "trusted.x") + list(p, "a");
        return seen
                + as(
                        p,
                        USER,
                        () ->
                                set(p, "a", "trusted.y", "1", 0)
                                        + get(p, "a", "trusted.x")
                                        + list(p, "a"));
    }

    static String xattrsOfUnlinkedFilesStay(LinuxPosix p) {
        int fd = make(p, "a");
        p.unlink("a");
        String seen = outcome(() -> p.call("fsetxattr", fd, "user.x", "1", 1, 0));
        seen += new String(p.ask("fgetxattr", fd, "user.x", new Data(9), 9).bytes().get(0));
        p.close(fd);
        return seen;
    }

    /** CAP_CHOWN, permitted and effective: {@code struct vfs_cap_data}, revision 2. */
    private static final byte[] CAPABLE = ints(0x02000001, 1, 0, 0, 0);

    private static String capabilityAfter(LinuxPosix p, Runnable change) {
        String seen = " ";
        for (int uid : new int[] {USER, 0}) {
            owned(p, "a", 0777, USER, USER);
            p.call("lsetxattr", "a", CAPABILITY, CAPABLE, CAPABLE.length, 0);
            seen += as(p, uid, () -> outcome(change)) + list(p, "a").contains(CAPABILITY);
            p.unlink("a");
        }
        return seen;
    }

    static String changesTakeCapabilitiesAway(LinuxPosix p) {
        return capabilityAfter(p, () -> content(p, "a"))
                + capabilityAfter(p, () -> p.chmod("a", 0755))
                + capabilityAfter(p, () -> p.chown("a", -1, USER))
                + capabilityAfter(p, () -> p.call("truncate", "a", 0))
                + capabilityAfter(
                        p,
                        () -> {
                            int fd = p.open("a", O_RDWR, 0);
                            p.write(fd, 0, new byte[1]);
                            p.close(fd);
                        });
    }

    static String capabilitiesAreGivenByRoot(LinuxPosix p) {
        owned(p, "a", 0777, USER, USER);
        int length = CAPABLE.length;
        return as(
                p,
                USER,
                () -> outcome(() -> p.call("lsetxattr", "a", CAPABILITY, CAPABLE, length, 0)));
    }

    /** Owner, a named user, group, mask and others: {@code struct posix_acl_xattr_header}. */
    private static byte[] acl(int owner, int named, int group, int mask, int others) {
        return ints(
                2, // POSIX_ACL_XATTR_VERSION
                0x01 | owner << 16,
                -1,
                0x02 | named << 16,
                USER,
                0x04 | group << 16,
                -1,
                0x10 | mask << 16,
                -1,
                0x20 | others << 16,
                -1);
    }

    private static String set(LinuxPosix p, String path, String name, byte[] acl) {
        return outcome(() -> p.call("lsetxattr", path, name, acl, acl.length, 0));
    }

    private static String acl(LinuxPosix p, String path, String name) {
        try {
            byte[] acl = p.ask("lgetxattr", path, name, new Data(99), 99).bytes().get(0);
            StringBuilder seen = new StringBuilder();
            for (int at = 4; at < acl.length; at += 8) {
                seen.append(acl[at]).append('=').append(acl[at + 2]).append(' ');
            }
            return seen.toString();
        } catch (io.jvirtiofsd.fake.FuseErrorException e) {
            return io.jvirtiofsd.fuse.Errno.name(e.errno());
        }
    }

    static String accessListsGrantAndDeny(LinuxPosix p) {
        owned(p, "a", 0640, 0, 0);
        String seen = as(p, USER, () -> outcome(() -> content(p, "a")));
        seen += set(p, "a", ACCESS, acl(6, 6, 4, 4, 0)) + mode(p, "a") + acl(p, "a", ACCESS);
        seen += as(p, USER, () -> content(p, "a") + outcome(() -> p.open("a", O_RDWR, 0)));
        seen += as(p, OTHER, () -> outcome(() -> content(p, "a")));
        p.chmod("a", 0660);
        seen += acl(p, "a", ACCESS) + as(p, USER, () -> outcome(() -> p.close(open(p))));
        p.chmod("a", 0600);
        return seen + acl(p, "a", ACCESS) + as(p, USER, () -> outcome(() -> content(p, "a")));
    }

    private static int open(LinuxPosix p) {
        return p.open("a", O_RDWR, 0);
    }

    static String accessListsMustBeWhole(LinuxPosix p) {
        owned(p, "a", 0644, USER, USER);
        return set(p, "a", ACCESS, new byte[] {2, 0, 0, 0, 1, 0})
                + set(p, "a", ACCESS, ints(3))
                + set(p, "a", ACCESS, ints(2, 0x01 | 6 << 16, -1))
                + set(p, "a", DEFAULT, acl(7, 7, 7, 7, 7))
                + set(p, "a", ACCESS, ints(2, 0x60001, -1, 0x40004, -1, 0x40020, -1))
                + mode(p, "a")
                + acl(p, "a", ACCESS)
                + as(p, OTHER, () -> set(p, "a", ACCESS, acl(7, 7, 7, 7, 7)))
                + as(p, USER, () -> set(p, "a", ACCESS, acl(7, 7, 7, 7, 7)))
                + mode(p, "a");
    }

    static String defaultListsTakeThePlaceOfUmask(LinuxPosix p) {
        p.mkdir("d", 0755);
        String seen = set(p, "d", DEFAULT, acl(7, 6, 5, 7, 1));
        p.call("umask", 077);
        try {
            p.close(p.open("d/f", O_RDWR | O_CREAT, 0666));
            p.mkdir("d/e", 0777);
            p.mknod("d/n", Stat.S_IFIFO | 0606);
            p.symlink("x", "d/l");
        } finally {
            p.call("umask", 0);
        }
        for (String name : new String[] {"d/f", "d/e", "d/n", "d/l"}) {
            seen += mode(p, name) + " " + acl(p, name, ACCESS) + acl(p, name, DEFAULT);
        }
        return seen + mode(p, "d");
    }

    static String defaultListsAreInheritedByUsers(LinuxPosix p) {
        directory(p, "d", 02777, 0, 5);
        set(p, "d", DEFAULT, acl(7, 7, 0, 7, 0));
        String seen =
                as(
                        p,
                        OTHER,
                        () -> {
                            p.close(p.open("d/f", O_RDWR | O_CREAT, 0640));
                            p.mkdir("d/e", 0750);
                            return mode(p, "d/f") + mode(p, "d/e") + p.lstat("d/e").gid();
                        });
        return seen + as(p, USER, () -> outcome(() -> p.mkdir("d/e/x", 0700)));
    }

    static String chmodByAnOwnerWithAListDropsSetGroupId(LinuxPosix p) {
        owned(p, "a", 02771, USER, 5);
        String seen = as(p, USER, () -> set(p, "a", ACCESS, acl(7, 7, 7, 7, 0))) + mode(p, "a");
        owned(p, "b", 02771, USER, USER);
        return seen + as(p, USER, () -> set(p, "b", ACCESS, acl(7, 7, 7, 7, 0))) + mode(p, "b");
    }
}
