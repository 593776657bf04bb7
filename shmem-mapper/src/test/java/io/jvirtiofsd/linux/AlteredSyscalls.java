package io.jvirtiofsd.linux;

import com.kenai.jffi.LastError;
import java.lang.StackWalker.Option;
import java.lang.StackWalker.StackFrame;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.Arrays;
import java.util.function.LongSupplier;

/**
 * Makes {@link Syscalls} of this machine where a test acts before, after or instead of some calls.
 * What it puts in between stands behind them, at the functions of libc.
 */
public final class AlteredSyscalls {
    private static final StackWalker STACK = StackWalker.getInstance(Option.RETAIN_CLASS_REFERENCE);

    /** What happens in place of a call. */
    @FunctionalInterface
    public interface Alteration {
        /**
         * Gives what the call returns: a value &ge; 0 or a negated errno.
         *
         * @param name the method of {@link Syscalls}
         * @param arguments those of the function, each a Long; may be changed
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
        NativeLibrary libc = Syscalls.load().libc;
        return new Syscalls(
                (NativeLibrary)
                        Proxy.newProxyInstance(
                                NativeLibrary.class.getClassLoader(),
                                new Class<?>[] {NativeLibrary.class},
                                (proxy, call, all) -> {
                                    Object[] arguments = Arrays.copyOfRange(all, 1, all.length);
                                    return given(
                                            alteration.call(
                                                    caller(),
                                                    arguments,
                                                    () -> real(libc, call, all[0], arguments)));
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

    private static long real(NativeLibrary libc, Method call, Object function, Object[] arguments) {
        try {
            Object[] all = new Object[1 + arguments.length];
            all[0] = function;
            System.arraycopy(arguments, 0, all, 1, arguments.length);
            long value = (long) call.invoke(libc, all);
            return value == -1 || (int) value == -1 ? -LastError.getInstance().get() : value;
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    /** What a function of libc gives for {@code result}: on failure -1, and errno. */
    private static long given(long result) {
        if (result < 0) {
            LastError.getInstance().set((int) -result);
        }
        return Math.max(-1, result);
    }
}
