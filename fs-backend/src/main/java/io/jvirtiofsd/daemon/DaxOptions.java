package io.jvirtiofsd.daemon;

/**
 * The DAX window to offer and for which files. <i>Immutable.</i>
 *
 * @param windowBytes a multiple of 2 MiB; 0 for no window
 * @param threshold smallest file, in bytes, that guests are told to map
 * @param guarded whether host programs wait that are about to cut a file that is mapped
 */
public record DaxOptions(long windowBytes, long threshold, boolean guarded) {
    /** No window. */
    public static final DaxOptions NONE = new DaxOptions(0, 0, false);

    /** A window of {@code windowBytes}, for all files. */
    public static DaxOptions always(long windowBytes) {
        return new DaxOptions(windowBytes, 0, false);
    }
}
