package io.jvirtiofsd.fake;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.guest.Amount;
import io.jvirtiofsd.guest.Daemon;
import io.jvirtiofsd.vhost.FakeDriver;
import io.jvirtiofsd.vhost.FakeFrontend;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A daemon that is killed under load, again and again, and the next one on its socket, to which the
 * front-end hands all over. No request is lost, and none has two answers: each has a number of its
 * own, which its answer repeats, and makes a directory of a name that no other makes.
 */
class KilledDaemonIT {
    private static final int KILLS = Amount.of(30, 100);
    private static final int SLOTS = 32;
    private static final int LONGEST_LOAD_MILLIS = 40;
    private static final int LIMIT_SECONDS = 60;

    private static final int GETATTR = 3; // fuse.h
    private static final int MKDIR = 9; // fuse.h
    private static final int INIT = 26; // fuse.h
    private static final int ROOT = 1; // fuse.h
    private static final int HEADER = 40; // fuse.h, fuse_in_header
    private static final int ANSWER_BYTES = 256;
    private static final int EIO = 5;

    private final Random random = new Random(7);
    private final long[] uniques = new long[SLOTS];
    private final Set<Long> made = new HashSet<>();
    private FakeFrontend frontend;
    private FakeDriver queue;
    private long unique;
    private int answered;
    private int failed;

    private byte[] request(int opcode, long number, byte[] body) {
        return FakeFrontend.buffer(HEADER + body.length)
                .putInt(HEADER + body.length)
                .putInt(opcode)
                .putLong(number)
                .putLong(opcode == INIT ? 0 : ROOT)
                .position(HEADER)
                .put(body)
                .array();
    }

    private static String name(long number) {
        return "directory" + number;
    }

    private void submit(int slot, int opcode) {
        uniques[slot] = ++unique;
        byte[] body =
                switch (opcode) {
                    case INIT -> FakeFrontend.buffer(16).putInt(7).putInt(31).array();
                    case MKDIR -> {
                        byte[] name = (name(unique) + "\0").getBytes(StandardCharsets.US_ASCII);
                        yield FakeFrontend.buffer(8 + name.length)
                                .putInt(0755)
                                .putInt(0)
                                .put(name)
                                .array();
                    }
                    default -> new byte[16];
                };
        byte[] request = request(opcode, unique, body);
        queue.submit(slot, request, request.length, ANSWER_BYTES);
    }

    /** Takes one answer, which must be its request's; its errno. */
    private int take() {
        int length = queue.await();
        int slot = queue.lastSlot();
        ByteBuffer answer = FakeFrontend.buffer(16).put(queue.answer(slot, 16)).flip();
        assertEquals(length, answer.getInt());
        int errno = -answer.getInt();
        assertEquals(uniques[slot], answer.getLong());
        if (errno == 0 && length == 16 + 128) { // fuse_entry_out
            made.add(uniques[slot]);
        }
        assertTrue(errno == 0 || errno == EIO, "errno " + errno);
        answered++;
        failed += errno == 0 ? 0 : 1;
        return errno;
    }

    private boolean isUnderWay() {
        for (int slot = 0; slot < SLOTS; slot++) {
            if (queue.isUnderWay(slot)) {
                return true;
            }
        }
        return false;
    }

    private void load(long nanos) {
        long end = System.nanoTime() + nanos;
        while (System.nanoTime() < end) {
            for (int slot = 0; slot < SLOTS; slot++) {
                if (!queue.isUnderWay(slot)) {
                    submit(slot, random.nextInt(3) == 0 ? MKDIR : GETATTR);
                }
            }
            while (queue.isAnswered()) {
                take();
            }
            LockSupport.parkNanos(20_000);
        }
    }

    /** All that is under way is answered: an error, where the session is not known any more. */
    private void finish() {
        long limit = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
        while (isUnderWay()) {
            assertTrue(System.nanoTime() < limit, "lost");
            if (queue.isAnswered()) {
                take();
            }
        }
    }

    private void begin() {
        submit(0, INIT);
        assertEquals(0, take());
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void nothingIsLostOrAnsweredTwice(boolean packed, @TempDir Path folder) throws Exception {
        Path share = Files.createDirectory(folder.resolve("share"));
        long features = FakeFrontend.FEATURES & ~FakeFrontend.F_RING_PACKED;
        int kept = 0;
        Daemon daemon = start(share, folder);
        try {
            frontend = new FakeFrontend(daemon.socket()).recording();
            frontend.negotiate(
                    packed ? features | FakeFrontend.F_RING_PACKED : features,
                    0,
                    2,
                    FakeDriver.memoryBytes(2));
            frontend.start(1, 128);
            queue = frontend.queue(1).slots(SLOTS);
            begin();
            for (int kill = 0; kill < KILLS; kill++) {
                load(TimeUnit.MILLISECONDS.toNanos(random.nextInt(LONGEST_LOAD_MILLIS)));
                daemon.kill();
                while (queue.isAnswered()) {
                    take(); // before it was killed
                }
                kept += isUnderWay() ? 1 : 0;
                daemon = start(share, folder);
                frontend.takeOver(daemon.socket());
                if (random.nextInt(3) != 0) { // else is killed while it takes over
                    finish();
                    begin();
                }
            }
            finish();
            begin();
            frontend.stop();
        } finally {
            if (frontend != null) {
                frontend.close();
            }
            daemon.close();
        }
        assertTrue(kept > KILLS / 2, "killed with something under way: " + kept);
        assertEquals(unique, answered);
        assertTrue(failed > 0 && failed < answered, failed + " of " + answered);
        for (long number : made) {
            assertTrue(Files.isDirectory(share.resolve(name(number))), name(number));
        }
    }

    private static Daemon start(Path share, Path folder) {
        return Daemon.start(share, folder.resolve("socket"), "--thread-pool-size=3");
    }
}
