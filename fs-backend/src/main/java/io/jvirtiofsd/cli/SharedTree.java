package io.jvirtiofsd.cli;

import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.net.URI;
import java.nio.file.FileSystem;
import java.nio.file.FileSystemAlreadyExistsException;
import java.nio.file.FileSystemNotFoundException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.ProviderNotFoundException;
import java.util.Map;

/**
 * What the command line says is to be shared: a directory of the host, or of a file system that is
 * opened for it. Owned by {@link Main}, which closes it after the back-end: that is when an archive
 * is written. <i>Confined to the main thread.</i>
 */
final class SharedTree implements AutoCloseable {
    private static final String ZIP = "zip:";
    private static final String JIMFS = "jimfs:";
    private static final int MEMORY_SHARE = 2; // half of the heap for files

    // Without permissions in an archive, what its entries show.
    private static final Map<String, ?> ZIP_SETTINGS =
            Map.of("enablePosixFileAttributes", true, "defaultPermissions", "rwxr-xr-x");

    private final Path root;
    private final FileSystem opened;
    private final String name;

    private SharedTree(Path root, FileSystem opened, String name) {
        this.root = root;
        this.opened = opened;
        this.name = name;
    }

    /**
     * What {@code root} names of a file system that was opened for it, or is open anyway (null).
     */
    private static SharedTree in(FileSystem opened, Path root) {
        return new SharedTree(root, opened, (opened == null ? root : root.toUri()).toString());
    }

    /** A directory of the host, wherever the launcher has put it in a sandbox. */
    static SharedTree of(Path directory) {
        return new SharedTree(Launcher.place(directory), null, directory.toString());
    }

    /**
     * Opens what {@code uri} names.
     *
     * @throws IOException if that is nothing; the message is one sentence for people
     */
    static SharedTree open(String uri) throws IOException {
        try {
            if (uri.startsWith(ZIP)) {
                return openZip(Path.of(uri.substring(ZIP.length())));
            } else if (uri.startsWith(JIMFS)) {
                return whole(openJimfs(uri.substring(JIMFS.length())));
            }
            return openAny(URI.create(uri));
        } catch (IOException | RuntimeException e) {
            throw new IOException("cannot open " + uri + ": " + e, e);
        }
    }

    private static SharedTree openZip(Path file) throws IOException {
        if (!Files.isRegularFile(file)) {
            throw new java.nio.file.NoSuchFileException(file.toString());
        }
        URI uri = URI.create("jar:" + file.toUri());
        return whole(FileSystems.newFileSystem(uri, ZIP_SETTINGS));
    }

    /** The whole tree of a file system that was opened to be shared; taken. */
    private static SharedTree whole(FileSystem opened) {
        return in(opened, opened.getRootDirectories().iterator().next());
    }

    /**
     * A file system in memory, of at most half of the heap, if Jimfs is on the class path: it takes
     * no URI from others.
     */
    private static FileSystem openJimfs(String name) throws IOException {
        String prefix = "com.google.common.jimfs.";
        try {
            Class<?> configuration = Class.forName(prefix + "Configuration");
            Object builder = configuration.getMethod("unix").invoke(null);
            builder = configuration.getMethod("toBuilder").invoke(builder);
            Class<?> type = builder.getClass();
            type.getMethod("setAttributeViews", String.class, String[].class)
                    .invoke(builder, "unix", new String[0]);
            long bytes = Runtime.getRuntime().maxMemory() / MEMORY_SHARE;
            type.getMethod("setMaxSize", long.class).invoke(builder, bytes);
            Object built = type.getMethod("build").invoke(builder);
            return (FileSystem)
                    Class.forName(prefix + "Jimfs")
                            .getMethod("newFileSystem", String.class, configuration)
                            .invoke(null, name, built);
        } catch (ClassNotFoundException e) {
            throw new IOException("Jimfs is not on the class path", e);
        } catch (InvocationTargetException e) {
            throw new IOException(e.getCause());
        } catch (ReflectiveOperationException e) {
            throw new IOException("not the Jimfs that is known here", e);
        }
    }

    /** What the URI names in its file system, which is opened unless it is open; else all of it. */
    private static SharedTree openAny(URI uri) throws IOException {
        if (uri.getScheme() == null) {
            throw new IOException("it has no scheme");
        }
        FileSystem opened = null;
        try {
            opened = FileSystems.newFileSystem(uri, Map.of());
        } catch (FileSystemAlreadyExistsException e) {
            // "file:" for example, or one that the provider keeps
        } catch (ProviderNotFoundException e) {
            throw new IOException("no provider for " + uri.getScheme() + ":", e);
        } catch (IllegalArgumentException e) {
            if (!uri.getScheme().equals("file")) { // takes no URI but "file:///" there
                throw e;
            }
        }
        try {
            return in(opened, Path.of(uri));
        } catch (FileSystemNotFoundException | IllegalArgumentException e) {
            if (opened == null) {
                throw e;
            }
            return whole(opened);
        }
    }

    Path root() {
        return root;
    }

    /** Whether closing may take long: an archive with all changes of its guests is written then. */
    boolean isWrittenAtTheEnd() {
        return opened != null && !opened.isReadOnly();
    }

    @Override
    public void close() throws IOException {
        if (opened != null) {
            opened.close();
        }
    }

    /** What is shared, as text for the log. */
    @Override
    public String toString() {
        return name;
    }
}
