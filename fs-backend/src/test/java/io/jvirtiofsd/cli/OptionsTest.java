package io.jvirtiofsd.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What {@code -o} says, beside the options that say the same. */
class OptionsTest {
    private static final List<String> BASE = List.of("--shared-dir=/share", "--socket-path=/s");

    /** Words of -o, and what they are without it. */
    private static final String[][] FORMS = {
        {"source=/share", "--shared-dir=/share"},
        {"tag=home", "--tag=home"},
        {"tag=a=b", "--tag=a=b"},
        {"cache=always", "--cache=always"},
        {"cache=Metadata", "--cache=metadata"},
        {"cache=none", "--cache=never"},
        {"cache=NONE", "--cache=never"},
        {"readonly", "--readonly"},
        {"xattr", "--xattr"},
        {"xattr,no_xattr", ""},
        {"xattrmap=:map::user.:", "--xattrmap=:map::user.:"},
        {"posix_acl", "--posix-acl"},
        {"posix_acl", "--posix-acl=always"},
        {"posix_acl=auto", "--posix-acl=auto"},
        {"posix_acl,no_posix_acl", ""},
        {"security_label", "--security-label"},
        {"security_label,no_security_label", ""},
        {"no_announce_submounts", "--no-announce-submounts"},
        {"no_announce_submounts,announce_submounts", ""},
        {"posix_lock", "--posix-lock"},
        {"posix_lock,no_posix_lock", "--no-posix-lock"},
        {"flock", "--flock"},
        {"flock,no_flock", "--no-flock"},
        {"no_readdirplus", "--no-readdirplus"},
        {"no_readdirplus,readdirplus", ""},
        {"writeback", "--writeback"},
        {"writeback,no_writeback", ""},
        {"allow_direct_io", "--allow-direct-io"},
        {"allow_direct_io,no_allow_direct_io", ""},
        {"killpriv_v2", "--killpriv-v2"},
        {"killpriv_v2,no_killpriv_v2", "--no-killpriv-v2"},
        {"modcaps=-mknod:+chown", "--modcaps -mknod:+chown"},
        {"modcaps=-fowner", "--modcaps -FOWNER"},
        {"sandbox=none", "--sandbox=None"},
        {"poll=off", "--poll=0"},
        {"poll=OFF,poll=30", "--poll=30"},
        {"loglevel=err", "--log-level=error"},
        {"log_level=ERR", "--log-level err"},
        {"loglevel=debug", "-d"},
        {"xattr,no_flock,cache=always", "--xattr --cache=always"},
    };

    private static Options parse(List<String> args) {
        Options options = new Options();
        AnnotatedOptions.read(options, args.toArray(String[]::new));
        options.complete();
        return options;
    }

    /** All that a back-end is told, and the rest that a word of -o can change. */
    private static String meaning(List<String> args) {
        Options options = parse(args);
        return options.backEnd(Path.of("/share"), 1, line -> {}).toString().replaceAll("@\\w+", "")
                + options.modcaps()
                + options.logLevel();
    }

    private static List<String> line(String... more) {
        List<String> line = new ArrayList<>(BASE);
        for (String words : more) {
            line.addAll(words.isEmpty() ? List.of() : List.of(words.split(" ")));
        }
        return line;
    }

    private static String refusal(String... more) {
        return assertThrows(
                        IllegalArgumentException.class,
                        () -> parse(line(more)),
                        line(more)::toString)
                .getMessage();
    }

    @Test
    void wordsMeanWhatTheirOptionsMean() {
        for (String[] form : FORMS) {
            String expected = meaning(line(form[1]));
            assertEquals(expected, meaning(line("-o " + form[0])), form[0]);
            assertEquals(expected, meaning(line("-o" + form[0])), form[0]);
            assertEquals(expected, meaning(line("-o=" + form[0])), form[0]);
            assertEquals(expected, meaning(line("-o " + form[0].replace(",", " -o "))), form[0]);
            assertEquals(expected, meaning(line("-o " + form[0] + " --")), form[0]);
        }
    }

    /** Each row of the table says something: it is not what no option means. */
    @Test
    void wordsChangeSomething() {
        String nothing = meaning(BASE);
        for (String word :
                List.of(
                        "tag=home",
                        "cache=none",
                        "readonly",
                        "xattr",
                        "posix_acl",
                        "posix_acl=auto",
                        "security_label",
                        "no_announce_submounts",
                        "posix_lock",
                        "flock",
                        "no_readdirplus",
                        "writeback",
                        "allow_direct_io",
                        "killpriv_v2",
                        "modcaps=-mknod",
                        "loglevel=err")) {
            assertTrue(!nothing.equals(meaning(line("-o " + word))), word);
        }
    }

