package io.jvirtiofsd.backend;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.common.jimfs.Configuration;
import com.google.common.jimfs.Jimfs;
import io.jvirtiofsd.dax.GuardMode;
import io.jvirtiofsd.fake.FuseClient;
import io.jvirtiofsd.fuse.FeatureMode;
import io.jvirtiofsd.linux.FaultySyscalls;
import io.jvirtiofsd.linux.LinuxErrno;
import io.jvirtiofsd.linux.OpenDescriptors;
import io.jvirtiofsd.linux.Waiting;
import io.jvirtiofsd.passthrough.CacheOptions;
import io.jvirtiofsd.passthrough.CachePolicy;
import io.jvirtiofsd.passthrough.XattrOptions;
import io.jvirtiofsd.passthrough.rules.IdMap;
import io.jvirtiofsd.passthrough.rules.IdMaps;
import io.jvirtiofsd.vhost.FakeFrontend;
import java.io.IOException;
import java.nio.file.FileSystem;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What a program can rely on that serves a file system of its own. */
@Timeout(60)
@SuppressWarnings("try") // what is open need not be named
class BackEndTest {
    @TempDir Path folder;

    private FileSystem memory;
    private Path tree;
    private Path socket;

    @BeforeEach
    void makeTree() throws IOException {
        memory = Jimfs.newFileSystem(Configuration.unix());
        tree = memory.getPath("/work");
        Files.writeString(tree.resolve("hello"), "words");
        socket = folder.resolve("s");
    }

    @AfterEach
    void theFileSystemIsStillOpen() throws IOException {
        assertEquals("words", Files.readString(tree.resolve("hello")));
        memory.close();
    }

    private BackEnd open() throws IOException {
        return BackEnd.open(BackEndOptions.of(tree, socket));
    }

    /** A thread that serves; what is thrown there, or whether it was interrupted, is the result. */
    private static final class Serving {
        final CompletableFuture<Boolean> result = new CompletableFuture<>();
        final Thread thread;

        Serving(BackEnd backEnd) {
            thread =
                    new Thread(
                            () -> {
                                try {
                                    backEnd.serve();
                                    result.complete(Thread.currentThread().isInterrupted());
                                } catch (IOException | RuntimeException e) {
                                    result.completeExceptionally(e);
                                }
                            },
                            "caller");
            thread.start();
        }

        boolean wasInterrupted() throws Exception {
            return result.get(20, TimeUnit.SECONDS);
        }
    }

    private static List<String> threads(Predicate<String> names) {
        return Thread.getAllStackTraces().keySet().stream()
                .map(Thread::getName)
                .filter(names)
                .toList();
    }

    private static List<String> threadsOfBackEnds() {
        return threads(
                name ->
                        name.equals("vhost-control")
                                || name.startsWith("queue-")
                                || name.startsWith("worker-"));
    }

    private FakeFrontend connect() throws IOException {
        return FakeFrontend.started(socket, FakeFrontend.FEATURES);
    }

    private static void readHello(FakeFrontend frontend) {
        FuseClient fuse = new FuseClient(frontend, 1);
        fuse.init(0);
        long node = fuse.lookup(FuseClient.ROOT, "hello").nodeId();
        assertArrayEquals("words".getBytes(), fuse.read(node, fuse.open(node, 0), 0, 99));
    }

    @Test
    void serveReturnsWhenTheFrontEndHasLeft() throws Exception {
        try (BackEnd backEnd = open()) {
            Serving serving = new Serving(backEnd);
            try (FakeFrontend frontend = connect()) {
                readHello(frontend);
                assertEquals("caller", serving.thread.getName());
            }
            assertFalse(serving.wasInterrupted());
            assertEquals(List.of(), threadsOfBackEnds());
            assertTrue(Files.exists(socket));
        }
        assertFalse(Files.exists(socket));
    }

    @Test
    void endBeforeServeMakesItReturnAtOnce() throws Exception {
        try (BackEnd backEnd = open()) {
            backEnd.end();
            assertFalse(Files.exists(socket));
            assertFalse(Files.exists(folder.resolve("s.pid")));
            backEnd.end();
            backEnd.serve();
        }
    }

    @Test
    void endWhileItWaitsForAFrontEndMakesServeReturn() throws Exception {
        try (BackEnd backEnd = open()) {
            Serving serving = new Serving(backEnd);
            backEnd.end();
            backEnd.end();
            assertFalse(serving.wasInterrupted());
            assertFalse(Files.exists(socket));
        }
    }

