package io.jvirtiofsd.nio;

import io.jvirtiofsd.backend.BackEnd;
import io.jvirtiofsd.backend.BackEndOptions;
import io.jvirtiofsd.passthrough.CacheOptions;
import io.jvirtiofsd.passthrough.CachePolicy;
import java.io.IOException;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Path;

/** Shows guests what is in a zip file: {@code ZipExport /srv/archive.zip /run/share.sock}. */
public final class ZipExport {
    private ZipExport() {}

    /** Serves one guest after another until the process gets SIGTERM or SIGINT. */
    public static void main(String[] args) throws IOException {
        try (FileSystem archive = FileSystems.newFileSystem(Path.of(args[0]));
                BackEnd backEnd = BackEnd.open(options(archive, Path.of(args[1])))) {
            Runtime.getRuntime().addShutdownHook(new Thread(backEnd::close));
            backEnd.serve();
        }
    }

    private static BackEndOptions options(FileSystem archive, Path socket) {
        return BackEndOptions.builder(archive.getPath("/"))
                .socketPath(socket)
                .readOnly(true)
                .cache(CacheOptions.of(CachePolicy.ALWAYS)) // nobody changes the archive
                .keepListening(true)
                .build();
    }
}
