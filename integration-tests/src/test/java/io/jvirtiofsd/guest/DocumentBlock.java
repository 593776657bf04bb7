package io.jvirtiofsd.guest;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;

/**
 * A block of code in a page of the documents, with the heading it stands under: what is run is what
 * is read.
 *
 * @param heading the last one before the block, "" above the first
 * @param language the word behind the fence
 * @param text its lines, each with its end
 */
public record DocumentBlock(String heading, String language, String text) {
    private static final String FENCE = "```";
    private static final String GUEST = "# in the guest\n";

    /** All blocks of a page. */
    public static List<DocumentBlock> of(String page) {
        List<DocumentBlock> blocks = new ArrayList<>();
        String heading = "";
        String language = null; // outside of a block
        StringBuilder text = new StringBuilder();
        try {
            for (String line : Files.readAllLines(GuestKit.home().resolve(page))) {
                if (language == null && line.startsWith("#")) {
                    heading = line.replaceFirst("^#+ ", "");
                } else if (line.startsWith(FENCE)) {
                    if (language != null) {
                        blocks.add(new DocumentBlock(heading, language, text.toString()));
                    }
                    language = language == null ? line.substring(FENCE.length()) : null;
                    text.setLength(0);
                } else if (language != null) {
                    text.append(line).append('\n');
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return blocks;
    }

    /** The blocks of a page under a heading. */
    static List<DocumentBlock> under(String page, String heading) {
        return of(page).stream().filter(block -> block.heading.equals(heading)).toList();
    }

    /** What is for the host. */
    String ofHost() {
        return text.split(GUEST, 2)[0];
    }

    /** What is for the guest, "" if nothing is. */
    String ofGuest() {
        return text.contains(GUEST) ? text.split(GUEST, 2)[1] : "";
    }
}
