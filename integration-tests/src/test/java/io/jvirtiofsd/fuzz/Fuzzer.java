package io.jvirtiofsd.fuzz;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.code_intelligence.jazzer.Jazzer;
import com.code_intelligence.jazzer.sanitizers.Constants;
import java.io.File;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Feeds a target, which is a public class with a method {@code fuzzerTestOneInput(byte[])} that
 * throws for what must not be, and may have a {@code fuzzerTearDown()} for what it keeps: first its
 * seeds, then for some seconds what Jazzer makes of them, led by the branches of the product's code
 * that an input reaches.
 *
 * <p>Jazzer runs in a JVM of its own, as it follows one target in each. What it finds interesting
 * stays in {@code target/fuzz/NAME/corpus} and is where the next run begins; an input that fails
 * stays beside it, and becomes a seed.
 */
public final class Fuzzer {
    private static final long SECONDS = Long.getLong("jvirtiofsd.fuzz.seconds", 4);
    private static final long START_SECONDS = 300;

    /** From here on it pays to compile well. */
    private static final long WARM_SECONDS = 30;

    /** Fewer branches were not of ours: nothing is followed. */
    private static final int LEAST_COVERAGE = 50;

    private static final Pattern STATUS = Pattern.compile("(?m)^#\\d+\\s+DONE\\s+cov: (\\d+) .*$");

    private final Class<?> target;
    private final Seeds seeds;
    private final Path folder;

    private Fuzzer(Class<?> target, Seeds seeds) {
        this.target = target;
        this.seeds = seeds;
        folder = Path.of("target", "fuzz", target.getSimpleName()).toAbsolutePath();
    }

    /** Throws if any input makes {@code target} throw; it begins with {@code seeds}. */
    public static void run(Class<?> target, String seeds) throws Exception {
        Fuzzer fuzzer = new Fuzzer(target, Seeds.in(seeds));
        Path binary = fuzzer.replaySeeds();
        if (SECONDS > 0) {
            fuzzer.explore(binary);
        }
    }

    /** Runs each seed here, where a debugger is; returns the folder that has them for Jazzer. */
    private Path replaySeeds() throws Exception {
        Path binary = Files.createDirectories(folder.resolve("seeds"));
        Method entry = target.getMethod("fuzzerTestOneInput", byte[].class);
        for (Map.Entry<String, byte[]> seed : seeds.inputs().entrySet()) {
            try {
                entry.invoke(null, (Object) seed.getValue());
            } catch (InvocationTargetException e) {
                throw new AssertionError("seed " + seed.getKey(), e.getCause());
            }
            Files.write(binary.resolve(seed.getKey()), seed.getValue());
        }
        for (Method method : target.getMethods()) {
            if (method.getName().equals("fuzzerTearDown")) {
                method.invoke(null);
            }
        }
        return binary;
    }

    private void explore(Path binary) throws Exception {
        Path corpus = Files.createDirectories(folder.resolve("corpus"));
        File log = folder.resolve("log.txt").toFile();
        List<String> command = new ArrayList<>(jvm());
        command.addAll(
                List.of(
                        Jazzer.class.getName(),
                        "--target_class=" + target.getName(),
                        "--instrumentation_includes=io.jvirtiofsd.**",
                        // They look for faults of web services.
                        "--disabled_hooks=" + String.join(":", Constants.SANITIZER_HOOK_NAMES),
                        "--reproducer_path=" + folder,
                        "-artifact_prefix=" + folder + "/",
                        "-max_total_time=" + SECONDS,
                        "-timeout=60",
                        "-handle_xfsz=0",
                        "-rss_limit_mb=4096"));
        Path words = seeds.dictionary();
        if (words != null) {
            command.add("-dict=" + words);
        }
        command.addAll(List.of(corpus.toString(), binary.toString()));
        Process process =
                new ProcessBuilder(command)
                        .directory(folder.toFile())
                        .redirectErrorStream(true)
                        .redirectOutput(Redirect.to(log))
                        .start();
        try {
            assertTrue(process.waitFor(SECONDS + START_SECONDS, TimeUnit.SECONDS), "no end");
        } finally {
            process.destroyForcibly();
        }
        String said = Files.readString(log.toPath(), StandardCharsets.ISO_8859_1);
        assertEquals(0, process.exitValue(), () -> end(said));
        Matcher status = STATUS.matcher(said);
        assertTrue(status.find(), () -> end(said));
        assertTrue(Integer.parseInt(status.group(1)) >= LEAST_COVERAGE, status::group);
        System.out.println(target.getSimpleName() + ": " + status.group());
    }

    /** The JVM that runs this, for one core and with little memory. */
    private static List<String> jvm() throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        if (Runtime.version().feature() > 17) {
            command.add("--enable-native-access=ALL-UNNAMED");
            command.add("-XX:+EnableDynamicAgentLoading");
        }
        if (SECONDS < WARM_SECONDS) {
            command.add("-XX:TieredStopAtLevel=1"); // Jazzer starts in half of the time
        }
        command.addAll(
                List.of(
                        "-ea",
                        "-Xmx1g",
                        "-XX:ActiveProcessorCount=1",
                        "-XX:-OmitStackTraceInFastThrow",
                        "-Dorg.slf4j.simpleLogger.defaultLogLevel=error",
                        "-cp",
                        System.getProperty("java.class.path")));
        return command;
    }

    private static String end(String said) {
        return said.substring(Math.max(0, said.length() - 6000));
    }
}