    @Test
    void wordsOverrideOptionsWhereverTheyStand() {
        String never = meaning(line("--cache=never"));
        assertEquals(never, meaning(line("-o cache=never --cache=always")));
        assertEquals(never, meaning(line("--cache=always -o cache=auto -o cache=none")));
        assertEquals(meaning(BASE), meaning(line("-o no_xattr --xattr")));
    }

    @Test
    void theLastOfAnOptionAndItsOppositeHolds() {
        for (String name : List.of("posix-lock", "flock", "killpriv-v2")) {
            String on = "--" + name;
            String off = "--no-" + name;
            assertEquals(meaning(line(on)), meaning(line(off, on)));
            assertEquals(meaning(BASE), meaning(line(on, off)));
        }
        String off = "--no-announce-submounts";
        assertEquals(meaning(line(off)), meaning(line("--announce-submounts", off)));
        assertEquals(meaning(BASE), meaning(line(off, "--announce-submounts")));
    }

    @Test
    void whatIsNoWordIsRefused() {
        for (String word :
                List.of(
                        "=x",
                        "source=",
                        "tag",
                        "tag,xattr",
                        "tag,no_such",
                        "modcaps",
                        "nonsense",
                        "nonsense=1",
                        "norace",
                        "timeout=1",
                        "-xattr",
                        "no_readonly",
                        "xattr=x",
                        "cache=sometimes",
                        "cache",
                        "modcaps=mknod",
                        "modcaps=-no_such",
                        "xattrmap=:x:",
                        "sandbox=no",
                        "loglevel=loud",
                        "print_capabilities",
                        "xattr,,flock",
                        "o=xattr")) {
            assertTrue(!refusal("-o " + word).isEmpty(), word);
        }
        List<String> empty = new ArrayList<>(BASE);
        empty.addAll(List.of("-o", ""));
        assertThrows(IllegalArgumentException.class, () -> parse(empty));
        assertThrows(IllegalArgumentException.class, () -> parse(line("-o")));
    }

    @Test
    void refusalsSayWhy() {
        assertEquals("Unknown option: '--nonsense'", refusal("-o nonsense"));
        assertEquals("-o tag: unknown option or missing value", refusal("-o tag,no_such"));
        assertTrue(refusal("-o source=/other").contains("different directories"));
        assertTrue(refusal("-o cache=sometimes").contains("none of never, auto, metadata, always"));
        assertTrue(refusal("--log-level=loud").contains("none of off, error, warn"));
        assertTrue(refusal("--xattrmap=:x:").startsWith("--xattrmap: 'x' is none of prefix"));
        for (String value : List.of("10001", "-1", "soon", "99999999999")) {
            assertTrue(refusal("--poll=" + value).endsWith("of auto, off, 0..10000 microseconds"));
        }
        assertTrue(refusal("--migration-mode=x").contains("none of find-paths, file-handles"));
        assertTrue(refusal("--migration-on-error=").contains("none of abort, guest-error"));
        assertTrue(refusal("--modcaps=mknod").startsWith("--modcaps: 'mknod' is not"));
    }

    @Test
    void valuesMayHaveAnyCaseAndTheirOldNames() {
        assertEquals(meaning(line("--cache=never")), meaning(line("--cache=NEVER")));
        String prefer = meaning(line("--inode-file-handles=prefer"));
        assertEquals(prefer, meaning(line("--inode-file-handles=Fallback")));
        assertEquals(meaning(line("--dax=always")), meaning(line("--dax Always")));
        assertEquals(meaning(line("--posix-acl=auto")), meaning(line("--posix-acl=AUTO")));
    }

    @Test
    void helpIsGivenWhateverElseIsSaid() {
        Options options = new Options();
        assertTrue(
                AnnotatedOptions.read(options, "-o", "nonsense", "--help").isUsageHelpRequested());
    }

    /** A provider may have to reach a server: nothing here knows which system calls it makes. */
    @Test
    void whatProvidersOfOthersDoIsNotFiltered() throws IOException {
        Options options = parse(List.of("--nio-uri=jimfs:m", "--socket-path=s"));
        options.confine();
        assertEquals(0, ProcessStatus.set("Seccomp"));
    }

    /** Whoever asks for a sandbox gets it or no daemon. */
    @Test
    void aSandboxThatTheLauncherHasNotMadeIsRefused() {
        for (String mode : List.of("namespace", "Chroot")) {
            Options options = parse(line("--sandbox=" + mode));
            String message = assertThrows(IOException.class, options::confine).getMessage();
            assertTrue(message.startsWith("--sandbox=" + mode.toLowerCase() + ": "), message);
        }
    }
}
