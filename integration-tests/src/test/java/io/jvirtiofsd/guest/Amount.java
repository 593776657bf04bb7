package io.jvirtiofsd.guest;

/**
 * How much of what is long by nature a test does: a shorter form always, all of it by {@code mvn
 * verify -Pthorough}. Both prove the same of fewer or more files, names or seconds.
 */
public final class Amount {
    static final boolean THOROUGH = Boolean.getBoolean("jvirtiofsd.thorough");

    private Amount() {}

    public static int of(int always, int thorough) {
        return THOROUGH ? thorough : always;
    }
}
