package io.jvirtiofsd.passthrough;

import io.jvirtiofsd.fuse.OpenReply;
import java.util.concurrent.TimeUnit;

/**
 * What the guest may keep of names, attributes and data; the policies of virtiofsd.
 *
 * <p><i>Immutable.</i>
 */
public enum CachePolicy {
    /** Nothing: the host's view at each access, at the price of shared mappings. */
    NEVER(0, OpenReply.FOPEN_DIRECT_IO, 0),

    /** Names and attributes for a second, data until the file is opened again. */
    AUTO(1, 0, 0),

    /** Names, attributes and directories for a day; no data. */
    METADATA(
            86_400,
            OpenReply.FOPEN_DIRECT_IO,
            OpenReply.FOPEN_KEEP_CACHE | OpenReply.FOPEN_CACHE_DIR),

    /** Everything for a day: only for what the host does not change. */
    ALWAYS(
            86_400,
            OpenReply.FOPEN_KEEP_CACHE,
            OpenReply.FOPEN_KEEP_CACHE | OpenReply.FOPEN_CACHE_DIR);

    private final long validNanos;
    private final int fileFlags;
    private final int directoryFlags;

    CachePolicy(long validSeconds, int fileFlags, int directoryFlags) {
        this.validNanos = TimeUnit.SECONDS.toNanos(validSeconds);
        this.fileFlags = fileFlags;
        this.directoryFlags = directoryFlags;
    }

    /** How long names and attributes may be kept, in nanoseconds. */
    public long validNanos() {
        return validNanos;
    }

    /** FOPEN_ flags of a file's handle. */
    public int fileFlags() {
        return fileFlags;
    }

    /** FOPEN_ flags of a directory's handle. */
    public int directoryFlags() {
        return directoryFlags;
    }

    /** Whether the guest may keep the lists of directories. */
    boolean keepsListings() {
        return (directoryFlags & OpenReply.FOPEN_CACHE_DIR) != 0;
    }

    /** Whether the guest may keep data. */
    public boolean keepsData() {
        return (fileFlags & OpenReply.FOPEN_DIRECT_IO) == 0;
    }

    /** Whether the guest may keep the targets of symbolic links. */
    public boolean cachesSymlinks() {
        return this == METADATA || this == ALWAYS;
    }
}
