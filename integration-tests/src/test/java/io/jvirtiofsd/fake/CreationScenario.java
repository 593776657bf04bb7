package io.jvirtiofsd.fake;

import io.jvirtiofsd.vhost.FakeFrontend;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;

/**
 * Makes objects under umasks, access lists, labels and groups, and tells what came of each; the
 * same steps for us and for a peer. Borrows the client.
 */
final class CreationScenario {
    static final long FLAGS = 1 << 22 | 1 << 6 | 1 << 20 | 1 << 29 | 1 << 30 | 1L << 32 | 1L << 34;

    private static final int SYMLINK = 6;
    private static final int MKNOD = 8;
    private static final int MKDIR = 9;
    private static final int CREATE = 35;
    private static final int ENTRY = 128;
    private static final int CREATED = 144;
    private static final byte[] NO_CONTEXT = numbers(8, 0); // as Linux sends once it was agreed
    private static final int ACL_KILL_SGID = 1;

    private final FuseClient fuse;
    private final XattrCalls xattrs;
    private final List<String> results = new ArrayList<>();

    CreationScenario(FuseClient fuse) {
        this.fuse = fuse;
        this.xattrs = new XattrCalls(fuse);
    }

    /** All steps; one line of what came of each. */
    List<String> run() {
        umasks();
        defaultAcls();
        setGroupIdGoes();
        labels();
        groups();
        return results;
    }

    private void tell(String step, LongSupplier mode) {
        String result;
        try {
            result = "mode 0" + Long.toOctalString(mode.getAsLong());
        } catch (FuseErrorException e) {
            result = "errno " + e.errno();
        }
        results.add(step + ": " + result);
    }

    private void umasks() {
        tell("mkdir under 022", () -> made(mkdir(1, "d022", 0777, 022)));
        tell("mknod under 077", () -> made(mknod(1, "n077", 0100666, 077)));
        tell("create under 027", () -> made(create(1, "c027", 0666, 027)));
        tell("create under 0", () -> made(create(1, "c0", 0666, 0)));
        tell("symlink", () -> made(symlink(1, "s", new byte[0])));
    }

    private void defaultAcls() {
        long directory = node(mkdir(1, "acl", 0777, 022));
        xattrs.set(directory, "system.posix_acl_default", acl(7, 1000, 7, 5, 7, 4), 0, 0);
        tell("mkdir under acl", () -> made(mkdir(directory, "d", 0777, 077)));
        tell("mknod under acl", () -> made(mknod(directory, "n", 0100666, 077)));
        tell("create under acl", () -> made(create(directory, "c", 0666, 077)));
        long file = fuse.lookup(directory, "c").nodeId();
        results.add("lists: " + xattrs.list(file) + xattrs.list(directory));
        byte[] inherited = xattrs.get(file, "system.posix_acl_access");
        results.add("inherited: " + java.util.HexFormat.of().formatHex(inherited));
        xattrs.remove(file, "system.posix_acl_access");
        results.add("after: " + xattrs.list(file));
    }

    /** When the access list is set by one who is not of the file's group. */
    private void setGroupIdGoes() {
        long file = node(mknod(1, "sgid", 0100755, 0));
        fuse.setattr(file, 2 | 4, 0, 1000, 3000, 0);
        fuse.setattr(file, 1, 02755, 0, 0, 0);
        byte[] acl = acl(7, 1000, 7, 5, 7, 5);
        String name = "system.posix_acl_access";
        xattrs.set(file, name, acl, 0, 0);
        tell("sgid kept", () -> fuse.getattr(file).mode());
        fuse.as(1000, 2000);
        xattrs.set(file, name, acl, 0, ACL_KILL_SGID);
        fuse.as(0, 0);
        tell("sgid gone", () -> fuse.getattr(file).mode());
    }

