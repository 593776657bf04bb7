package io.jvirtiofsd.vhost;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.arch.Sources;
import io.jvirtiofsd.guest.GuestKit;
import io.jvirtiofsd.linux.Reclaimer;
import io.jvirtiofsd.linux.Syscalls;
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
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Holds docs/conformance.md to the tests it names and to the messages of the code; with {@code
 * -Djvirtiofsd.rewrite=true} the messages are written instead.
 */
class ConformanceTest {
    private static final Path FILE = GuestKit.home().resolve("docs/conformance.md");
    private static final int CLAUSES = 86;
    private static final String MESSAGES = "## Messages\n";

    /** Those that the page speaks of (virtio 1.3, 6). */
    private static final Map<String, Integer> VIRTIO_FEATURES =
            Map.of(
                    "NOTIFY_ON_EMPTY", 24,
                    "ACCESS_PLATFORM", 33,
                    "RING_PACKED", 34,
                    "IN_ORDER", 35,
                    "RING_RESET", 40);

    /** Number, what is demanded, source, proof. */
    private static final Pattern CLAUSE =
            Pattern.compile(
                    "^\\| (\\d+) \\| ([^|]+) \\| ([^|]+) \\| ([^|]+) \\|$", Pattern.MULTILINE);

    private static final Pattern SOURCE =
            Pattern.compile("vhost-user\\.rst, \\w.*|virtio 1\\.3, \\d.*");
    private static final Pattern TEST = Pattern.compile("`(\\w+(?:Test|IT))\\.(\\w+)`");
    private static final Pattern REASON =
            Pattern.compile("(?:not offered|not yet): `(\\w+)`.*|by design: .+");
    private static final Pattern NOT_OFFERED = Pattern.compile("^(\\w+) is not offered");

    private static List<String[]> clauses() throws IOException {
        List<String[]> clauses = new ArrayList<>();
        Matcher row = CLAUSE.matcher(Files.readString(FILE));
        while (row.find()) {
            clauses.add(new String[] {row.group(1), row.group(2), row.group(3), row.group(4)});
        }
        return clauses;
    }

    /** Sources of all test classes, by name. */
    private static Map<String, String> tests() throws IOException {
        Map<String, String> tests = new HashMap<>();
        for (Path file : Sources.all()) {
            String name = file.getFileName().toString();
            if (name.matches(".*(Test|IT)\\.java")) {
                tests.put(name.substring(0, name.indexOf('.')), Files.readString(file));
            }
        }
        return tests;
    }

    /** Whether {@code source} has a method {@code name} that JUnit runs. */
    private static boolean isTest(String source, String name) {
        Matcher method = Pattern.compile("\n    [\\w<> ]+ " + name + "\\(").matcher(source);
        if (!method.find()) {
            return false;
        }
        String before = source.substring(0, method.start());
        String head = before.substring(before.lastIndexOf("\n\n") + 1);
        return Stream.of("@Test", "@ParameterizedTest", "@TestFactory").anyMatch(head::contains);
    }

    @Test
    void everyClauseIsThereOnce() throws Exception {
        assertEquals(
                IntStream.rangeClosed(1, CLAUSES).mapToObj(Integer::toString).toList(),
                clauses().stream().map(clause -> clause[0]).toList());
    }

    @Test
    void everyClauseHasItsSourceAndATestOrAReason() throws Exception {
        Map<String, String> tests = tests();
        List<String> wrong = new ArrayList<>();
        for (String[] clause : clauses()) {
            boolean proved = REASON.matcher(clause[3]).matches();
            Matcher test = TEST.matcher(clause[3]);
            while (test.find()) {
                proved = true;
                if (!isTest(tests.getOrDefault(test.group(1), ""), test.group(2))) {
                    wrong.add(clause[0] + ": no test " + test.group());
                }
            }
            if (!proved || !SOURCE.matcher(clause[2]).matches()) {
                wrong.add(clause[0] + ": " + clause[2] + ": " + clause[3]);
            }
        }
        assertEquals(List.of(), wrong);
    }

