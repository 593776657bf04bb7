package io.jvirtiofsd.vhost;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.linux.Fcntl;
import io.jvirtiofsd.linux.Fd;
import io.jvirtiofsd.linux.LinuxException;
import io.jvirtiofsd.linux.Listener;
import io.jvirtiofsd.linux.OpenDescriptors;
import io.jvirtiofsd.linux.Reclaimer;
import io.jvirtiofsd.linux.Syscalls;
import io.jvirtiofsd.linux.Waiting;
import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A device's state on its way: vhost-user.rst, "Migrating back-end state". */
@Timeout(60)
class StateTransferTest {
    private static final Syscalls SYSCALLS = Syscalls.load();
    private static final int SET_DEVICE_STATE_FD = 42;
    private static final int CHECK_DEVICE_STATE = 43;
    private static final long BEGUN = 0x100; // and no descriptor of ours
    private static final long REFUSED = 0x101;
    private static final int SAVE = 0;
    private static final int LOAD = 1;
    private static final int PF_DEVICE_STATE = 1 << 19;
    private static final int PLAIN = 1; // flags: version 1
    private static final byte[] NONE = {};
    private static final byte ECHO = 7;
    private static final long AT_ONCE_NANOS = TimeUnit.SECONDS.toNanos(5); // half of the limit

    @TempDir Path folder;
    private final FakeState state = new FakeState();
    private final EchoDevice device = new EchoDevice().migratable(state);
    private final byte[] large = new byte[1 << 20];
    private int descriptors;
    private Path socket;
    private VhostUserServer server;
    private Thread control;
    private FakeFrontend frontend;
    private StatePipe pipe;
    private final AtomicReference<Throwable> uncaught = new AtomicReference<>();

    @BeforeEach
    void begin() throws Exception {
        new Random(1).nextBytes(large);
        Thread.setDefaultUncaughtExceptionHandler((thread, e) -> uncaught.set(e));
        descriptors = OpenDescriptors.count();
        socket = folder.resolve("s");
        server =
                new VhostUserServer(
                        SYSCALLS,
                        Listener.bind(SYSCALLS, socket, null, 1),
                        device,
                        new TransportOptions(0, TransportOptions.AUTO_POLL, false, null),
                        new Reclaimer());
        control = new Thread(this::serve, "vhost-control");
        control.start();
        pipe = new StatePipe(folder);
    }

