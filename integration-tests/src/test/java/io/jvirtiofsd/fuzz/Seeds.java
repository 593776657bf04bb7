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
 * The inputs that a fuzz target begins with: files of the resource folder {@code fuzz/NAME}. One
 * that ends in {@code .hex} has bytes as hexadecimal digits and text in quotes, and remarks after a
 * {@code #}; another is the input itself. {@code words.dict} is none, but a dictionary of
 * libFuzzer.
 *
 * <p><i>Stateless.</i>
 */
final class Seeds {
    private static final String DICTIONARY = "words.dict";
    private static final Pattern TOKEN = Pattern.compile("\"([^\"]*)\"|([0-9a-f]+)|(\\S)");

    private Seeds() {}

    /** All inputs by name; there is one at least. */
    static Map<String, byte[]> of(Class<?> target) throws IOException {
        Map<String, byte[]> inputs = new TreeMap<>();
        List<Path> files;
        try (Stream<Path> all = Files.list(folder(target))) {
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
    static Path dictionary(Class<?> target) throws IOException {
        Path words = folder(target).resolve(DICTIONARY);
        return Files.exists(words) ? words : null;
    }

    private static Path folder(Class<?> target) throws IOException {
        String name = "/fuzz/" + target.getSimpleName();
        URL folder = target.getResource(name);
        if (folder == null) {
            throw new IOException("no seeds: " + name);
        }
        try {
            return Path.of(folder.toURI());
        } catch (URISyntaxException e) {
            throw new IOException(e);
        }
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
