package io.jvirtiofsd.hostile;

import static io.jvirtiofsd.hostile.Consequence.SERVED;
import static io.jvirtiofsd.hostile.Consequence.errno;
import static io.jvirtiofsd.hostile.Wire.bytes;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.LongFunction;
import java.util.function.ToLongFunction;

/** Numbers of open files that were never given, are given back, or belong to something else. */
final class HandleTable extends HostileTable {
    private static final int EBADF = 9;

    /** Requests that work with an open file or directory, whose number is {@code fh}. */
    private enum Use {
        READ(FuseOpcode.READ, false, fh -> bytes(fh, 0L, 7, 0, 0L, 0, 0)),
        WRITE(FuseOpcode.WRITE, false, fh -> bytes(fh, 0L, 1, 0, 0L, 0, 0, new byte[] {'c'})),
        GETATTR(FuseOpcode.GETATTR, false, fh -> bytes(1, 0, fh)),
        STATX(FuseOpcode.STATX, false, fh -> bytes(1, 0, fh, 0, 0xfff)),
        FLUSH(FuseOpcode.FLUSH, false, fh -> bytes(fh, 0L, 0L)),
        FSYNC(FuseOpcode.FSYNC, false, fh -> bytes(fh, 0L)),
        LSEEK(FuseOpcode.LSEEK, false, fh -> bytes(fh, 0L, 3, 0)),
        FALLOCATE(FuseOpcode.FALLOCATE, false, fh -> bytes(fh, 0L, 4096L, 1, 0)),
        GETLK(FuseOpcode.GETLK, false, fh -> bytes(fh, 1L, 0L, 1L, 0, 0, 0, 0)),
        SETLK(FuseOpcode.SETLK, false, fh -> bytes(fh, 1L, 0L, 1L, 2, 0, 0, 0)),
        SETLKW(FuseOpcode.SETLKW, false, fh -> bytes(fh, 1L, 0L, 1L, 2, 0, 0, 0)),
        FLOCK(FuseOpcode.SETLK, false, fh -> bytes(fh, 1L, 0L, 1L, 2, 0, 1, 0)),
        IOCTL(FuseOpcode.IOCTL, false, fh -> bytes(fh, 0, 0x8008_6601, 0L, 0, 8)),
        POLL(FuseOpcode.POLL, false, fh -> bytes(fh, 0L, 0, 1)),
        READDIR(FuseOpcode.READDIR, true, fh -> bytes(fh, 0L, 4096, 0, 0L, 0, 0)),
        READDIRPLUS(FuseOpcode.READDIRPLUS, true, fh -> bytes(fh, 0L, 4096, 0, 0L, 0, 0)),
        FSYNCDIR(FuseOpcode.FSYNCDIR, true, fh -> bytes(fh, 0L));

        final FuseOpcode opcode;
        final boolean directory;
        final LongFunction<byte[]> arguments;

        Use(FuseOpcode opcode, boolean directory, LongFunction<byte[]> arguments) {
            this.opcode = opcode;
            this.directory = directory;
            this.arguments = arguments;
        }
    }

    HandleTable() {
        for (Use use : Use.values()) {
            wrong(use).forEach((what, fh) -> use(use, what, fh, errno(EBADF)));
        }
        copies();
        releases();
    }

    private static Map<String, ToLongFunction<HostileRig>> wrong(Use use) {
        Map<String, ToLongFunction<HostileRig>> wrong = new LinkedHashMap<>();
        wrong.put("none", rig -> 0);
        wrong.put("-1", rig -> -1);
        wrong.put("never given", rig -> rig.fh + 1000);
        wrong.put("of another generation", rig -> rig.fh ^ 1L << 40);
        wrong.put("of another node", rig -> rig.otherFh);
        wrong.put("of the other kind", rig -> use.directory ? rig.fh : rig.dirFh);
        wrong.put(
                "given back",
                rig -> {
                    if (use.directory) {
                        rig.fuse().releasedir(rig.dir, rig.dirFh);
                        return rig.dirFh;
                    }
                    rig.fuse().release(rig.file, rig.fh);
                    return rig.fh;
                });
        return wrong;
    }

    private void use(
            Use use, String what, ToLongFunction<HostileRig> handle, Consequence expected) {
        add(
                use + " with a handle " + what,
                rig -> {
                    long fh = handle.applyAsLong(rig);
                    long node = use.directory ? rig.dir : rig.file;
                    byte[] arguments = use.arguments.apply(fh);
                    return rig.ask(use.opcode.code, node, arguments, use.opcode.answer);
                },
                expected);
    }

    private void copy(String what, ToLongFunction<HostileRig> from, ToLongFunction<HostileRig> to) {
        add(
                "COPY_FILE_RANGE " + what,
                rig -> {
                    long in = from.applyAsLong(rig);
                    long out = to.applyAsLong(rig);
                    byte[] arguments = bytes(in, 0L, rig.other, out, 0L, 1L, 0L);
                    return rig.ask(FuseOpcode.COPY_FILE_RANGE.code, rig.file, arguments, 8);
                },
                errno(EBADF));
    }

    private void copies() {
        copy("from another node's handle", rig -> rig.otherFh, rig -> rig.otherFh);
        copy("to another node's handle", rig -> rig.fh, rig -> rig.fh);
        copy("from a directory", rig -> rig.dirFh, rig -> rig.otherFh);
        copy("to a directory", rig -> rig.fh, rig -> rig.dirFh);
        copy("to nothing", rig -> rig.fh, rig -> -1);
    }

    private void release(
            String what, FuseOpcode opcode, ToLongFunction<HostileRig> handle, Consequence result) {
        add(
                what,
                rig -> {
                    byte[] arguments = bytes(handle.applyAsLong(rig), 0, 0, 0L);
                    return rig.ask(opcode.code, rig.file, arguments, 0);
                },
                result);
    }

    /** A handle that is given back is gone, whatever else was wrong: nothing stays open. */
    private void releases() {
        FuseOpcode release = FuseOpcode.RELEASE;
        release("RELEASE of nothing", release, rig -> 0, errno(EBADF));
        release("RELEASE of -1", release, rig -> -1, errno(EBADF));
        release("RELEASE of what was never given", release, rig -> rig.fh + 1000, errno(EBADF));
        release("RELEASE of another node's", release, rig -> rig.otherFh, SERVED);
        release("RELEASE of a directory", release, rig -> rig.dirFh, SERVED);
        release("RELEASEDIR of a file", FuseOpcode.RELEASEDIR, rig -> rig.fh, SERVED);
        release(
                "RELEASE twice",
                release,
                rig -> {
                    rig.fuse().release(rig.file, rig.fh);
                    return rig.fh;
                },
                errno(EBADF));
    }
}