    private void labels() {
        byte[] context = context("security.test", "label");
        long[] nodes = {
            node(ask(MKDIR, 1, ENTRY, numbers(0755, 0), "lmkdir", context)),
            node(ask(MKNOD, 1, ENTRY, numbers(0010644, 0, 0, 0), "lmknod", context)),
            node(ask(CREATE, 1, CREATED, numbers(2, 0100644, 0, 0), "lcreate", context)),
            node(symlink(1, "lsymlink", context)),
        };
        for (long node : nodes) {
            results.add("label " + new String(xattrs.get(node, "security.test")));
        }
        byte[] wrong = context("nothing.test", "label");
        tell("bad mkdir", () -> made(ask(MKDIR, 1, ENTRY, numbers(0755, 0), "bad", wrong)));
        tell("bad symlink", () -> made(symlink(1, "bad", wrong)));
        tell(
                "bad create",
                () -> made(ask(CREATE, 1, CREATED, numbers(2, 0100644, 0, 0), "bad", wrong)));
        tell("bad is gone", () -> fuse.lookup(1, "bad").mode());
    }

    private void groups() {
        long directory = node(mkdir(1, "groups", 0777, 0));
        fuse.setattr(directory, 2 | 4, 0, 0, 3000, 0);
        fuse.setattr(directory, 1, 02777, 0, 0, 0);
        byte[] member = numbers(8, 0, 16, 32, 1, 3000);
        fuse.as(1000, 1000);
        byte[] in = numbers(0102775, 0, 0, 0);
        tell("stranger", () -> made(ask(MKNOD, directory, ENTRY, in, "stranger", new byte[0])));
        tell("member", () -> made(ask(MKNOD, directory, ENTRY, in, "member", member)));
        fuse.as(0, 0);
    }

    private static long made(ByteBuffer entry) {
        return entry.getInt(40 + 60);
    }

    private static long node(ByteBuffer entry) {
        return entry.getLong(0);
    }

    private ByteBuffer mkdir(long parent, String name, int mode, int umask) {
        return ask(MKDIR, parent, ENTRY, numbers(mode, umask), name, new byte[0]);
    }

    private ByteBuffer mknod(long parent, String name, int mode, int umask) {
        return ask(MKNOD, parent, ENTRY, numbers(mode, 0, umask, 0), name, new byte[0]);
    }

    private ByteBuffer create(long parent, String name, int mode, int umask) {
        byte[] in = numbers(2, 0100000 | mode, umask, 0);
        return ask(CREATE, parent, CREATED, in, name, new byte[0]);
    }

    private ByteBuffer symlink(long parent, String name, byte[] extension) {
        return ask(SYMLINK, parent, ENTRY, new byte[0], name + "\0target", extension);
    }

    private ByteBuffer ask(
            int opcode, long parent, int room, byte[] fixed, String name, byte[] extension) {
        byte[] extensions = extension.length > 0 ? extension : NO_CONTEXT;
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(fixed);
        out.writeBytes(name.getBytes(StandardCharsets.UTF_8));
        out.write(0);
        out.writeBytes(extensions);
        byte[] answer = fuse.raw(opcode, parent, extensions.length / 8, out.toByteArray(), room);
        return FakeFrontend.buffer(room).put(answer);
    }

    private static byte[] numbers(int... values) {
        ByteBuffer out = FakeFrontend.buffer(values.length * 4);
        for (int value : values) {
            out.putInt(value);
        }
        return out.array();
    }

    private static byte[] context(String name, String value) {
        int size = 16 + name.length() + 1 + value.length();
        int padded = (size + 7) & -8;
        return FakeFrontend.buffer(padded)
                .putInt(padded)
                .putInt(1)
                .putInt(value.length())
                .putInt(0)
                .put(name.getBytes(StandardCharsets.UTF_8))
                .put((byte) 0)
                .put(value.getBytes(StandardCharsets.UTF_8))
                .array();
    }

    /** {@code struct posix_acl_xattr_header} and five entries: tag, permissions, id. */
    private static byte[] acl(int owner, int user, int userBits, int group, int mask, int other) {
        ByteBuffer out = FakeFrontend.buffer(4 + 5 * 8).putInt(2);
        short[] tags = {1, 2, 4, 0x10, 0x20}; // linux/posix_acl.h
        int[] bits = {owner, userBits, group, mask, other};
        for (int i = 0; i < tags.length; i++) {
            out.putShort(tags[i]).putShort((short) bits[i]).putInt(tags[i] == 2 ? user : -1);
        }
        return out.array();
    }
}
