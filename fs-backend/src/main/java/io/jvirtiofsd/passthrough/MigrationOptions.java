package io.jvirtiofsd.passthrough;

/**
 * How a session goes to another process; virtiofsd's options. <i>Immutable.</i>
 *
 * @param mode by what the other process finds the files; the source's say
 * @param verifyHandles whether what is found by its path must have the same file handle there; the
 *     source's say
 * @param onError what becomes of a file that cannot be found; the destination's say
 */
public record MigrationOptions(Mode mode, boolean verifyHandles, OnError onError) {
    /** By what the other process finds the files that the guest knows. */
    public enum Mode {
        /** By their paths in the share, which may be another one of the same content. */
        FIND_PATHS,
        /** By their file handles: the file system is the same one. */
        FILE_HANDLES;

        @Override
        public String toString() {
            return name().replace('_', '-');
        }
    }

    /** What becomes of a file that cannot be found. */
    public enum OnError {
        /** The migration fails, and the guest goes on where it was. */
        ABORT,
        /** The guest does not know the file any more, and gets errors for it. */
        GUEST_ERROR;

        @Override
        public String toString() {
            return name().replace('_', '-');
        }
    }

    /** As virtiofsd by default: paths, and all files or none. */
    public static final MigrationOptions DEFAULT =
            new MigrationOptions(Mode.FIND_PATHS, false, OnError.ABORT);
}
