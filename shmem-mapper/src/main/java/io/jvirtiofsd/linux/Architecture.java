package io.jvirtiofsd.linux;

/** Which of the two supported machine architectures this is; several constants depend on it. */
public final class Architecture {
    public static final boolean IS_AARCH64 = isAarch64(System.getProperty("os.arch"));

    private Architecture() {}

    private static boolean isAarch64(String arch) {
        return switch (arch) {
            case "aarch64" -> true;
            case "amd64" -> false;
            default -> throw new IllegalStateException("not supported on " + arch);
        };
    }
}
