package io.jvirtiofsd.guest;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * {@code jvirtiofsd demo}: shares a directory, boots a guest that lists, reads and writes it, and
 * tells in a few lines what happened.
 */
public final class Demo {
    private static final int OK = 0;
    private static final int FAILED = 1;
    private static final int USAGE = 2;
    private static final int LISTED = 6;
    private static final long MOST_READ = 64 << 20;
    private static final String ANSWER = "written-by-the-guest.txt";
    private static final Duration GUEST_WORK = Duration.ofMinutes(2);

    private final Path work;
    private final Path share;
    private final boolean shell;

    private Demo(Path work, Path share, boolean shell) {
        this.work = work;
        this.share = share;
        this.shell = shell;
    }

    public static void main(String[] args) throws Exception {
        if (args.length > 0 && args[0].equals("--dax")) {
            DaxDemo.main(Arrays.copyOfRange(args, 1, args.length));
            return;
        }
        boolean shell = false;
        Path given = null;
        for (String arg : args) {
            if (arg.equals("--shell")) {
                shell = true;
            } else if (arg.startsWith("-") || given != null) {
                System.err.println(
                        "jvirtiofsd: usage: jvirtiofsd demo [--shell] [DIR] | --dax [FILE]");
                System.exit(USAGE);
            } else {
                given = Path.of(arg).toAbsolutePath();
            }
        }
        if (given != null && !Files.isDirectory(given)) {
            System.err.println("jvirtiofsd: cannot share " + given + ": not a directory");
            System.exit(FAILED);
        }
        System.exit(run(given, shell) ? OK : FAILED);
    }

    private static boolean run(Path given, boolean shell) throws IOException {
        Path work = Processes.temporaryFolder();
        try {
            Path share = given != null ? given : sample(work.resolve("share"));
            return new Demo(work, share, shell).run();
        } catch (IllegalStateException e) {
            System.err.println("jvirtiofsd: the demo failed: " + e.getMessage());
            return false;
        }
    }

    private static Path sample(Path share) throws IOException {
        Files.createDirectories(share.resolve("docs"));
        Files.writeString(share.resolve("hello.txt"), "Hello from the host.\n");
        Files.writeString(share.resolve("docs/notes.txt"), "A file in a folder.\n");
        byte[] pattern = new byte[3 << 20];
        for (int i = 0; i < pattern.length; i++) {
            pattern[i] = (byte) (i * 31 >>> 7);
        }
        Files.write(share.resolve("data.bin"), pattern);
        return share;
    }

    private boolean run() throws IOException {
        say("host   shares " + share);
        GuestKit kit = GuestKit.get();
        try (Daemon daemon = Daemon.start(share, work.resolve("socket"))) {
            say("host   jvirtiofsd runs as process " + daemon.pid());
            GuestBuilder machine =
                    new GuestBuilder(kit, work).fsDevice(daemon.socket(), "share", 2, 256);
            if (shell) {
                return shell(machine);
            }
            long start = System.nanoTime();
            try (Guest guest = machine.boot()) {
                long millis = (System.nanoTime() - start) / 1_000_000;
                say("guest  booted Linux " + guest.check("uname -r") + " in " + millis + " ms");
                guest.check("mount -t virtiofs share /mnt");
                return work(guest);
            }
        }
    }

    private boolean work(Guest guest) throws IOException {
        List<String> names = guest.check("ls -A /mnt").lines().toList();
        String more = names.size() > LISTED ? ", ... (" + names.size() + " names)" : "";
        say("guest  lists " + String.join(", ", names.stream().limit(LISTED).toList()) + more);

        boolean same = true;
        Optional<Path> file = largestFile();
        if (file.isPresent()) {
            String name = share.relativize(file.get()).toString();
            String inGuest =
                    guest.check("cd /mnt && sha256sum -- " + quote(name), GUEST_WORK).split(" ")[0];
            String onHost = sha256(file.get());
            same = inGuest.equals(onHost);
            say("guest  sha256 of " + name + ": " + inGuest);
            say("host   sha256 of " + name + ": " + onHost + (same ? "  (equal)" : "  DIFFERS"));
        }
        guest.check("echo \"Hello from Linux $(uname -r).\" >/mnt/" + ANSWER);
        String answer = Files.readString(share.resolve(ANSWER)).strip();
        say("host   reads " + ANSWER + ": " + answer);
        boolean written = answer.startsWith("Hello from Linux");
        guest.check("umount /mnt");
        say(same && written ? "done   all as it should be" : "FAILED");
        return same && written;
    }

    /** Leaves the user at the guest's console. */
    private boolean shell(GuestBuilder machine) throws IOException {
        say("guest  boots; in it: mount -t virtiofs share /mnt; leave with: exit");
        List<String> command =
                machine.shell().command(work.resolve("agent"), work.resolve("console"));
        try (var listener =
                java.nio.channels.ServerSocketChannel.open(java.net.StandardProtocolFamily.UNIX)) {
            listener.bind(java.net.UnixDomainSocketAddress.of(work.resolve("agent")));
            return new ProcessBuilder(command).inheritIO().start().waitFor() == 0;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    /** The largest file that can be read in a moment. */
    private Optional<Path> largestFile() throws IOException {
        List<Path> files = new ArrayList<>();
        try (Stream<Path> all = Files.walk(share, 3)) {
            all.filter(f -> Files.isRegularFile(f) && f.toFile().length() <= MOST_READ)
                    .forEach(files::add);
        }
        return files.stream().max(Comparator.comparingLong(f -> f.toFile().length()));
    }

    static String quote(String name) {
        return "'" + name.replace("'", "'\\''") + "'";
    }

    static String sha256(Path file) throws IOException {
        try (DigestInputStream in =
                new DigestInputStream(
                        Files.newInputStream(file), MessageDigest.getInstance("SHA-256"))) {
            in.transferTo(java.io.OutputStream.nullOutputStream());
            return HexFormat.of().formatHex(in.getMessageDigest().digest());
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }

    static void say(String line) {
        System.out.println(line);
    }
}
