package io.jvirtiofsd.guest;

import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/**
 * A running guest: a QEMU process and the agent inside it, which runs scripts for the host. Owned
 * by the test; closing it ends the process.
 *
 * <p>The agent's protocol is described in {@code guest-kit/agent}. <i>Thread-safe</i>: scripts may
 * run at the same time.
 */
public final class Guest implements AutoCloseable {
    private static final Duration BOOT = Duration.ofSeconds(120);
    private static final Duration END = Duration.ofSeconds(20);
    private static final Duration SCRIPT = Duration.ofSeconds(120);
    private static final int TAIL_LINES = 25;

    private final Process process;
    private final Path console;
    private final Path log;
    private final SocketChannel channel;
    private final Semaphore ready = new Semaphore(0);
    private final AtomicInteger lastId = new AtomicInteger();
    private final Map<Integer, Running> running = new ConcurrentHashMap<>();

    private static final class Running {
        final ByteArrayOutputStream output = new ByteArrayOutputStream();
        final CompletableFuture<ExecResult> result = new CompletableFuture<>();
    }

    private Guest(Process process, Path console, Path log, SocketChannel channel) {
        this.process = process;
        this.console = console;
        this.log = log;
        this.channel = channel;
        Thread reader = new Thread(this::readAnswers, "guest-agent");
        reader.setDaemon(true);
        reader.start();
    }

