package io.jvirtiofsd.fake;

import io.jvirtiofsd.backend.BackEnd;
import io.jvirtiofsd.backend.BackEndOptions;
import io.jvirtiofsd.linux.Syscalls;
import io.jvirtiofsd.vhost.FakeFrontend;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;

/** Our daemon on a thread of the test's own process, serving one front-end after another. */
public final class InProcess implements AutoCloseable {
    private static final long END_MILLIS = TimeUnit.SECONDS.toMillis(10);

    private final BackEnd backEnd;
    private final Thread thread;
    private final Path socket;

    /** Shares {@code directory} on a socket in {@code folder}. */
    public InProcess(Path directory, Path folder, UnaryOperator<BackEndOptions.Builder> settings)
            throws IOException {
        this(
                Syscalls.load(),
                directory,
                folder,
                options -> settings.apply(options.pollMicros(BackEndOptions.AUTO_POLL)));
    }

    /**
     * Shares {@code directory} on a socket in {@code folder}, with system calls that may fail: none
     * is made but for requests and messages.
     */
    public InProcess(
            Syscalls syscalls,
            Path directory,
            Path folder,
            UnaryOperator<BackEndOptions.Builder> settings)
            throws IOException {
        if (!Files.isDirectory(directory)) { // it may be read-only
            Files.createDirectories(directory);
        }
        socket = folder.resolve("s");
        BackEndOptions.Builder options =
                BackEndOptions.builder(directory)
                        .socketPath(socket)
                        .keepListening(true)
                        .pollMicros(0);
        backEnd = BackEnd.open(syscalls, settings.apply(options).build());
        thread =
                new Thread(
                        () -> {
                            try {
                                backEnd.serve();
                            } catch (IOException e) {
                                throw new IllegalStateException(e);
                            }
                        });
        thread.start();
    }

    /** The socket that the daemon listens on. */
    public Path socket() {
        return socket;
    }

    public FakeFrontend connect() throws IOException {
        return new FakeFrontend(socket);
    }

    @Override
    public void close() throws IOException {
        backEnd.end();
        try {
            thread.join(END_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        if (thread.isAlive()) {
            throw new IllegalStateException("the back-end does not end");
        }
        backEnd.close();
    }
}