    private void serve() {
        try {
            server.serve();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @AfterEach
    void end() throws Exception {
        frontend.close();
        server.end();
        assertEnds();
        server.close();
        pipe.close();
        OpenDescriptors.assertSettleAt(descriptors);
        Thread.setDefaultUncaughtExceptionHandler(null);
        assertNull(uncaught.get()); // would end the program
    }

    /** The session ends at once, and no thread of a transfer is left. */
    private void assertEnds() {
        long begin = System.nanoTime();
        assertTrue(Waiting.until(() -> !control.isAlive()), "the server does not end");
        assertTrue(System.nanoTime() - begin < AT_ONCE_NANOS, "the server waits for somebody");
        assertFalse(isTransferring());
    }

    private static boolean isTransferring() {
        Stream<Thread> threads = Thread.getAllStackTraces().keySet().stream();
        return threads.anyMatch(thread -> thread.getName().equals("migration"));
    }

    /** A front-end whose rings have run and are stopped; where they go on. */
    private int[] suspended() throws IOException {
        frontend = FakeFrontend.started(socket, FakeFrontend.FEATURES);
        assertServed();
        return frontend.stop();
    }

    /** A front-end that knows what it wants, and has not set up a ring. */
    private void fresh() throws IOException {
        frontend = new FakeFrontend(socket);
        byte[] features = FakeFrontend.u64(PF_DEVICE_STATE);
        frontend.send(FakeFrontend.SET_PROTOCOL_FEATURES, PLAIN, features);
    }

    private void assertServed() {
        assertEquals(1, frontend.queue(1).request(new byte[] {ECHO}, 1));
        assertEquals(ECHO, frontend.queue(1).answer(0, 1)[0]);
    }

    private long answer(int type) throws IOException {
        byte[] body = frontend.receive(type);
        assertEquals(8, body.length);
        return FakeFrontend.buffer(8).put(body).getLong(0);
    }

    private long begin(int direction, int phase, int... fds) throws IOException {
        byte[] payload = FakeFrontend.state(direction, phase);
        frontend.send(SET_DEVICE_STATE_FD, PLAIN, payload, fds);
        return answer(SET_DEVICE_STATE_FD);
    }

    private long check() throws IOException {
        frontend.send(CHECK_DEVICE_STATE, PLAIN, NONE);
        return answer(CHECK_DEVICE_STATE);
    }

    private void beginSave() throws IOException {
        assertEquals(BEGUN, begin(SAVE, 0, pipe.writing()));
        pipe.closeWriting();
    }

    private void beginLoad() throws IOException {
        assertEquals(BEGUN, begin(LOAD, 0, pipe.reading()));
        pipe.closeReading();
    }

    private byte[] saved() throws IOException {
        pipe.close();
        pipe = new StatePipe(folder);
        beginSave();
        byte[] bytes = pipe.read(Integer.MAX_VALUE);
        assertEquals(0, check());
        return bytes;
    }

    private void load(byte[] bytes) throws IOException {
        pipe.close();
        pipe = new StatePipe(folder);
        beginLoad();
        pipe.write(bytes);
        pipe.closeWriting();
    }

    /** A save that waits for somebody to read, and has written something. */
    private void hangInSave() throws IOException {
        state.put(large);
        beginSave();
        assertArrayEquals(Arrays.copyOf(large, 1), pipe.read(1));
    }

    /** A load that waits for more, and has read something. */
    private void hangInLoad() throws Exception {
        beginLoad();
        pipe.write(large[0]);
        assertTrue(state.begun.tryAcquire(20, TimeUnit.SECONDS));
    }

    private void hang(int direction) throws Exception {
        if (direction == SAVE) {
            hangInSave();
        } else {
            hangInLoad();
        }
    }

    @Test
    void aMebibyteIsSavedThroughAPipeAndTheDeviceGoesOn() throws Exception {
        int[] bases = suspended();
        state.put(large);
        assertArrayEquals(large, saved());
        assertEquals(0, check()); // as often as it is asked
        frontend.resume(bases);
        assertServed();
        assertEquals(0, device.resets.get());
    }

    /** As a destination does; and one that does not ask what is offered, as some front-ends. */
    @Test
    void aMebibyteIsLoadedBeforeThereIsARing() throws Exception {
        fresh();
        load(large);
        assertEquals(0, check());
        assertArrayEquals(large, state.bytes());
        assertEquals(0, device.resets.get());
    }

    @Test
    void whatWasLoadedIsSavedAgain() throws Exception {
        fresh();
        for (int bytes : new int[] {0, 1, 65_535, 65_536, 65_537, 1 << 20, 0}) {
            byte[] part = Arrays.copyOf(large, bytes);
            load(part);
            assertEquals(0, check());
            assertArrayEquals(part, saved());
        }
    }

    @Test
    void aFileAndASocketDoToo() throws Exception {
        fresh();
        state.put(large);
        Path file = Files.createFile(folder.resolve("state"));
        try (Fd fd = StatePipe.open(file, Fcntl.O_WRONLY)) {
            assertEquals(BEGUN, begin(SAVE, 0, fd.number()));
        }
        assertEquals(0, check());
        assertArrayEquals(large, Files.readAllBytes(file));
        try (Fd fd = StatePipe.open(file, Fcntl.O_RDONLY)) {
            state.put(NONE);
            assertEquals(BEGUN, begin(LOAD, 0, fd.number()));
        }
        assertEquals(0, check());
        assertArrayEquals(large, state.bytes());
        try (Connection connection = new Connection()) {
            assertEquals(BEGUN, begin(LOAD, 0, connection.number()));
            connection.send(large);
            connection.finish();
            assertEquals(0, check());
            assertArrayEquals(large, state.bytes());
            assertEquals(BEGUN, begin(SAVE, 0, connection.number()));
            assertArrayEquals(large, connection.receive(large.length).array());
            assertEquals(0, check());
        }
    }

    @Test
    void messagesAreAnsweredMeanwhile() throws Exception {
        suspended();
        hangInSave();
        for (int i = 0; i < 10; i++) {
            assertEquals(8, frontend.ask(FakeFrontend.GET_STATUS).length);
        }
        pipe.read(Integer.MAX_VALUE);
        assertEquals(0, check());
    }

    @ParameterizedTest
    @CsvSource({"2, 0", "-1, 0", "0, 1", "1, 1", "0, -1", "1, 2"})
    void otherDirectionsAndPhasesAreRefused(int direction, int phase) throws Exception {
        suspended();
        assertEquals(REFUSED, begin(direction, phase, pipe.writing()));
        assertEquals(REFUSED, check());
        assertArrayEquals(NONE, saved());
    }

    private enum Odd {
        NOTHING,
        DIRECTORY,
        DEVICE,
        EVENT,
        EPOLL,
        WRONG_END;

        Fd open(Path folder) throws IOException {
            return switch (this) {
                case DIRECTORY -> StatePipe.open(folder, Fcntl.O_DIRECTORY);
                case DEVICE -> StatePipe.open(Path.of("/dev/zero"), Fcntl.O_RDWR);
                case EVENT -> own(SYSCALLS.eventfd(0, 0));
                case EPOLL -> own(SYSCALLS.epollCreate1(0));
                default -> throw new IllegalStateException();
            };
        }

        private static Fd own(int fd) throws IOException {
            return Fd.own(SYSCALLS, LinuxException.check(fd, "descriptor"));
        }
    }

    @ParameterizedTest
    @EnumSource(Odd.class)
    void descriptorsThatNoStateGoesThroughAreRefused(Odd odd) throws Exception {
        suspended();
        for (int direction : new int[] {SAVE, LOAD}) {
            switch (odd) {
                case NOTHING -> assertEquals(REFUSED, begin(direction, 0));
                case WRONG_END -> {
                    int wrong = direction == SAVE ? pipe.reading() : pipe.writing();
                    assertEquals(REFUSED, begin(direction, 0, wrong));
                }
                default -> {
                    try (Fd fd = odd.open(folder)) {
                        assertEquals(REFUSED, begin(direction, 0, fd.number()));
                    }
                }
            }
            assertEquals(REFUSED, check());
        }
        assertArrayEquals(NONE, saved());
    }

    @ParameterizedTest
    @ValueSource(ints = {SAVE, LOAD})
    void whileARingRunsItIsRefused(int direction) throws Exception {
        frontend = FakeFrontend.started(socket, FakeFrontend.FEATURES);
        int end = direction == SAVE ? pipe.writing() : pipe.reading();
        assertEquals(REFUSED, begin(direction, 0, end));
        frontend.stopRing(frontend.queue(0));
        frontend.stopRing(frontend.queue(1));
        assertEquals(REFUSED, begin(direction, 0, end));
        assertEquals(REFUSED, check());
        frontend.stopRing(frontend.queue(2));
        assertEquals(BEGUN, begin(direction, 0, end));
        pipe.closeWriting();
        assertEquals(0, check());
    }

    @Test
    void withoutATransferThereIsNothingToCheck() throws Exception {
        suspended();
        assertEquals(REFUSED, check());
        assertEquals(0, device.resets.get());
    }

    static Stream<Throwable> failures() {
        return Stream.of(
                new IOException("no"),
                new IllegalStateException("no"),
                new OutOfMemoryError("no"),
                new StackOverflowError());
    }

    @ParameterizedTest
    @MethodSource("failures")
    void aSaveThatFailsLeavesTheDeviceAsItIs(Throwable failure) throws Exception {
        int[] bases = suspended();
        state.put(large);
        state.failWith(failure);
        beginSave();
        pipe.read(Integer.MAX_VALUE); // ends all the same
        assertEquals(1, check());
        frontend.resume(bases);
        assertServed();
        assertEquals(0, device.resets.get());
        frontend.stop();
        state.failWith(null);
        assertArrayEquals(large, saved());
    }

    @ParameterizedTest
    @MethodSource("failures")
    void aLoadThatFailsResetsTheDevice(Throwable failure) throws Exception {
        fresh();
        state.failWith(failure);
        load(large);
        assertEquals(1, check());
        assertEquals(1, device.resets.get());
        state.failWith(null);
        load(large);
        assertEquals(0, check());
        assertEquals(1, device.resets.get());
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 65_536, (1 << 20) - 1})
    void whatTheDeviceDoesNotReadIsTooMuch(int most) throws Exception {
        fresh();
        state.readNoMoreThan(most);
        load(large);
        assertEquals(1, check());
        assertEquals(1, device.resets.get());
        load(Arrays.copyOf(large, most));
        assertEquals(0, check());
    }

    @Test
    void aReaderThatIsGoneFailsTheSave() throws Exception {
        suspended();
        state.put(large);
        pipe.closeReading();
        beginSave();
        assertEquals(1, check());
        assertArrayEquals(large, saved());
    }

    @ParameterizedTest
    @ValueSource(ints = {SAVE, LOAD})
    void anotherTransferEndsTheFirst(int direction) throws Exception {
        suspended();
        hang(direction);
        try (StatePipe first = pipe) {
            pipe = new StatePipe(folder);
            state.put(large);
            assertArrayEquals(large, saved());
            if (direction == SAVE) {
                first.read(Integer.MAX_VALUE); // has come to its end
            }
        }
        assertEquals(direction == SAVE ? 0 : 1, device.resets.get());
    }

    /** A message that is refused changes nothing. */
    @Test
    void aTransferThatIsRefusedLeavesTheFirstAlone() throws Exception {
        suspended();
        hangInSave();
        assertEquals(REFUSED, begin(SAVE, 1, pipe.reading()));
        assertEquals(REFUSED, begin(SAVE, 0, pipe.reading()));
        assertEquals(large.length - 1, pipe.read(Integer.MAX_VALUE).length);
        assertEquals(0, check());
    }

    @ParameterizedTest
    @CsvSource({"0, 34", "1, 34", "0, 39", "1, 39"}) // RESET_DEVICE, SET_STATUS
    void aResetEndsTheTransfer(int direction, int type) throws Exception {
        suspended();
        hang(direction);
        frontend.acknowledged(type, type == FakeFrontend.RESET_DEVICE ? NONE : FakeFrontend.u64(0));
        assertNotEquals(0, device.resets.get());
        assertEquals(REFUSED, check());
        state.put(large);
        assertArrayEquals(large, saved());
    }

    /** The migration has failed elsewhere, and the guest goes on. */
    @Test
    void aRingThatStartsEndsASave() throws Exception {
        int[] bases = suspended();
        hangInSave();
        frontend.resume(bases);
        assertFalse(isTransferring());
        assertServed();
        assertEquals(1, check());
        assertEquals(0, device.resets.get());
        frontend.stop();
        assertArrayEquals(large, saved());
    }

    @Test
    void noRingStartsInTheMiddleOfALoad() throws Exception {
        int[] bases = suspended();
        hangInLoad();
        FakeDriver queue = frontend.queue(1);
        byte[] ring = FakeFrontend.u64(1);
        assertEquals(1, frontend.status(FakeFrontend.SET_VRING_KICK, ring, queue.kick().number()));
        pipe.write(large[1]);
        pipe.closeWriting();
        assertEquals(0, check());
        assertArrayEquals(Arrays.copyOf(large, 2), state.bytes());
        frontend.resume(bases);
        assertServed();
        assertEquals(0, device.resets.get());
    }

    /** Not only where the channel keeps it waiting: there is much to read, or all has been read. */
    @ParameterizedTest
    @ValueSource(longs = {0, 1L << 40})
    void aLoadThatIsBusyIsCancelled(long bytes) throws Exception {
        suspended();
        Path file = folder.resolve("busy");
        try (RandomAccessFile sparse = new RandomAccessFile(file.toFile(), "rw")) {
            sparse.setLength(bytes);
        }
        Semaphore busy = new Semaphore(0);
        EchoDevice reader =
                new EchoDevice()
                        .migratable(
                                new FakeState() {
                                    @Override
                                    public void load(InputStream in) throws IOException {
                                        in.read();
                                        busy.release();
                                        while (true) {
                                            in.read();
                                        }
                                    }
                                });
        Fd fd = StatePipe.open(file, Fcntl.O_RDONLY);
        try (StateTransfer transfer =
                StateTransfer.over(SYSCALLS, reader, StateTransfer.Direction.LOAD, fd)) {
            transfer.start();
            assertTrue(busy.tryAcquire(20, TimeUnit.SECONDS));
            transfer.cancel("enough");
            assertFalse(transfer.isRunning());
            assertEquals(1, reader.resets.get());
        }
    }

    /** Whoever asks how it went has said that its part is done. */
    @ParameterizedTest
    @EnumSource(StateTransfer.Direction.class)
    void whoAsksAndLeavesItsEndOpenIsNotWaitedForLong(StateTransfer.Direction direction)
            throws Exception {
        suspended();
        state.put(large);
        int end = direction == StateTransfer.Direction.SAVE ? pipe.writing() : pipe.reading();
        Fd fd = Fd.own(SYSCALLS, SYSCALLS.dup(end));
        try (StateTransfer transfer = StateTransfer.over(SYSCALLS, device, direction, fd);
                Connection connection = new Connection()) {
            transfer.start();
            assertFalse(transfer.await(connection.number(), 50));
            assertFalse(transfer.isRunning());
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {SAVE, LOAD})
    void aFrontEndThatGoesEndsTheTransfer(int direction) throws Exception {
        suspended();
        hang(direction);
        frontend.disconnect();
        assertEnds();
    }

    @ParameterizedTest
    @ValueSource(ints = {SAVE, LOAD})
    void theServersEndEndsTheTransfer(int direction) throws Exception {
        suspended();
        hang(direction);
        server.end();
        assertEnds();
    }

    private void hangInCheck(int direction) throws Exception {
        suspended();
        hang(direction);
        frontend.send(CHECK_DEVICE_STATE, PLAIN, NONE);
        assertTrue(Waiting.until(() -> isIn(control, StateTransfer.class)));
    }

    private static boolean isIn(Thread thread, Class<?> type) {
        return Stream.of(thread.getStackTrace())
                .anyMatch(frame -> frame.getClassName().equals(type.getName()));
    }

    @ParameterizedTest
    @ValueSource(ints = {SAVE, LOAD})
    void aFrontEndThatGoesWhileItAsksIsNotWaitedFor(int direction) throws Exception {
        hangInCheck(direction);
        frontend.disconnect();
        assertEnds();
    }

    @ParameterizedTest
    @ValueSource(ints = {SAVE, LOAD})
    void theServersEndDoesNotWaitForACheck(int direction) throws Exception {
        hangInCheck(direction);
        server.end();
        assertEnds();
    }

    @Test
    void checkWaitsForTheEnd() throws Exception {
        hangInCheck(LOAD);
        assertEquals(0, state.bytes().length);
        pipe.write(large[1], large[2]);
        pipe.closeWriting();
        assertEquals(0, answer(CHECK_DEVICE_STATE));
        assertArrayEquals(Arrays.copyOf(large, 3), state.bytes());
    }
}
