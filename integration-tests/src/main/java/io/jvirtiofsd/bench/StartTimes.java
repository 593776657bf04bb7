package io.jvirtiofsd.bench;

import io.jvirtiofsd.guest.GuestKit;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;

/**
 * From the start of a back-end's process until its socket is there: ours without and with its
 * sandbox, virtiofsd, and the build of another checkout, in turns. Prints milliseconds.
 */
public final class StartTimes {
    private static final int ROUNDS = 21;
    private static final long LOOK_NANOS = 200_000;
    private static final double MILLI = 1e6;

    private StartTimes() {}

    /** The other checkout, or nothing. */
    public static void main(String[] args) throws Exception {
        Path folder = Files.createTempDirectory("jvirtiofsd-start");
        Path share = Files.createDirectory(folder.resolve("share"));
        String launcher = GuestKit.home().resolve("jvirtiofsd").toString();
        Map<String, List<String>> sides = new LinkedHashMap<>();
        sides.put("ours, no sandbox", List.of(launcher, "--sandbox=none"));
        sides.put("ours", List.of(launcher));
        sides.put("ours, own processes", List.of(launcher, "--dax=never"));
        sides.put("virtiofsd", List.of(GuestKit.get().virtiofsd().toString(), "--sandbox=none"));
        if (args.length > 0) {
            sides.put("other", List.of(Path.of(args[0], "jvirtiofsd").toString()));
        }
        Map<String, double[]> millis = new LinkedHashMap<>();
        sides.keySet().forEach(side -> millis.put(side, new double[ROUNDS]));
        for (int round = -1; round < ROUNDS; round++) { // the first fills the page cache
            for (String side : sides.keySet()) {
                double taken = start(sides.get(side), share, folder.resolve("s"));
                if (round >= 0) {
                    millis.get(side)[round] = taken;
                }
            }
        }
        System.out.println("ms until the socket is there     median      min      max");
        millis.forEach(
                (side, all) -> {
                    Arrays.sort(all);
                    System.out.printf(
                            "%-28s %10.1f %8.1f %8.1f%n",
                            side, all[ROUNDS / 2], all[0], all[ROUNDS - 1]);
                });
    }

    private static double start(List<String> program, Path share, Path socket)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(program);
        command.addAll(List.of("--shared-dir=" + share, "--socket-path=" + socket));
        ProcessBuilder builder =
                new ProcessBuilder(command)
                        .redirectErrorStream(true)
                        .redirectOutput(socket.resolveSibling("log").toFile());
        long begin = System.nanoTime();
        Process process = builder.start();
        while (!Files.exists(socket)) {
            if (!process.isAlive()) {
                throw new IOException("ended: " + command);
            }
            LockSupport.parkNanos(LOOK_NANOS);
        }
        long end = System.nanoTime();
        process.destroy();
        process.waitFor();
        Files.deleteIfExists(socket); // virtiofsd leaves it
        return (end - begin) / MILLI;
    }
}
