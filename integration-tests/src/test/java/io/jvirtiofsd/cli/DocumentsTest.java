package io.jvirtiofsd.cli;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.arch.Sources;
import io.jvirtiofsd.guest.DocumentBlock;
import io.jvirtiofsd.guest.GuestKit;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

/**
 * The documents name every option, and no other; their links lead somewhere, the tests they name
 * exist.
 */
class DocumentsTest {
    private static final Path HOME = GuestKit.home();

    /** A link to a page of ours, to a heading, or both. */
    private static final Pattern LINK =
            Pattern.compile("\\]\\((?!https?:)([^)#\\s]*)(#[^)\\s]*)?\\)");

    /** A command line of ours in a block for a shell, without what a shell takes from it. */
    private static final Pattern COMMAND =
            Pattern.compile(
                    "^ *(?:\\./)?jvirtiofsd((?: ivshmem)? +--[^&#\\n]*)", Pattern.MULTILINE);

    /** A list of arguments in Nix's words. */
    private static final Pattern NIX_ARGUMENTS = Pattern.compile("= \\[((?: \"--[^\"]*\")+) \\]");

    /** A test class, and one of its methods. */
    private static final Pattern TEST =
            Pattern.compile("`((?!Thing)\\w+(?:Test|IT))(?:[.#](\\w+))?`");

    @Test
    void everyOptionIsInItsPage() throws IOException {
        String page = Files.readString(HOME.resolve("docs/options.md"));
        List<String> missing =
                Stream.of(new Options(), new IvshmemArguments())
                        .map(CommandLine::new)
                        .flatMap(parser -> parser.getCommandSpec().options().stream())
                        .filter(option -> !option.hidden())
                        .flatMap(option -> Arrays.stream(option.names()))
                        .filter(name -> !Pattern.compile(name + "(?![\\w-])").matcher(page).find())
                        .toList();
        assertEquals(List.of(), missing);
    }

    @Test
    void linksLeadSomewhere() throws IOException {
        List<String> broken = new ArrayList<>();
        for (Path page : pages()) {
            Matcher link = LINK.matcher(Files.readString(page));
            while (link.find()) {
                Path target = link.group(1).isEmpty() ? page : page.resolveSibling(link.group(1));
                if (!Files.exists(target)
                        || link.group(2) != null && !hasHeading(target, link.group(2))) {
                    broken.add(page.getFileName() + ": " + link.group());
                }
            }
        }
        assertEquals(List.of(), broken);
    }

    @Test
    void testsThatAreNamedExist() throws IOException {
        Map<String, String> tests = new HashMap<>();
        for (Path file : Sources.all()) {
            String name = file.getFileName().toString();
            tests.put(name.substring(0, name.lastIndexOf('.')), Files.readString(file));
        }
        List<String> missing = new ArrayList<>();
        for (Path page : pages()) {
            Matcher test = TEST.matcher(Files.readString(page));
            while (test.find()) {
                String source = tests.getOrDefault(test.group(1), "");
                if (source.isEmpty()
                        || test.group(2) != null && !source.contains(test.group(2) + "(")) {
                    missing.add(page.getFileName() + ": " + test.group());
                }
            }
        }
        assertEquals(List.of(), missing);
    }

    /** Also of what cannot be run here. */
    @Test
    void commandLinesAreUnderstood() throws IOException {
        List<String> lines = new ArrayList<>();
        for (Path page : pages()) {
            for (DocumentBlock block : DocumentBlock.of(HOME.relativize(page).toString())) {
                String text = block.text().replace("\\\n", " ");
                Matcher found =
                        (block.language().equals("nix") ? NIX_ARGUMENTS : COMMAND).matcher(text);
                while (found.find()) {
                    lines.add(
                            found.group(1).replaceAll("\\$\\(id -.\\)", "1000").replace("\"", ""));
                }
            }
        }
        assertTrue(lines.stream().anyMatch(line -> line.contains("--max-inodes")), lines::toString);
        assertTrue(lines.stream().anyMatch(line -> line.contains("--vectors")), lines::toString);
        for (String line : lines) {
            boolean isMemory = line.startsWith(" ivshmem ");
            CommandLine parser =
                    AnnotatedOptions.parser(isMemory ? new IvshmemArguments() : new Options());
            String options = line.replaceFirst("^ ivshmem ", "");
            assertDoesNotThrow(() -> parser.parseArgs(options.strip().split(" +")), line);
        }
    }

    private static List<Path> pages() throws IOException {
        try (Stream<Path> top = Files.list(HOME);
                Stream<Path> docs = Files.list(HOME.resolve("docs"))) {
            return Stream.concat(top, docs).filter(p -> p.toString().endsWith(".md")).toList();
        }
    }

    /** Headings are found by their words, in small letters, with hyphens between them. */
    private static boolean hasHeading(Path page, String anchor) throws IOException {
        return Files.readAllLines(page).stream()
                .filter(line -> line.startsWith("#"))
                .map(line -> line.replaceFirst("^#+ ", "").toLowerCase())
                .map(line -> "#" + line.replaceAll("[^\\w\\s-]", "").replace(' ', '-'))
                .anyMatch(anchor::equals);
    }
}
