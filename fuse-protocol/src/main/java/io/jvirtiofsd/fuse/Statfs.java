package io.jvirtiofsd.fuse;

/**
 * Figures of a file system; counts are in units of {@code fragmentBytes}.
 *
 * <p>Source: fuse.h, {@code struct fuse_kstatfs}.
 */
public record Statfs(
        long blocks,
        long freeBlocks,
        long availableBlocks,
        long files,
        long freeFiles,
        int blockBytes,
        int nameBytes,
        int fragmentBytes) {}
