package io.jvirtiofsd.guest;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * {@code jvirtiofsd demo --dax}: a guest reads the same file without DAX and with it, and what the
 * daemon saw of that.
 */
final class DaxDemo {
    private static final int FILE_BYTES = 64 << 20;
    private static final Duration GUEST_WORK = Duration.ofMinutes(5);
    private static final Pattern READS = Pattern.compile("session ends, .*?READ (\\d+)");

    private DaxDemo() {}

    public static void main(String[] args) throws IOException {
        Path work = Processes.temporaryFolder();
        boolean done = false;
        try {
            done = run(work, args.length == 0 ? sample(work) : Path.of(args[0]).toAbsolutePath());
        } catch (IllegalStateException e) {
            System.err.println("jvirtiofsd: the demo failed: " + e.getMessage());
        }
        System.exit(done ? 0 : 1);
    }

    private static Path sample(Path work) throws IOException {
        Path file = Files.createDirectory(work.resolve("share")).resolve("data.bin");
        byte[] block = new byte[1 << 20];
        Random random = new Random(1);
        try (OutputStream out = Files.newOutputStream(file)) {
            for (int written = 0; written < FILE_BYTES; written += block.length) {
                random.nextBytes(block);
                out.write(block);
            }
            out.write(block, 0, 1234); // a last page that is not whole
        }
        return file;
    }

    private static boolean run(Path work, Path file) throws IOException {
        if (!Files.isRegularFile(file)) {
            throw new IllegalStateException(file + " is not a file (give the one to be read)");
        }
        Demo.say("host   shares " + file.getParent());
        Path socket = work.resolve("socket");
        try (Daemon daemon = Daemon.start(file.getParent(), socket, "--tag=share", "--dax=always");
                Guest guest =
                        new GuestBuilder(GuestKit.get(), work).genericDevice(socket, 2).boot()) {
            Demo.say("guest  booted Linux " + guest.check("uname -r"));
            String name = Demo.quote(file.getFileName().toString());
            String sum = Demo.sha256(file);
            boolean same = sum.equals(read(daemon, guest, "dax=never", name));
            same &= sum.equals(read(daemon, guest, "dax=always", name));
            daemon.log().lines().filter(l -> l.contains("DAX window")).forEach(DaxDemo::sayLog);
            Demo.say("host   sha256 " + sum + (same ? "  (equal in the guest)" : "  DIFFERS"));
            Demo.say(same ? "done   all as it should be" : "FAILED");
            return same;
        }
    }

    private static void sayLog(String line) {
        Demo.say("host   " + line.substring(line.indexOf("DAX window")));
    }

    /** Mounts, reads twice, unmounts; the sum that the guest computed. */
    private static String read(Daemon daemon, Guest guest, String option, String name) {
        guest.check("mount -t virtiofs -o " + option + " share /mnt");
        String time = "cd /mnt; s=$(date +%s%N); cat -- " + name + " >/dev/null; e=$(date +%s%N)";
        String millis = time + "; echo $(((e - s) / 1000000))";
        String first = guest.check(millis, GUEST_WORK);
        String again = guest.check(millis, GUEST_WORK);
        String sum = guest.check("cd /mnt; sha256sum -- " + name, GUEST_WORK).split(" ")[0];
        int sessions = ends(daemon).size();
        guest.check("umount /mnt");
        Processes.await(Duration.ofSeconds(10), () -> ends(daemon).size() > sessions);
        List<String> ends = ends(daemon);
        Matcher reads = READS.matcher(ends.get(ends.size() - 1));
        Demo.say(
                "guest  %-10s  first read %5s ms, again %5s ms; the daemon saw %s READ requests"
                        .formatted(option, first, again, reads.find() ? reads.group(1) : "0"));
        return sum;
    }

    private static List<String> ends(Daemon daemon) {
        return daemon.log().lines().filter(line -> line.contains("session ends,")).toList();
    }
}
