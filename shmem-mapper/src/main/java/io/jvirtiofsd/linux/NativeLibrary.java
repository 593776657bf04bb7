package io.jvirtiofsd.linux;

/**
 * A library of the machine: functions by their addresses, with {@code long} for whatever integer or
 * pointer they take. Public only because a test stands in for it by way of a proxy.
 *
 * <p>A function that gives an {@code int} leaves the upper half undefined: the caller casts.
 * <i>Thread-safe</i>, as the functions are.
 */
public interface NativeLibrary {
    /**
     * Opens the library of this file name.
     *
     * @throws UnsatisfiedLinkError if there is none
     */
    static NativeLibrary open(String name) {
        return new JffiLibrary(name);
    }

    /**
     * The address of a function.
     *
     * @throws UnsatisfiedLinkError if there is none of this {@code name}
     */
    long find(String name);

    // spotless:off
    long call(long function);
    long call(long function, long a);
    long call(long function, long a, long b);
    long call(long function, long a, long b, long c);
    long call(long function, long a, long b, long c, long d);
    long call(long function, long a, long b, long c, long d, long e);
    long call(long function, long a, long b, long c, long d, long e, long f);
    // spotless:on
}
