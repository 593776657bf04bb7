package io.jvirtiofsd.hostile;

import static io.jvirtiofsd.hostile.Consequence.SERVED;
import static io.jvirtiofsd.hostile.Consequence.errno;
import static io.jvirtiofsd.hostile.Wire.bytes;

import io.jvirtiofsd.fake.FuseClient;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;

/** Names that are no names, in every request that has one, and nothing outside of the share. */
final class NameTable extends HostileTable {
    private static final int ENOENT = 2;
    private static final int EINVAL = 22;
    private static final int ENAMETOOLONG = 36;
    private static final int ERANGE = 34;
    private static final long ROOT = FuseClient.ROOT;
    private static final int DIRECTORY = 040700;
    private static final int FILE = 0100600;

    /** Where a name stands in the arguments; the other names and numbers are good. */
    private enum Place {
        LOOKUP(FuseOpcode.LOOKUP, name -> bytes(name)),
        MKNOD(FuseOpcode.MKNOD, name -> bytes(FILE, 0, 0, 0, name)),
        MKDIR(FuseOpcode.MKDIR, name -> bytes(0700, 0, name)),
        CREATE(FuseOpcode.CREATE, name -> bytes(2, FILE, 0, 0, name)),
        SYMLINK(FuseOpcode.SYMLINK, name -> bytes(name, "target")),
        UNLINK(FuseOpcode.UNLINK, name -> bytes(name)),
        RMDIR(FuseOpcode.RMDIR, name -> bytes(name)),
        RENAME_FROM(FuseOpcode.RENAME, name -> bytes(ROOT, name, "to")),
        RENAME_TO(FuseOpcode.RENAME, name -> bytes(ROOT, "page", name)),
        RENAME2_FROM(FuseOpcode.RENAME2, name -> bytes(ROOT, 1, 0, name, "to")),
        RENAME2_TO(FuseOpcode.RENAME2, name -> bytes(ROOT, 2, 0, "page", name));

        final FuseOpcode opcode;
        final Function<byte[], byte[]> arguments;

        Place(FuseOpcode opcode, Function<byte[], byte[]> arguments) {
            this.opcode = opcode;
            this.arguments = arguments;
        }
    }

    NameTable() {
        everywhere();
        links();
        unusual();
        attributes();
    }

    private static byte[] terminated(String text) {
        return bytes(text);
    }

    private static Map<String, byte[]> bad() {
        Map<String, byte[]> bad = new LinkedHashMap<>();
        bad.put("empty", terminated(""));
        bad.put("\".\"", terminated("."));
        bad.put("\"..\"", terminated(".."));
        bad.put("\"/\"", terminated("/"));
        bad.put("absolute", terminated("/etc/passwd"));
        bad.put("a path", terminated("dir/x"));
        bad.put("a path upwards", terminated("../outside"));
        bad.put("with a slash at its end", terminated("dir/"));
        return bad;
    }

    private void everywhere() {
        for (Place place : Place.values()) {
            bad().forEach((what, name) -> name(place, what, name, errno(EINVAL)));
            byte[] longer = terminated("n".repeat(256));
            name(place, "of 256 bytes", longer, errno(ENAMETOOLONG));
            name(place, "of 4096 bytes", terminated("n".repeat(4096)), errno(ENAMETOOLONG));
            // In the middle the next name ends it.
            if (!place.name().endsWith("FROM") && place != Place.SYMLINK) {
                byte[] endless = "page".getBytes(StandardCharsets.UTF_8);
                name(place, "without an end", endless, errno(EINVAL));
            }
        }
    }

    private void name(Place place, String what, byte[] name, Consequence expected) {
        byte[] arguments = place.arguments.apply(name);
        add(
                place + ", " + what,
                rig -> rig.ask(place.opcode.code, ROOT, arguments, place.opcode.answer),
                expected);
    }

    private void ask(String what, FuseOpcode opcode, byte[] arguments, Consequence expected) {
        add(what, rig -> rig.ask(opcode.code, ROOT, arguments, opcode.answer), expected);
    }

    private void links() {
        bad().forEach(
                        (what, name) ->
                                add(
                                        "LINK, " + what,
                                        rig ->
                                                rig.ask(
                                                        FuseOpcode.LINK.code,
                                                        ROOT,
                                                        bytes(rig.file, name),
                                                        128),
                                        errno(EINVAL)));
        ask("a link to nothing", FuseOpcode.SYMLINK, bytes("l", ""), errno(EINVAL));
        String longest = "t".repeat(4096);
        ask("a link of 4096 bytes", FuseOpcode.SYMLINK, bytes("l", longest), errno(ENAMETOOLONG));
        ask("a link without a target", FuseOpcode.SYMLINK, bytes("l"), errno(EINVAL));
        add(
                "a link out of the share, followed by nobody",
                rig -> {
                    long link = rig.fuse().symlink(ROOT, "out", "/").nodeId();
                    try {
                        return rig.ask(FuseOpcode.LOOKUP.code, link, bytes("etc"), 128);
                    } finally {
                        rig.fuse().unlink(ROOT, "out");
                    }
                },
                errno(20));
    }

    private void unusual() {
        ask("a name of 255 bytes", FuseOpcode.LOOKUP, bytes("n".repeat(255)), errno(ENOENT));
        byte[] noText = {(byte) 0xff, (byte) 0xfe, '\n', 0};
        ask("a name that is no text", FuseOpcode.LOOKUP, noText, errno(ENOENT));
        ask("three dots", FuseOpcode.LOOKUP, bytes("..."), errno(ENOENT));
        ask("a backslash", FuseOpcode.LOOKUP, bytes("..\\outside"), errno(ENOENT));
        ask("an end in the middle", FuseOpcode.LOOKUP, bytes("file\0/../x"), SERVED);
        ask("no name at all", FuseOpcode.LOOKUP, bytes(), errno(EINVAL));
        ask(
                "a name and a megabyte",
                FuseOpcode.LOOKUP,
                bytes("f", new byte[1 << 20]),
                errno(ENAMETOOLONG));
        ask("one name of two", FuseOpcode.RENAME, bytes(ROOT, "page"), errno(EINVAL));
        add(
                "a name made that is no text",
                rig -> {
                    byte[] made = bytes(DIRECTORY, 0, noText);
                    Consequence consequence = rig.ask(FuseOpcode.MKDIR.code, ROOT, made, 128);
                    rig.ask(FuseOpcode.RMDIR.code, ROOT, noText, 0);
                    return consequence;
                },
                SERVED);
    }

    private void attributes() {
        ask("an attribute without a name", FuseOpcode.GETXATTR, bytes(9, 0, ""), errno(ERANGE));
        ask(
                "an attribute's name of 256 bytes",
                FuseOpcode.GETXATTR,
                bytes(9, 0, "u".repeat(256)),
                errno(ERANGE));
        ask(
                "an attribute's name without an end",
                FuseOpcode.GETXATTR,
                bytes(9, 0, new byte[] {'u'}),
                errno(EINVAL));
        ask(
                "an attribute removed without a name",
                FuseOpcode.REMOVEXATTR,
                bytes(""),
                errno(ERANGE));
    }
}
