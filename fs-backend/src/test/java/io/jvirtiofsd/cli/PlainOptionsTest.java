package io.jvirtiofsd.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

/** What is read without picocli is what picocli would have read. */
class PlainOptionsTest {
    private static final Set<String> OF_PICOCLI =
            Set.of("-h", "--help", "-V", "--version", "-o", "--print-capabilities");

    private static final List<String> VALUES =
            List.of(
                    "0",
                    "1",
                    "07",
                    "4096",
                    "-1",
                    "64K",
                    "2M",
                    "1.5",
                    "x",
                    "a=b",
                    "never",
                    "AUTO",
                    "Always",
                    "err",
                    "fallback",
                    "file-handles",
                    "guest-error",
                    "namespace",
                    "kill",
                    "inode",
                    "wait",
                    "info",
                    "map:0:1:2",
                    ":0:1:2:",
                    "/a/b",
                    "");

    /** All names that picocli knows, but for those that are left to it. */
    private static List<String> names() {
        CommandLine.Model.CommandSpec spec =
                AnnotatedOptions.parser(new Options()).getCommandSpec();
        List<String> names = new ArrayList<>(spec.optionsMap().keySet());
        names.addAll(spec.negatedOptionsMap().keySet());
        names.removeAll(OF_PICOCLI);
        return names;
    }

    private static boolean readsAsPicocli(String... line) throws ReflectiveOperationException {
        Options plain = new Options();
        boolean read = PlainOptions.read(plain, line);
        if (read) {
            Options full = new Options();
            AnnotatedOptions.read(full, line);
            assertEquals(fields(full), fields(plain), String.join(" ", line));
        }
        return read;
    }

    @Test
    void noNameIsMissing() throws Exception {
        for (String name : names()) {
            boolean known = readsAsPicocli(name);
            for (String value : VALUES) {
                known |= readsAsPicocli(name + "=" + value);
                known |= readsAsPicocli(name, value);
            }
            assertTrue(known, name);
        }
    }

    /** All that is set, by the path of its field. */
    private static Map<String, Object> fields(Options options) throws ReflectiveOperationException {
        Map<String, Object> all = new TreeMap<>();
        for (Field field : Options.class.getDeclaredFields()) {
            field.setAccessible(true);
            if (Modifier.isStatic(field.getModifiers()) || field.getName().equals("spec")) {
                continue;
            }
            Object value = field.get(options);
            if (field.getType().getSimpleName().endsWith("Arguments")) {
                for (Field inner : field.getType().getDeclaredFields()) {
                    inner.setAccessible(true);
                    if (!Modifier.isStatic(inner.getModifiers())) {
                        all.put(field.getName() + "." + inner.getName(), inner.get(value));
                    }
                }
            } else {
                all.put(field.getName(), value);
            }
        }
        return all;
    }

    @Provide
    Arbitrary<List<String>> lines() {
        List<String> names = new ArrayList<>(OF_PICOCLI);
        names.addAll(names());
        Arbitrary<String> word =
                Arbitraries.of(names)
                        .flatMap(
                                name ->
                                        Arbitraries.of(VALUES)
                                                .map(value -> name + "=" + value)
                                                .injectDuplicates(0.1));
        return Arbitraries.frequencyOf(
                        net.jqwik.api.Tuple.of(4, word),
                        net.jqwik.api.Tuple.of(3, Arbitraries.of(names)),
                        net.jqwik.api.Tuple.of(2, Arbitraries.of(VALUES)))
                .list()
                .ofMaxSize(6);
    }

    @Property(tries = 2_000)
    void bothReadTheSame(@ForAll("lines") List<String> line) throws Exception {
        readsAsPicocli(line.toArray(String[]::new));
    }

    @Test
    void whatStartersSayIsPlain() {
        for (String line :
                List.of(
                        "--fd=32 --shared-dir /srv/x --cache always --thread-pool-size=4"
                                + " --readonly",
                        "--syslog --posix-acl --socket-path /tmp/s --shared-dir / --sandbox none",
                        "--shared-dir D --xattr --fd 9 --no-announce-submounts --modcaps=-mknod"
                                + " --translate-uid map:0:0:65536 --log-level=error")) {
            assertTrue(PlainOptions.read(new Options(), line.split(" ")), line);
        }
        assertFalse(PlainOptions.read(new Options(), "--help"));
    }
}