    @Test
    void endInASessionMakesServeReturn() throws Exception {
        try (BackEnd backEnd = open()) {
            Serving serving = new Serving(backEnd);
            try (FakeFrontend frontend = connect()) {
                readHello(frontend);
                backEnd.end();
                assertFalse(serving.wasInterrupted());
                assertTrue(frontend.isClosedByPeer());
            }
        }
    }

    @Test
    void anInterruptionOfTheCallerIsAnEnd() throws Exception {
        try (BackEnd backEnd = open()) {
            Serving serving = new Serving(backEnd);
            try (FakeFrontend frontend = connect()) {
                readHello(frontend);
                serving.thread.interrupt();
                assertTrue(serving.wasInterrupted());
                assertTrue(frontend.isClosedByPeer());
                assertEquals(List.of(), threadsOfBackEnds());
            }
        }
    }

    @Test
    void anInterruptionFromBeforeServeIsAnEnd() throws Exception {
        try (BackEnd backEnd = open()) {
            Thread.currentThread().interrupt();
            backEnd.serve();
            assertTrue(Thread.interrupted());
        }
    }

    @Test
    void itServesOnce() throws Exception {
        try (BackEnd backEnd = open()) {
            Serving serving = new Serving(backEnd);
            try (FakeFrontend frontend = connect()) {
                assertThrows(IllegalStateException.class, backEnd::serve);
                readHello(frontend);
            }
            serving.wasInterrupted();
            assertThrows(IllegalStateException.class, backEnd::serve);
        }
    }

    @Test
    void closeEndsASessionAndWaitsForItsThreads() throws Exception {
        BackEnd backEnd = open();
        Serving serving = new Serving(backEnd);
        try (FakeFrontend frontend = connect()) {
            readHello(frontend);
            backEnd.close();
            assertEquals(List.of(), threadsOfBackEnds());
            assertTrue(frontend.isClosedByPeer());
            assertFalse(serving.wasInterrupted());
        }
        backEnd.close();
        backEnd.end();
        assertThrows(IllegalStateException.class, backEnd::serve);
    }

    @Test
    void anInterruptedCloseClosesAllTheSame() throws Exception {
        BackEnd backEnd = open();
        Serving serving = new Serving(backEnd);
        try (FakeFrontend frontend = connect()) {
            readHello(frontend);
            Thread.currentThread().interrupt();
            backEnd.close();
            assertTrue(Thread.interrupted());
            assertEquals(List.of(), threadsOfBackEnds());
            serving.wasInterrupted();
        }
    }

    @Test
    void itsOwnThreadCannotCloseIt() throws Exception {
        CompletableFuture<BackEnd> opened = new CompletableFuture<>();
        CompletableFuture<Void> closed = new CompletableFuture<>();
        BackEndOptions options =
                BackEndOptions.builder(tree)
                        .socketPath(socket)
                        .trace(
                                line -> {
                                    if (line.startsWith("vhost ") && !closed.isDone()) {
                                        try {
                                            opened.join().close();
                                            closed.complete(null);
                                        } catch (IllegalStateException e) {
                                            closed.completeExceptionally(e);
                                        }
                                    }
                                })
                        .build();
        try (BackEnd backEnd = BackEnd.open(options)) {
            opened.complete(backEnd);
            Serving serving = new Serving(backEnd);
            try (FakeFrontend frontend = connect()) {
                readHello(frontend);
            }
            assertFalse(serving.wasInterrupted());
        }
        assertTrue(closed.isCompletedExceptionally());
    }

    @Test
    void serveThrowsWhenNoConnectionCanBeAccepted() throws Exception {
        FaultySyscalls faulty = new FaultySyscalls();
        faulty.fail("accept4", 0, 1, LinuxErrno.EMFILE);
        try (BackEnd backEnd = BackEnd.open(faulty.calls(), BackEndOptions.of(tree, socket))) {
            Serving serving = new Serving(backEnd);
            try (FakeFrontend frontend = new FakeFrontend(socket)) {
                Exception failure = assertThrows(Exception.class, serving::wasInterrupted);
                assertTrue(failure.getCause() instanceof IOException, failure::toString);
                assertNull(failure.getCause().getCause());
            }
        }
        assertFalse(Files.exists(socket));
    }

