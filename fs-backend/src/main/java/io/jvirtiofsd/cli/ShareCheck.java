package io.jvirtiofsd.cli;

import io.jvirtiofsd.backend.BackEnd;
import io.jvirtiofsd.backend.BackEndOptions;
import io.jvirtiofsd.backend.DaxOptions;
import io.jvirtiofsd.dax.GuardMode;
import io.jvirtiofsd.fuse.Errno;
import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.linux.Scratch;
import io.jvirtiofsd.linux.Syscalls;
import io.jvirtiofsd.passthrough.HandleMode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.UnaryOperator;

/**
 * What a directory is good for as a share: opened as the daemon opens it, and closed again. Nothing
 * is made in it. <i>Stateless.</i>
 */
final class ShareCheck {
    private static final Set<String> WITH_ONE_PAGE_CACHE =
            Set.of("ext4", "ext3", "ext2", "xfs", "btrfs", "tmpfs", "f2fs", "bcachefs");
    private static final Set<String> GUARDED = Set.of("ext4", "xfs", "btrfs");
    private static final long WINDOW_BYTES = 2 << 20;

    private final Syscalls syscalls;
    private final Path directory;

    ShareCheck(Syscalls syscalls, Path directory) {
        this.syscalls = syscalls;
        this.directory = directory;
    }

    List<Finding> findings() throws IOException {
        List<Finding> all = new ArrayList<>();
        String failure = failure(options -> options);
        if (failure != null) {
            all.add(Finding.missing("share", failure));
            return all;
        }
        FileStore store = Files.getFileStore(directory);
        all.add(
                store.isReadOnly()
                        ? Finding.less("share", directory + " is mounted read-only")
                        : Finding.ok("share", directory + ", on " + store.type()));
        failure = failure(options -> options.inodeFileHandles(HandleMode.MANDATORY));
        all.add(
                failure == null
                        ? Finding.ok("file handles", "inodes need no descriptors")
                        : Finding.less(
                                "file handles",
                                failure + "; each inode that a guest knows takes a descriptor"));
        all.add(xattr("attributes", "user.jvirtiofsd", "--xattr has nothing to offer"));
        all.add(xattr("access lists", "system.posix_acl_access", "--posix-acl is of no use"));
        all.add(dax(store.type()));
        return all;
    }

    /** What the daemon says when it is to share the directory so; null if it does. */
    private String failure(UnaryOperator<BackEndOptions.Builder> how) throws IOException {
        Path folder = Files.createTempDirectory("jvirtiofsd-doctor");
        try {
            BackEndOptions.Builder options = BackEndOptions.builder(directory);
            how.apply(options.socketPath(folder.resolve("s")));
            BackEnd.open(syscalls, options.build()).close();
            return null;
        } catch (IOException e) {
            return e.getMessage();
        } finally {
            Files.delete(folder);
        }
    }

    private Finding xattr(String what, String name, String without) {
        byte[] path = directory.toString().getBytes(StandardCharsets.UTF_8);
        byte[] bytes = name.getBytes(StandardCharsets.US_ASCII);
        NativeMemory memory = NativeMemory.allocate(bytes.length + 1);
        long got =
                syscalls.getxattr(
                        Scratch.get().path(path, 0, path.length),
                        memory.putCString(0, bytes, 0, bytes.length),
                        0,
                        0);
        return got >= 0 || got == -Errno.ENODATA
                ? Finding.ok(what, "kept by the file system")
                : Finding.less(what, "not kept by the file system: " + without);
    }

    private Finding dax(String type) throws IOException {
        if (!WITH_ONE_PAGE_CACHE.contains(type)) {
            return Finding.less(
                    "DAX", type + " may show other pages to those who map a file: --dax=never");
        }
        DaxOptions guarded = new DaxOptions(WINDOW_BYTES, 0, GuardMode.REFUSE);
        String failure = failure(options -> options.dax(guarded));
        if (failure != null || !GUARDED.contains(type)) {
            return Finding.less(
                    "DAX",
                    "files can be mapped, but programs of the host that cut them can end the guest:"
                            + " "
                            + (failure != null ? failure : "no guard on " + type));
        }
        return Finding.ok("DAX", "files can be mapped, and are guarded");
    }
}