    /** Starts QEMU as {@code builder} says; {@code awaitAgent} waits for the guest's agent. */
    static Guest start(GuestBuilder builder, Consumer<Guest> awaitAgent) {
        Path agent = builder.folder().resolve("agent");
        Path console = builder.folder().resolve("console");
        Path log = builder.folder().resolve("qemu.log");
        try (ServerSocketChannel listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            Files.deleteIfExists(agent); // of an earlier guest in the same folder
            listener.bind(UnixDomainSocketAddress.of(agent));
            listener.configureBlocking(false);
            Process process = Processes.start(builder.command(agent, console), log);
            SocketChannel[] accepted = new SocketChannel[1];
            Processes.await(
                    BOOT,
                    () -> {
                        try {
                            accepted[0] = listener.accept();
                        } catch (IOException e) {
                            throw new UncheckedIOException(e);
                        }
                        return accepted[0] != null || !process.isAlive();
                    });
            if (accepted[0] == null) {
                String state = process.isAlive() ? "does not connect" : "ended";
                process.destroyForcibly();
                throw new IllegalStateException(
                        "QEMU " + state + ": " + Processes.tail(log, TAIL_LINES));
            }
            Guest guest = new Guest(process, console, log, accepted[0]);
            try {
                awaitAgent.accept(guest);
            } catch (IllegalStateException e) {
                guest.kill();
                throw e;
            }
            return guest;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Waits until the agent has started once more, as after {@code reboot -f} in the guest. */
    public void awaitBoot() {
        try {
            if (!ready.tryAcquire(BOOT.toMillis(), TimeUnit.MILLISECONDS)) {
                throw failure("the guest did not boot within " + BOOT);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw failure("interrupted");
        }
        if (!process.isAlive()) {
            throw failure("QEMU ended");
        }
    }

    /** Runs a bash script in the guest and waits for its end, at most 2 minutes. */
    public ExecResult run(String script) {
        return run(script, SCRIPT);
    }

    /** Runs a bash script in the guest and waits for its end. */
    public ExecResult run(String script, Duration limit) {
        CompletableFuture<ExecResult> result = start(script);
        try {
            return result.get(limit.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            throw failure("script did not end within " + limit + ": " + firstLines(script));
        } catch (ExecutionException e) {
            throw failure("the guest ended during script: " + firstLines(script));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw failure("interrupted");
        }
    }

    /** Starts a bash script in the guest; the result comes when it ends. */
    public CompletableFuture<ExecResult> start(String script) {
        int id = lastId.incrementAndGet();
        Running entry = new Running();
        running.put(id, entry);
        String encoded =
                Base64.getEncoder().encodeToString(script.getBytes(StandardCharsets.UTF_8));
        ByteBuffer line = StandardCharsets.US_ASCII.encode(id + " " + encoded + "\n");
        synchronized (channel) {
            try {
                while (line.hasRemaining()) {
                    channel.write(line);
                }
            } catch (IOException e) {
                throw failure("the guest is gone: " + e.getMessage());
            }
        }
        return entry.result;
    }

    /** Runs a script that must succeed; returns its output. */
    public String check(String script) {
        return check(script, SCRIPT);
    }

    /** Runs a script that must succeed; returns its output. */
    public String check(String script, Duration limit) {
        ExecResult result = run(script, limit);
        if (result.exitCode() != 0) {
            throw failure(
                    "exit code %d, output:\n%s\n--- script\n%s"
                            .formatted(result.exitCode(), result.text(), firstLines(script)));
        }
        return result.text();
    }

    private static String firstLines(String script) {
        return script.lines().limit(3).collect(java.util.stream.Collectors.joining("\n"));
    }

    /** Sets the nice value of the threads that are the guest's processors. */
    public void niceProcessors(int nice) {
        String script =
                "for task in /proc/%d/task/*; do grep -q ^CPU $task/comm && renice -n %d ${task##*/}; done"
                        .formatted(process.pid(), nice);
        ExecResult result = Processes.run(END, List.of("bash", "-c", script + "; true"));
        if (result.exitCode() != 0) {
            throw failure(result.text());
        }
    }

    /** What the guest's kernel and init printed. */
    public String console() {
        return Processes.tail(console, Integer.MAX_VALUE);
    }

    /** Ends QEMU at once, as a crash would. */
    public void kill() {
        process.destroyForcibly();
        Processes.awaitEnd(process, END);
        closeChannel();
    }

    /** Powers the guest off; ends QEMU at once if that takes too long. */
    @Override
    public void close() {
        if (process.isAlive()) {
            try {
                start("sync; poweroff -f");
            } catch (IllegalStateException e) {
                process.destroyForcibly();
            }
        }
        if (!Processes.awaitEnd(process, END)) {
            kill();
        }
        closeChannel();
    }

    private void closeChannel() {
        try {
            channel.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private IllegalStateException failure(String message) {
        return new IllegalStateException(
                message
                        + "\n--- console\n"
                        + Processes.tail(console, TAIL_LINES)
                        + "\n--- qemu, "
                        + (process.isAlive() ? "alive" : "exit code " + process.exitValue())
                        + "\n"
                        + Processes.tail(log, TAIL_LINES));
    }

    /** Thread guest-agent: sorts the agent's answers to the scripts they belong to. */
    private void readAnswers() {
        try (BufferedReader lines =
                new BufferedReader(
                        new InputStreamReader(
                                Channels.newInputStream(channel), StandardCharsets.US_ASCII))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                if (line.equals("READY")) {
                    abandon();
                    ready.release();
                } else {
                    try {
                        answer(line.split(" ", 3));
                    } catch (IllegalArgumentException e) {
                        // A reset of the guest has cut the line; READY follows, ends the script.
                    }
                }
            }
        } catch (IOException e) {
            // The socket went with QEMU or with close(); what still runs is told below.
        }
        abandon();
        ready.release();
    }

    private void answer(String[] words) {
        Running entry = words.length == 3 ? running.get(Integer.valueOf(words[0])) : null;
        if (entry == null) {
            return;
        }
        if (words[1].equals("o")) {
            entry.output.writeBytes(Base64.getDecoder().decode(words[2]));
        } else {
            running.remove(Integer.valueOf(words[0]));
            entry.result.complete(
                    new ExecResult(Integer.parseInt(words[2]), entry.output.toByteArray()));
        }
    }

    private void abandon() {
        running.forEach(
                (id, entry) ->
                        entry.result.completeExceptionally(
                                new IllegalStateException("the guest ended or rebooted")));
        running.clear();
    }
}
