package io.jvirtiofsd.linux;

import java.lang.StackWalker.Option;
import java.lang.StackWalker.StackFrame;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.function.LongSupplier;
import jnr.ffi.LastError;
import jnr.ffi.Runtime;

/**
 * Makes {@link Syscalls} of this machine where a test acts before, after or instead of some calls.
 * What it puts in between stands behind them, at the functions of {@link LibC}.
 */
public final class AlteredSyscalls {
    private static final StackWalker STACK = StackWalker.getInstance(Option.RETAIN_CLASS_REFERENCE);
    private static final Runtime RUNTIME = Runtime.getSystemRuntime();

    /** What happens in place of a call. */
    @FunctionalInterface
    public interface Alteration {
        /**
         * Gives what the call returns: a value &ge; 0 or a negated errno.
         *
         * @param name the method of {@link Syscalls}
         * @param arguments those of the function of {@link LibC}; may be changed
         * @param real makes the call, with these arguments
         */
        long call(String name, Object[] arguments, LongSupplier real) throws Exception;
    }

    /** What happens after a call. */
    @FunctionalInterface
    public interface After {
        /** Acts after the call that {@link Alteration#call} describes. */
        void call(String name, Object[] arguments) throws Exception;
    }

    private AlteredSyscalls() {}

    /** Calls that are made as {@code alteration} says. */
    public static Syscalls with(Alteration alteration) {
        LibC libc = Syscalls.load().libc;
        return new Syscalls(
                (LibC)
                        Proxy.newProxyInstance(
                                LibC.class.getClassLoader(),
                                new Class<?>[] {LibC.class},
                                (proxy, function, arguments) -> {
                                    long result =
                                            alteration.call(
                                                    caller(),
                                                    arguments,
                                                    () -> real(libc, function, arguments));
                                    return given(result, function.getReturnType());
                                }));
    }

    /** This machine's calls, with {@code after} after each of them. */
    public static Syscalls after(After after) {
        return with(
                (name, arguments, real) -> {
                    long result = real.getAsLong();
                    after.call(name, arguments);
                    return result;
                });
    }

    private static String caller() {
        return STACK.walk(
                frames ->
                        frames.filter(frame -> frame.getDeclaringClass() == Syscalls.class)
                                .map(StackFrame::getMethodName)
                                .filter(name -> !name.equals("byNumber"))
                                .findFirst()
                                .orElseThrow());
    }

    private static long real(LibC libc, Method function, Object[] arguments) {
        try {
            Object result = function.invoke(libc, arguments);
            long value = result == null ? 0 : ((Number) result).longValue();
            return value == -1 ? -LastError.getLastError(RUNTIME) : value;
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    /** What a function of libc gives for {@code result}: on failure -1, and errno. */
    private static Object given(long result, Class<?> type) {
        if (result < 0) {
            LastError.setLastError(RUNTIME, (int) -result);
        }
        long value = Math.max(-1, result);
        if (type == void.class) {
            return null;
        }
        return type == int.class ? (Object) (int) value : (Object) value;
    }
}
