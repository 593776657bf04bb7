package io.jvirtiofsd.fake;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.jvirtiofsd.fuse.Errno;
import io.jvirtiofsd.guest.Daemon;
import io.jvirtiofsd.guest.GuestKit;
import io.jvirtiofsd.vhost.FakeDriver;
import io.jvirtiofsd.vhost.FakeFrontend;
import java.io.IOException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Holds docs/protocol.md to what our daemon and virtiofsd really do with every flag of INIT and
 * every opcode; with {@code -Djvirtiofsd.rewrite=true} it is written instead.
 */
class ProtocolTableIT {
    private static final Path FILE = GuestKit.home().resolve("docs/protocol.md");
    private static final int SETXATTR_EXT = 29; // fuse.h

    /** Offered to the defaults alone: with an option it depends on the host's file system. */
    private static final String NO_OPENDIR = "NO_OPENDIR_SUPPORT";

    private static final int NO_OPENDIR_BIT = 24; // fuse.h

    private static final String LABELS = "--security-label";

    /** Each is tried where the program knows the option; the first are the defaults. */
    private static final String[][] VARIANTS = {
        {},
        {"--xattr"},
        {"--posix-acl=auto"},
        {LABELS + "=auto"},
        {"--cache=always"},
        {"--cache=never"},
        {"--no-announce-submounts"},
        {"--no-readdirplus"},
        {"--writeback"},
        {"--killpriv-v2"},
        {"--allow-mmap"},
        {"--allow-direct-io"},
        {"--posix-lock"},
        {"--flock"},
    };

    @TempDir Path folder;

    /** What one program gave: variant, then name of flag or opcode, then the outcome. */
    private record Measured(
            Map<String, Map<String, String>> flags, Map<String, Map<String, String>> opcodes) {
        Measured() {
            this(new LinkedHashMap<>(), new LinkedHashMap<>());
        }
    }

    /** Outcomes of both programs, by variant, of rows with names and numbers. */
    private record Table(
            Map<String, Integer> rows,
            Map<String, Map<String, String>> ours,
            Map<String, Map<String, String>> theirs) {
        void inFull(List<String> lines, String what) {
            heading(lines, what, "jvirtiofsd", "virtiofsd 1.14");
            rows.forEach(
                    (name, number) ->
                            lines.add("| %s, %d | %s |".formatted(name, number, outcomes(name))));
        }

        /** A row for each pair of outcomes, with all names that have it. */
        void inShort(List<String> lines, String what) {
            Map<String, List<String>> names = new LinkedHashMap<>();
            for (String name : rows.keySet()) {
                names.computeIfAbsent(outcomes(name), unused -> new ArrayList<>()).add(name);
            }
            heading(lines, "jvirtiofsd", "virtiofsd 1.14", what);
            names.forEach(
                    (outcomes, all) ->
                            lines.add("| %s | %s |".formatted(outcomes, String.join(" ", all))));
        }

        private static void heading(List<String> lines, String... columns) {
            lines.add("| " + String.join(" | ", columns) + " |");
            lines.add("|---|---|---|");
        }

        private String outcomes(String name) {
            return cell(ours, name) + " | " + cell(theirs, name);
        }

        /** The default's outcome, and for each other outcome the first option that gives it. */
        private static String cell(Map<String, Map<String, String>> variants, String name) {
            String usual = variants.get("").get(name);
            Map<String, String> options = new LinkedHashMap<>();
            variants.forEach(
                    (variant, outcomes) ->
                            options.putIfAbsent(outcomes.getOrDefault(name, usual), variant));
            options.remove(usual);
            StringBuilder cell = new StringBuilder(usual);
            options.forEach(
                    (outcome, option) ->
                            cell.append("; ").append(outcome).append(" with `" + option + "`"));
            return cell.toString();
        }
    }

    private static Map<String, Integer> numbers(String type, String accessor) throws Exception {
        Map<String, Integer> numbers = new LinkedHashMap<>();
        Class<?> known = Class.forName("io.jvirtiofsd.fuse.server." + type);
        Method number = known.getDeclaredMethod(accessor);
        number.setAccessible(true);
        for (Object constant : known.getEnumConstants()) {
            numbers.put(constant.toString(), (Integer) number.invoke(constant));
        }
        return numbers;
    }