    /** Neither by the page nor by the reasons of messages. */
    @Test
    void whatIsSaidNotToBeOfferedIsNotOffered() throws Exception {
        List<String> said = new ArrayList<>();
        for (String[] clause : clauses()) {
            Matcher reason = REASON.matcher(clause[3]);
            if (reason.matches() && reason.group(1) != null) {
                said.add(reason.group(1));
            }
        }
        for (MessageType type : MessageType.values()) {
            addNotOffered(type.reason(), said);
        }
        for (BackendMessageType type : BackendMessageType.values()) {
            addNotOffered(type.reason(), said);
        }
        List<String> offered = new ArrayList<>();
        Arrays.stream(ProtocolFeature.values()).map(Enum::name).forEach(offered::add);
        long features = offeredFeatures();
        VIRTIO_FEATURES.forEach(
                (name, bit) -> {
                    if ((features >>> bit & 1) != 0) {
                        offered.add(name);
                    }
                });
        assertTrue(said.contains("PAGEFAULT") && said.contains("GPA_ADDRESSES"), said::toString);
        assertEquals(List.of(), said.stream().filter(offered::contains).toList());
    }

    private static long offeredFeatures() throws Exception {
        try (Connection connection = new Connection()) {
            connection.send(Connection.message(MessageType.GET_FEATURES.id(), 1, new byte[0]));
            connection.finish();
            try (VhostUserSession session =
                    new VhostUserSession(
                            Syscalls.load(),
                            connection.number(),
                            new EchoDevice(),
                            new TransportOptions(0, TransportOptions.AUTO_POLL, false, null),
                            new Reclaimer())) {
                session.run();
            }
            return connection.receive(Connection.HEADER_BYTES + 8).getLong(Connection.HEADER_BYTES);
        }
    }

    private static void addNotOffered(String reason, List<String> said) {
        Matcher feature = NOT_OFFERED.matcher(reason == null ? "" : reason);
        if (feature.find()) {
            said.add(feature.group(1));
        }
    }

    @Test
    void theMessagesAreThoseOfTheCode() throws Exception {
        String page = Files.readString(FILE);
        int end = page.indexOf(MESSAGES) + MESSAGES.length();
        assertTrue(end > MESSAGES.length(), "no messages");
        String text = page.substring(0, end) + messages();
        if (Boolean.getBoolean("jvirtiofsd.rewrite")) {
            Files.writeString(FILE, text);
        }
        assertEquals(text, Files.readString(FILE));
    }

    private static String messages() {
        List<String> lines = new ArrayList<>();
        lines.add("");
        lines.add(
                "What a front-end may send, and what comes of it. A message that is refused gets"
                        + " a");
        lines.add(
                "status other than 0 if its answer is a status, which an acknowledgement is where");
        lines.add("REPLY_ACK was agreed on and NEED_REPLY is set; else the connection ends, since");
        lines.add(
                "nobody would hear of the refusal. A payload of another size, descriptors that do");
        lines.add(
                "not belong there, and a feature that was not agreed on are such refusals; so is"
                        + " a");
        lines.add("message of a later specification, which is taken for one that is acknowledged.");
        lines.add("Descriptors are closed in any case.");
        lines.add("");
        lines.add("| | message | answer | needs | not served, since |");
        lines.add("|---|---|---|---|---|");
        for (MessageType type : MessageType.values()) {
            String needs = type.feature() == null ? "" : type.feature().name();
            lines.add(row(type.id(), type.name(), answer(type.reply()), needs, type.reason()));
        }
        lines.add("");
        lines.add("What is sent to the front-end, where it has given a channel for that.");
        lines.add("");
        lines.add("| | message | answer | needs | not sent, since |");
        lines.add("|---|---|---|---|---|");
        for (BackendMessageType type : BackendMessageType.values()) {
            String needs =
                    type.features().stream().map(Enum::name).collect(Collectors.joining(", "));
            lines.add(row(type.id(), type.name(), "status", needs, type.reason()));
        }
        return String.join("\n", lines) + "\n";
    }

    private static String answer(MessageType.Reply reply) {
        return switch (reply) {
            case ACK -> "acknowledgement";
            case STATUS -> "status";
            case BODY -> "body";
        };
    }

    private static String row(int id, String... cells) {
        StringBuilder row = new StringBuilder("| " + id + " |");
        for (String cell : cells) {
            row.append(cell == null || cell.isEmpty() ? " |" : " " + cell + " |");
        }
        return row.toString();
    }
}