    /** Another's descriptor could have the number by the time it is accepted from. */
    @Test
    void endLeavesTheSocketOpenUntilNobodyCanAcceptFromIt() throws Exception {
        FaultySyscalls faulty = new FaultySyscalls();
        faulty.hold("accept4");
        try (BackEnd backEnd = BackEnd.open(faulty.calls(), BackEndOptions.of(tree, socket))) {
            Serving serving = new Serving(backEnd);
            try (FakeFrontend frontend = new FakeFrontend(socket)) {
                assertTrue(Waiting.until(() -> faulty.isHeld("vhost-control")));
                int before = OpenDescriptors.count();
                backEnd.end();
                assertEquals(before - 1, OpenDescriptors.count()); // the pid file's
                faulty.releaseAll("accept4");
                assertFalse(serving.wasInterrupted());
                assertTrue(frontend.isClosedByPeer());
            }
        }
    }

    @Test
    void twoServeInOneProcess() throws Exception {
        Path other = Files.createDirectory(folder.resolve("other"));
        Files.writeString(other.resolve("hello"), "words");
        Path otherSocket = folder.resolve("t");
        try (BackEnd one = open();
                BackEnd two = BackEnd.open(BackEndOptions.of(other, otherSocket))) {
            Serving first = new Serving(one);
            Serving second = new Serving(two);
            try (FakeFrontend left = connect();
                    FakeFrontend right = FakeFrontend.started(otherSocket, FakeFrontend.FEATURES)) {
                readHello(left);
                readHello(right);
                one.end();
                assertFalse(first.wasInterrupted());
                assertFalse(second.result.isDone());
            }
            assertFalse(second.wasInterrupted());
        }
    }

    @Test
    void aShareThatIsNoneIsOneSentence() {
        for (Path none :
                new Path[] {tree.resolve("hello"), tree.resolve("none"), folder.resolve("n")}) {
            IOException refused =
                    assertThrows(
                            IOException.class,
                            () -> BackEnd.open(BackEndOptions.of(none, socket)).close());
            assertTrue(refused.getMessage().startsWith("cannot share "), refused.getMessage());
            assertFalse(refused.getMessage().contains("\n"));
            assertFalse(Files.exists(socket));
        }
    }

    static Stream<UnaryOperator<BackEndOptions.Builder>> contradictions() {
        IdMap shifted = IdMap.parse(List.of("map:0:100000:1000"));
        return Stream.of(
                all -> all.socketPath(null),
                all -> all.fd(3),
                all -> all.socketPath(null).fd(3).socketGroup("users"),
                all -> all.tag("ä".repeat(19)),
                all -> all.threadPoolSize(-2),
                all -> all.threadPoolSize(BackEndOptions.MOST_POOL_THREADS + 1),
                all -> all.pollMicros(-2),
                all -> all.pollMicros(BackEndOptions.MOST_POLL_MICROS + 1),
                all -> all.maxInodes(0),
                all -> all.maxDescriptors(-1),
                all -> all.cache(CacheOptions.of(CachePolicy.AUTO).withNegativeNanos(-1)),
                all -> all.dax(new DaxOptions(1 << 20, 0, GuardMode.OFF)),
                all -> all.dax(new DaxOptions(-2 << 20, 0, GuardMode.OFF)),
                all -> all.dax(new DaxOptions(2 << 20, -1, GuardMode.OFF)),
                all ->
                        all.ids(new IdMaps(shifted, IdMap.identity()))
                                .xattrs(XattrOptions.on().withPosixAcl(FeatureMode.AUTO)));
    }

    @ParameterizedTest
    @MethodSource("contradictions")
    void whatContradictsIsRefused(UnaryOperator<BackEndOptions.Builder> wrong) {
        BackEndOptions.Builder builder = BackEndOptions.builder(folder).socketPath(socket);
        builder.build();
        assertThrows(IllegalArgumentException.class, () -> wrong.apply(builder).build());
    }

    @Test
    void anotherProvidersUsersAreNotTranslatedAndItsPathIsNoSocket() {
        IdMaps ids = new IdMaps(IdMap.parse(List.of("map:0:100000:1000")), IdMap.identity());
        BackEndOptions.Builder builder = BackEndOptions.builder(tree).socketPath(socket).ids(ids);
        assertThrows(IllegalArgumentException.class, builder::build);
        assertThrows(
                IllegalArgumentException.class, () -> BackEndOptions.of(folder, tree.resolve("s")));
        assertThrows(NullPointerException.class, () -> BackEndOptions.builder(null));
        BackEndOptions.Builder nothing =
                BackEndOptions.builder(folder).socketPath(socket).tag(null);
        assertThrows(NullPointerException.class, nothing::build);
    }
}
