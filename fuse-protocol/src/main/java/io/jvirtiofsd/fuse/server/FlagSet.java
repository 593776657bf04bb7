package io.jvirtiofsd.fuse.server;

import io.jvirtiofsd.fuse.AttributeChange;
import io.jvirtiofsd.fuse.Attributes;
import io.jvirtiofsd.fuse.OpenFlags;
import io.jvirtiofsd.fuse.OpenReply;
import io.jvirtiofsd.fuse.WriteFlags;
import io.jvirtiofsd.fuse.server.FileRequests.CreateIn;
import io.jvirtiofsd.fuse.server.FileRequests.FallocateIn;
import io.jvirtiofsd.fuse.server.FileRequests.FsyncIn;
import io.jvirtiofsd.fuse.server.FileRequests.ReadIn;
import io.jvirtiofsd.fuse.server.FileRequests.ReleaseIn;
import io.jvirtiofsd.fuse.server.LockRequests.LkIn;
import io.jvirtiofsd.fuse.server.MappingRequests.SetupmappingIn;
import io.jvirtiofsd.fuse.server.NameRequests.Rename2In;
import io.jvirtiofsd.fuse.server.NodeRequests.GetattrIn;
import io.jvirtiofsd.fuse.server.XattrRequests.SetxattrIn;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The families of bits that wire records carry, each able to print a value by name; used by the
 * trace alone.
 *
 * <p><i>Immutable.</i> The names are those of the constants that the code itself uses.
 */
enum FlagSet {
    ATTR(Attributes.class, "ATTR_"),
    FALLOCATE(FallocateIn.class, "FALLOC_"),
    FATTR(AttributeChange.class, "FATTR_"),
    FOPEN(OpenReply.class, "FOPEN_"),
    FSYNC(FsyncIn.class, "FSYNC_"),
    GETATTR(GetattrIn.class, "GETATTR_"),
    INIT(InitFlag.class, 0),
    INIT2(InitFlag.class, 32),
    LK(LkIn.class, "LK_"),
    OPEN(OpenFlags.class, "O_"),
    OPEN_IN(CreateIn.class, "OPEN_"),
    READ(ReadIn.class, "READ_"),
    RELEASE(ReleaseIn.class, "RELEASE_"),
    RENAME(Rename2In.class, "RENAME_"),
    SETXATTR(SetxattrIn.class, "SETXATTR_"),
    SETUPMAPPING(SetupmappingIn.class, "SETUPMAPPING_"),
    WRITE(WriteFlags.class, "WRITE_"),
    XATTR(SetxattrIn.class, "XATTR_"),

    /** File type and permissions: printed in octal. */
    MODE(Map.of());

    private final Map<Integer, String> names;

    FlagSet(Map<Integer, String> names) {
        this.names = names;
    }

    FlagSet(Class<?> owner, String prefix) {
        this(constants(owner, prefix));
    }

    FlagSet(Class<InitFlag> flags, int firstBit) {
        this(initFlags(flags, firstBit));
    }

    /** The names of the bits in {@code value}, joined by '|', and what has no name in hex. */
    String text(int value) {
        if (this == MODE) {
            return value == 0 ? "0" : "0" + Integer.toOctalString(value);
        }
        StringBuilder text = new StringBuilder();
        int rest = value;
        if (this == OPEN) {
            text.append(OpenFlags.accessMode(value));
            rest &= ~OpenFlags.O_ACCMODE;
        }
        for (Map.Entry<Integer, String> flag : names.entrySet()) {
            int bits = flag.getKey();
            if ((rest & bits) == bits) {
                text.append(text.isEmpty() ? "" : "|").append(flag.getValue());
                rest &= ~bits;
            }
        }
        if (rest != 0) {
            text.append(text.isEmpty() ? "" : "|").append("0x").append(Integer.toHexString(rest));
        }
        return text.isEmpty() ? "0" : text.toString();
    }

    private static Map<Integer, String> constants(Class<?> owner, String prefix) {
        Map<Integer, String> names = new LinkedHashMap<>();
        for (Field field : owner.getDeclaredFields()) {
            boolean constant = Modifier.isStatic(field.getModifiers());
            if (constant && field.getName().startsWith(prefix)) {
                try {
                    names.put(field.getInt(null), field.getName());
                } catch (IllegalAccessException e) {
                    throw new AssertionError(e);
                }
            }
        }
        names.remove(0);
        return names;
    }

    private static Map<Integer, String> initFlags(Class<InitFlag> flags, int firstBit) {
        Map<Integer, String> names = new LinkedHashMap<>();
        for (InitFlag flag : flags.getEnumConstants()) {
            if (flag.bit() >= firstBit && flag.bit() < firstBit + 32) {
                names.put(1 << (flag.bit() - firstBit), flag.name());
            }
        }
        return names;
    }
}
