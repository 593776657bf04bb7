package io.jvirtiofsd.cli;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.guest.GuestKit;
import java.lang.reflect.Field;
import java.nio.file.Files;
import java.text.NumberFormat;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** {@code docs/limits.md} says what the code does. */
class LimitsDocumentTest {
    private static final Pattern CONSTANT = Pattern.compile("`([\\w.]+)\\.([A-Z_]+)` \\|$");
    private static final int LEAST = 28;

    @Test
    void eachLimitOfTheDocumentIsThatOfTheCode() throws Exception {
        List<String> lines = Files.readAllLines(GuestKit.home().resolve("docs/limits.md"));
        int compared = 0;
        for (String line : lines) {
            Matcher constant = CONSTANT.matcher(line);
            if (constant.find()) {
                Field field =
                        Class.forName("io.jvirtiofsd." + constant.group(1))
                                .getDeclaredField(constant.group(2));
                field.setAccessible(true);
                long value = ((Number) field.get(null)).longValue();
                String written = NumberFormat.getIntegerInstance(Locale.ROOT).format(value);
                Pattern said = Pattern.compile("(?<![\\d,])" + written + "(?![\\d,]*\\d)");
                assertTrue(said.matcher(line.split("\\|")[2]).find(), written + ": " + line);
                compared++;
            }
        }
        assertTrue(compared >= LEAST, "limits compared: " + compared);
    }
}
