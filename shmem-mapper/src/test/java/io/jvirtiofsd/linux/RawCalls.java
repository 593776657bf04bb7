package io.jvirtiofsd.linux;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.stream.Stream;

/** System calls by name that the project never makes. */
public final class RawCalls {
    private RawCalls() {}

    /**
     * What {@code name}, of section 2 of the man pages, gives: a value &ge; 0 or a negated errno.
     */
    public static int call(String name, long a, long b, long c) {
        NativeLibrary library = NativeLibrary.open("libseccomp.so.2");
        long resolve = library.find("seccomp_syscall_resolve_name");
        byte[] bytes = name.getBytes(StandardCharsets.US_ASCII);
        long path = Scratch.get().path(bytes, 0, bytes.length);
        int number = (int) library.call(resolve, path);
        return Syscalls.load().byNumber(number, a, b, c);
    }

    /** The names of the functions that {@link Syscalls} calls. */
    public static Stream<String> functions() {
        return Arrays.stream(Syscalls.class.getDeclaredFields())
                .filter(field -> field.getType() == long.class)
                .map(field -> field.getName().toLowerCase());
    }

    /** The names of those that {@link Syscalls} makes by number. */
    public static Stream<String> namesByNumber() {
        return Arrays.stream(SyscallNumbers.class.getRecordComponents())
                .map(number -> number.getName().replaceAll("([A-Z])", "_$1").toLowerCase());
    }
}
