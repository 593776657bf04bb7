package io.jvirtiofsd.backend;

import io.jvirtiofsd.dax.GuardMode;

/**
 * The DAX window to offer and for which files. <i>Immutable.</i>
 *
 * @param windowBytes a multiple of 2 MiB; 0 for no window
 * @param threshold smallest file, in bytes, that guests are told to map
 * @param guard what becomes of host programs that cut a file while it is mapped
 */
public record DaxOptions(long windowBytes, long threshold, GuardMode guard) {
    /** No window. */
    public static final DaxOptions NONE = new DaxOptions(0, 0, GuardMode.OFF);

    /** A window of {@code windowBytes}, for all files. */
    public static DaxOptions always(long windowBytes) {
        return new DaxOptions(windowBytes, 0, GuardMode.AUTO);
    }
}
