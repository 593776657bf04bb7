package io.jvirtiofsd.backend;

import io.jvirtiofsd.dax.DaxWindow;
import io.jvirtiofsd.dax.GuardMode;
import java.util.Objects;

/**
 * The DAX window to offer and for which files; for directories of the host only. <i>Immutable.</i>
 *
 * @param windowBytes size of the window in the guest's address space, a multiple of 2 MiB; 0 for no
 *     window
 * @param threshold smallest file, in bytes &ge; 0, that guests are told to map
 * @param guard what becomes of host programs that cut a file while it is mapped
 */
public record DaxOptions(long windowBytes, long threshold, GuardMode guard) {
    /**
     * Checks the sizes.
     *
     * @throws IllegalArgumentException if one is out of its range
     */
    public DaxOptions {
        Objects.requireNonNull(guard, "guard");
        if (windowBytes < 0 || windowBytes % DaxWindow.RANGE_BYTES != 0) {
            throw new IllegalArgumentException(
                    "window of %d bytes: not a multiple of %d"
                            .formatted(windowBytes, DaxWindow.RANGE_BYTES));
        }
        if (threshold < 0) {
            throw new IllegalArgumentException("threshold of " + threshold + " bytes");
        }
    }

    /** No window. */
    public static final DaxOptions NONE = new DaxOptions(0, 0, GuardMode.OFF);

    /**
     * A window of {@code windowBytes} for all files, guarded as far as the host lets us.
     *
     * @throws IllegalArgumentException unless it is a multiple of 2 MiB
     */
    public static DaxOptions always(long windowBytes) {
        return new DaxOptions(windowBytes, 0, GuardMode.AUTO);
    }
}
