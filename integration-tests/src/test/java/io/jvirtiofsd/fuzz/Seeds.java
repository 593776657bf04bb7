package io.jvirtiofsd.fuzz;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The inputs that a fuzz target begins with: files of a folder below the resources of {@code fuzz}.
 * One that ends in {@code .hex} has bytes as hexadecimal digits and text in quotes, and remarks
 * after a {@code #}; another is the input itself. {@code words.dict} is none, but a dictionary of
 * libFuzzer.
 *
 * <p><i>Immutable.</i>
 */
final class Seeds {
    private static final String DICTIONARY = "words.dict";
    private static final Pattern TOKEN = Pattern.compile("\"([^\"]*)\"|([0-9a-f]+)|(\\S)");

    private final Path folder;

    private Seeds(Path folder) {
        this.folder = folder;
    }

    /** The seeds in the folder {@code name}. */
    static Seeds in(String name) throws IOException {
        URL folder = Seeds.class.getResource("/fuzz/" + name);
        if (folder == null) {
            throw new IOException("no seeds: " + name);
        }
        try {
            return new Seeds(Path.of(folder.toURI()));
        } catch (URISyntaxException e) {
            throw new IOException(e);
        }
    }

    /** All inputs by name. */
    Map<String, byte[]> inputs() throws IOException {
        Map<String, byte[]> inputs = new TreeMap<>();
        List<Path> files;
        try (Stream<Path> all = Files.list(folder)) {
            files = all.toList();
        }
        for (Path file : files) {
            String name = file.getFileName().toString();
            if (name.endsWith(".hex")) {
                inputs.put(name, bytes(Files.readString(file)));
            } else if (!name.equals(DICTIONARY)) {
                inputs.put(name, Files.readAllBytes(file));
            }
        }
        return inputs;
    }

    /** The dictionary, or null. */
    Path dictionary() {
        Path words = folder.resolve(DICTIONARY);
        return Files.exists(words) ? words : null;
    }

    private static byte[] bytes(String text) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        Matcher token = TOKEN.matcher(text.replaceAll("#.*", ""));
        while (token.find()) {
            if (token.group(1) != null) {
                bytes.write(token.group(1).getBytes(StandardCharsets.UTF_8));
            } else if (token.group(2) != null && token.group(2).length() % 2 == 0) {
                for (int i = 0; i < token.group(2).length(); i += 2) {
                    bytes.write(Integer.parseInt(token.group(2).substring(i, i + 2), 16));
                }
            } else {
                throw new IOException("'" + token.group() + "' in a seed");
            }
        }
        return bytes.toByteArray();
    }
}