    @Test
    void theTableSaysWhatBothDo() throws Exception {
        Map<String, Integer> flags = numbers("InitFlag", "bit");
        Map<String, Integer> offered = new LinkedHashMap<>(flags);
        assertEquals(NO_OPENDIR_BIT, offered.remove(NO_OPENDIR));
        Map<String, Integer> opcodes = numbers("Opcode", "code");
        Measured ours = new Measured();
        Measured theirs = new Measured();
        Path launcher = GuestKit.home().resolve("jvirtiofsd");
        String ourHelp = help(launcher);
        String theirHelp = help(GuestKit.get().virtiofsd());
        for (String[] variant : VARIANTS) {
            if (knows(ourHelp, variant)) {
                Path place = Files.createTempDirectory(folder, "ours");
                Path share = Files.createDirectory(place.resolve("share"));
                try (Daemon daemon = Daemon.start(share, place.resolve("socket"), variant)) {
                    measure(daemon, share, label(variant), offered, opcodes, ours);
                }
            }
            if (knows(theirHelp, variant)) {
                Path place = Files.createTempDirectory(folder, "theirs");
                Path share = Files.createDirectory(place.resolve("share"));
                try (Daemon daemon =
                        Daemon.startPeer(GuestKit.get(), share, place.resolve("socket"), variant)) {
                    measure(daemon, share, label(variant), offered, opcodes, theirs);
                }
            }
        }
        Table ofOpcodes = new Table(opcodes, ours.opcodes, theirs.opcodes);
        Table ofFlags = new Table(flags, ours.flags, theirs.flags);
        String text = text(ofOpcodes, ofFlags);
        if (Boolean.getBoolean("jvirtiofsd.rewrite")) {
            Files.writeString(FILE, text);
        }
        assertEquals(text, Files.readString(FILE));
    }

    private String help(Path program) throws IOException, InterruptedException {
        Path out = folder.resolve("help");
        new ProcessBuilder(program.toString(), "--help")
                .redirectOutput(out.toFile())
                .start()
                .waitFor();
        return Files.readString(out);
    }

    private static boolean knows(String help, String[] variant) {
        return variant.length == 0 || help.contains(variant[0].split("=")[0]);
    }

    private static String label(String[] variant) {
        return String.join(" ", variant);
    }

    private static void measure(
            Daemon daemon,
            Path share,
            String variant,
            Map<String, Integer> flags,
            Map<String, Integer> opcodes,
            Measured into)
            throws IOException {
        Map<String, String> accepted = new LinkedHashMap<>();
        Map<String, String> answers = new LinkedHashMap<>();
        into.flags.put(variant, accepted);
        long all = flags.values().stream().mapToLong(bit -> 1L << bit).sum();
        try (FakeFrontend frontend = new FakeFrontend(daemon.socket())) {
            frontend.negotiate(-1L, 0, 1, FakeDriver.memoryBytes(2));
            frontend.start(1, 128); // virtiofsd has one request queue
            FuseClient fuse = new FuseClient(frontend, 1);
            if (variant.isEmpty()) {
                long more = 1L << NO_OPENDIR_BIT;
                boolean yes = (fuse.init(all | more) & more) != 0;
                accepted.put(NO_OPENDIR, yes ? "yes" : "no");
            }
            long got = fuse.init(all);
            assertEquals(0, got & ~all, "accepted what was not offered");
            flags.forEach((name, bit) -> accepted.put(name, (got >>> bit & 1) != 0 ? "yes" : "no"));
            if (variant.startsWith(LABELS)) {
                return; // virtiofsd ends when an object is made without the label agreed on
            }
            into.opcodes.put(variant, answers);
            OpcodeProbe probe = new OpcodeProbe(fuse, share, (got >>> SETXATTR_EXT & 1) != 0);
            for (Map.Entry<String, Integer> opcode : opcodes.entrySet()) {
                String name = opcode.getKey();
                answers.put(name, answer(probe.outcome(name, opcode.getValue())));
                if (name.equals("INIT") || name.equals("DESTROY")) {
                    fuse.init(all);
                }
            }
        }
    }

    private static String answer(int outcome) {
        return outcome == 0 ? "ok" : outcome < 0 ? "no reply" : Errno.name(outcome);
    }

    private static String text(Table opcodes, Table flags) {
        List<String> lines = new ArrayList<>();
        lines.add("# The protocol, compared");
        lines.add("");
        lines.add(
                "What this daemon and virtiofsd 1.14 do with every opcode and every INIT flag of");
        lines.add(
                "fuse.h 7.45. Not written by hand: `ProtocolTableIT` sends each to both programs,");
        lines.add("with a guest that offers all flags, and fails when this page says otherwise");
        lines.add(
                "(`-Djvirtiofsd.rewrite=true` writes it anew). Both run as root with their"
                        + " default");
        lines.add(
                "options, virtiofsd without its sandbox and without file handles; where one"
                        + " option");
        lines.add("changes the outcome, that follows. `ENOSYS` tells a guest never to ask again.");
        lines.add("");
        lines.add("## In short");
        lines.add("");
        opcodes.inShort(lines, "opcodes");
        lines.add("");
        flags.inShort(lines, "flags of INIT");
        lines.add("");
        lines.add("## Opcodes");
        lines.add("");
        lines.add(
                "One request that makes sense, of a file or directory that exists. Without a DAX");
        lines.add("window.");
        lines.add("");
        opcodes.inFull(lines, "opcode");
        lines.add("");
        lines.add("## INIT flags");
        lines.add("");
        lines.add("Whether the answer to INIT accepts the flag. Flags about `/dev/fuse` or about");
        lines.add("notifications mean nothing to virtio-fs. NO_OPENDIR_SUPPORT was offered to the");
        lines.add("defaults alone: with `--cache=always` it depends on the host's file system");
        lines.add("(caching.md).");
        lines.add("");
        flags.inFull(lines, "flag, bit");
        return String.join("\n", lines) + "\n";
    }
}
