package io.jvirtiofsd.linux;

import com.kenai.jffi.CallContext;
import com.kenai.jffi.CallingConvention;
import com.kenai.jffi.Invoker;
import com.kenai.jffi.Library;
import com.kenai.jffi.Type;
import java.util.Arrays;

/**
 * A library as jffi calls it, the lower half of jnr-ffi. The upper half would make a class for each
 * library at run time, which costs a start a quarter of its time; this is as fast once it runs.
 * <i>Thread-safe.</i>
 */
final class JffiLibrary implements NativeLibrary {
    private static final Invoker INVOKER = Invoker.getInstance();

    // A call of so many arguments; errno is kept for the thread.
    // spotless:off
    private static final CallContext NONE  = context(0);
    private static final CallContext ONE   = context(1);
    private static final CallContext TWO   = context(2);
    private static final CallContext THREE = context(3);
    private static final CallContext FOUR  = context(4);
    private static final CallContext FIVE  = context(5);
    private static final CallContext SIX   = context(6);
    // spotless:on

    private final Library library;

    JffiLibrary(String name) {
        library = Library.getCachedInstance(name, Library.LAZY | Library.GLOBAL);
        if (library == null) {
            throw new UnsatisfiedLinkError(Library.getLastError());
        }
    }

    private static CallContext context(int count) {
        Type[] arguments = new Type[count];
        Arrays.fill(arguments, Type.SLONG_LONG);
        return CallContext.getCallContext(
                Type.SLONG_LONG, arguments, CallingConvention.DEFAULT, true);
    }

    @Override
    public long find(String name) {
        return library.getSymbolAddress(name);
    }

    // spotless:off
    @Override public long call(long function) { return INVOKER.invokeL0(NONE, function); }
    @Override public long call(long function, long a) { return INVOKER.invokeL1(ONE, function, a); }
    @Override public long call(long function, long a, long b) { return INVOKER.invokeL2(TWO, function, a, b); }
    @Override public long call(long function, long a, long b, long c) { return INVOKER.invokeL3(THREE, function, a, b, c); }
    @Override public long call(long function, long a, long b, long c, long d) { return INVOKER.invokeL4(FOUR, function, a, b, c, d); }
    @Override public long call(long function, long a, long b, long c, long d, long e) { return INVOKER.invokeL5(FIVE, function, a, b, c, d, e); }
    @Override public long call(long function, long a, long b, long c, long d, long e, long f) { return INVOKER.invokeL6(SIX, function, a, b, c, d, e, f); }
    // spotless:on
}
