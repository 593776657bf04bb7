package io.jvirtiofsd.posix;

import io.jvirtiofsd.guest.MountSpace;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;

/** File systems that a share may be on, and how each comes to be mounted with a tree in it. */
enum HostFileSystem {
    EXT4("truncate -s 16M image; mkfs.ext4 -q image; mount -o loop image mnt", "cp -a tree/. mnt"),
    XFS("truncate -s 300M image; mkfs.xfs -q image; mount -o loop image mnt", "cp -a tree/. mnt"),
    BTRFS(
            "truncate -s 112M image; mkfs.btrfs -q image; mount -o loop image mnt",
            "cp -a tree/. mnt"),
    TMPFS("mount -t tmpfs tmpfs mnt", "cp -a tree/. mnt"),
    /** Told to ask anew each time, since what it remembers depends on the time. */
    BINDFS("mkdir bound; bindfs -o attr_timeout=0 bound mnt", "cp -a tree/. mnt"),
    SQUASHFS("mksquashfs tree image -quiet -no-progress", "mount -o loop image mnt"),

    /** Everything is on one file system: then inode numbers are those of the layers. */
    OVERLAY(
            "mount -t tmpfs tmpfs layers; mkdir layers/lower layers/upper layers/work",
            "cp -a tree/. layers/lower; " + HostFileSystem.LAYERS),

    /** As a live system is laid: an inode number changes when its file is written first. */
    OVERLAY_OF_TWO(
            "mksquashfs tree image -quiet -no-progress; mount -t tmpfs tmpfs layers",
            "mkdir layers/lower layers/upper layers/work; mount -o loop image layers/lower; "
                    + HostFileSystem.LAYERS);

    private static final String LAYERS =
            "cd layers; mount -t overlay -o lowerdir=lower,upperdir=upper,workdir=work overlay"
                    + " ../mnt";

    private final String make;
    private final String fill;

    HostFileSystem(String make, String fill) {
        this.make = make;
        this.fill = fill;
    }

    /**
     * Mounts it, with all that is in {@code folder/tree}.
     *
     * @param folder a place for images
     * @return the root, as this process reaches it
     */
    Path mount(MountSpace space, Path folder) throws IOException {
        space.runIfPossible(
                "PATH=$PATH:/usr/sbin; cd %s; mkdir mnt layers; %s; %s"
                        .formatted(folder, make, fill));
        return space.path(folder.resolve("mnt"));
    }

    boolean isWritable() {
        return this != SQUASHFS;
    }

    /** Whether its objects can be opened by file handle, for good. */
    boolean opensHandles() {
        return this != BINDFS && this != OVERLAY && this != OVERLAY_OF_TWO;
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }
}
