package io.jvirtiofsd.arch;

import io.jvirtiofsd.guest.GuestKit;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** The Java files of all modules. What is made of them is not looked at: it changes meanwhile. */
public final class Sources {
    private Sources() {}

    public static List<Path> all() throws IOException {
        List<Path> all = new ArrayList<>();
        try (DirectoryStream<Path> modules =
                Files.newDirectoryStream(
                        GuestKit.home(), path -> Files.exists(path.resolve("src")))) {
            for (Path module : modules) {
                try (Stream<Path> files = Files.walk(module.resolve("src"))) {
                    files.filter(file -> file.toString().endsWith(".java")).forEach(all::add);
                }
            }
        }
        return all;
    }
}
