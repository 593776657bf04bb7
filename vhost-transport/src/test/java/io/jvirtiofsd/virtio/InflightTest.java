package io.jvirtiofsd.virtio;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.linux.Waiting;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

/**
 * vhost-user.rst, "Inflight I/O tracking": whenever the process is killed, and the next one, too,
 * the one that follows uses each chain once.
 */
class InflightTest {
    private static final int STEPS = 120;
    private static final int KILLS = 2; // one after the other
    private static final int HOSTILE_RECORDS = 10_000;

    private final DescriptorChain chain = new DescriptorChain();
    private int kills;

    /** Something that may happen between two stores. */
    private interface Moment {
        void look() throws Exception;
    }

    /** Looks before and after each store: what is done to the ring lies between two of them. */
    private static final class Watched extends InflightRegion {
        private final Moment moment;

        Watched(NativeMemory memory, int size, Moment moment) {
            super(memory, size);
            this.moment = moment;
        }

        private void watch(Runnable store) {
            try {
                moment.look();
                store.run();
                moment.look();
            } catch (Exception e) {
                throw new AssertionError(e);
            }
        }

        @Override
        void putByte(int offset, int value) {
            watch(() -> super.putByte(offset, value));
        }

        @Override
        void putShort(int offset, int value) {
            watch(() -> super.putShort(offset, value));
        }

        @Override
        void putLong(int offset, long value) {
            watch(() -> super.putLong(offset, value));
        }
    }

    private Virtqueue queue(InflightMachine machine, Random random, int killsLeft) {
        return machine.queue(
                new Watched(
                        machine.record, machine.size(), () -> kill(machine, random, killsLeft)));
    }

    /** Ends the process now, as far as a copy of what it leaves behind is concerned. */
    private void kill(InflightMachine machine, Random random, int killsLeft) throws Exception {
        boolean rare = killsLeft < KILLS && random.nextInt(8) != 0;
        if (killsLeft == 0 || rare) {
            return;
        }
        kills++;
        try (InflightMachine copy = machine.copy()) {
            goOn(copy, random, killsLeft - 1);
        }
    }

    /** Another process takes over, and finishes all that was begun. */
    private void goOn(InflightMachine machine, Random random, int killsLeft) throws Exception {
        machine.collect();
        for (int i = random.nextInt(3); i > 0; i--) {
            machine.submit(random); // the driver does not wait for it
        }
        Virtqueue queue = queue(machine, random, killsLeft);
        List<ChainHead> heads = machine.takeAll(queue);
        assertFalse(queue.isResuming());
        Collections.shuffle(heads, random);
        for (ChainHead head : heads) {
            queue.push(machine.ring(), head, 0);
            if (random.nextBoolean()) {
                machine.collect();
            }
        }
        machine.collect();
        assertTrue(machine.outstanding.isEmpty(), "lost: " + machine.outstanding);
        machine.submit(random); // and goes on
        for (ChainHead head : machine.takeAll(queue)) {
            queue.push(machine.ring(), head, 0);
        }
        machine.collect();
        assertTrue(machine.outstanding.isEmpty(), "lost: " + machine.outstanding);
    }

    private void serve(InflightMachine machine, Random random) throws Exception {
        Virtqueue queue = queue(machine, random, KILLS);
        List<ChainHead> taken = new ArrayList<>();
        for (int step = 0; step < STEPS; step++) {
            switch (random.nextInt(5)) {
                case 0, 1 -> machine.submit(random);
                case 2 -> {
                    if (queue.pop(machine.ring(), chain)) {
                        taken.add(chain.head().copy());
                    }
                }
                case 3 -> {
                    if (!taken.isEmpty()) {
                        ChainHead head = taken.remove(random.nextInt(taken.size()));
                        queue.push(machine.ring(), head, 0);
                    }
                }
                default -> machine.collect();
            }
        }
    }

    @Test
    void whoeverIsKilledBetweenTwoStoresOfASplitRingLosesNothing() throws Exception {
        for (int seed = 0; seed < 12; seed++) {
            try (InflightMachine machine = InflightMachine.split(4)) {
                serve(machine, new Random(seed));
            }
        }
        assertTrue(kills > 2000, "" + kills);
    }

    @Test
    void whoeverIsKilledBetweenTwoStoresOfAPackedRingLosesNothing() throws Exception {
        for (int seed = 0; seed < 12; seed++) {
            try (InflightMachine machine = InflightMachine.packed(5)) {
                serve(machine, new Random(seed));
            }
        }
        assertTrue(kills > 2000, "" + kills);
    }

    /**
     * The driver sees that a chain is used before that is recorded. What another thread takes at
     * once, of the same number, is not to be taken for what was given back.
     */
    @Test
    void aHeadThatIsAvailableAgainAtOnceIsRecordedAgain() throws Exception {
        for (int seed = 0; seed < 16; seed++) {
            try (InflightMachine machine =
                    seed % 2 == 0 ? InflightMachine.packed(2) : InflightMachine.split(2)) {
                takeWhileOneIsGivenBack(machine, new Random(seed));
            }
        }
    }

    private void takeWhileOneIsGivenBack(InflightMachine machine, Random random) throws Exception {
        Ring ring = machine.ring();
        AtomicReference<Thread> taker = new AtomicReference<>();
        AtomicReference<Virtqueue> pushing = new AtomicReference<>();
        Moment moment =
                () -> {
                    if (pushing.get() == null || taker.get() != null) {
                        return;
                    }
                    machine.collect();
                    if (machine.outstanding.isEmpty()) {
                        for (int i = 0; i < 20; i++) {
                            machine.submit(random);
                        }
                        taker.set(new Thread(() -> take(pushing.get(), ring)));
                        taker.get().start();
                        assertTrue(Waiting.until(() -> isHeldUp(taker.get())));
                    }
                };
        Virtqueue queue = machine.queue(new Watched(machine.record, 2, moment));
        machine.submit(random);
        assertTrue(queue.pop(ring, chain));
        pushing.set(queue);
        queue.push(ring, chain.head(), 0);
        taker.get().join();
        assertFalse(machine.outstanding.isEmpty());
        try (InflightMachine copy = machine.copy()) {
            goOn(copy, random, 0);
        }
    }

    private static boolean isHeldUp(Thread thread) {
        return thread.getState() == Thread.State.BLOCKED || !thread.isAlive();
    }

    private static void take(Virtqueue queue, Ring ring) {
        try {
            while (queue.pop(ring, new DescriptorChain())) {
                // all that there is
            }
        } catch (RingException e) {
            throw new AssertionError(e);
        }
    }

    /** Steps as another program writes them: chains given back in batches of three. */
    @Test
    void aBatchOfASplitRingIsFinishedAndTheRestComesInItsOrder() throws Exception {
        try (InflightMachine machine = InflightMachine.split(8)) {
            InflightRegion region = new InflightRegion(machine.record, 8);
            Random random = new Random(1);
            while (machine.outstanding.size() < 8) {
                machine.submit(random);
            }
            List<Integer> heads = new ArrayList<>(machine.outstanding.keySet());
            for (int i = 0; i < 8; i++) {
                machine.record.putByte(16 + 16 * heads.get(i), (byte) 1);
                machine.record.putLong(16 + 16 * heads.get(i) + 8, -4 + i); // they go round, too
            }
            machine.record.putShort(12, heads.get(2).shortValue());
            machine.record.putShort(16 + 16 * heads.get(2) + 6, heads.get(1).shortValue());
            machine.record.putShort(16 + 16 * heads.get(1) + 6, heads.get(0).shortValue());
            SplitRing ring = (SplitRing) machine.ring();
            for (int i = 0; i < 3; i++) {
                ring.putUsed(i, heads.get(i), 0);
            }
            ring.putUsedIdx(3);
            region.use();
            machine.collect();
            Virtqueue queue = machine.queue(region);
            List<Integer> seen = new ArrayList<>();
            while (queue.pop(ring, chain)) {
                seen.add(chain.head().id());
            }
            // Counters are not signed: those that are highest as such come last.
            List<Integer> expected = new ArrayList<>(heads.subList(4, 8));
            expected.add(heads.get(3));
            assertEquals(expected, seen);
            assertEquals(8, queue.base());
            assertEquals(3, region.getShort(14));
        }
    }

    private static void assertRefused(InflightMachine machine, String reason) {
        Virtqueue queue = machine.queue(new InflightRegion(machine.record, machine.size()));
        RingException refused =
                assertThrows(
                        RingException.class,
                        () -> queue.pop(machine.ring(), new DescriptorChain()));
        assertTrue(refused.getMessage().contains(reason), refused.getMessage());
    }

    /** What a record must not say: the place, the bytes, the value, what it is refused for. */
    private record Lie(int offset, int bytes, long value, String reason) {
        void write(NativeMemory record) {
            for (int i = 0; i < bytes; i++) {
                record.putByte(offset + i, (byte) (value >>> 8 * i));
            }
        }
    }

    private static void assertRefused(boolean packed, Lie... lies) throws Exception {
        try (InflightMachine machine =
                packed ? InflightMachine.packed(8) : InflightMachine.split(8)) {
            Virtqueue queue = machine.queue(new InflightRegion(machine.record, 8));
            Random random = new Random(2);
            for (int i = 0; i < 20; i++) {
                machine.submit(random);
            }
            machine.takeAll(queue);
            for (Lie lie : lies) {
                lie.write(machine.record);
            }
            assertRefused(machine, lies[lies.length - 1].reason);
        }
    }

    @Test
    void aRecordOfASplitRingThatCannotBeIsRefused() throws Exception {
        assertRefused(false, new Lie(8, 2, 2, "version 2"));
        assertRefused(false, new Lie(12, 2, 8, "entry 8 of 8"));
        assertRefused(false, new Lie(12, 2, 0xffff, "entry 65535 of 8"));
        assertRefused(false, new Lie(14, 2, 7, "another ring's"));
        Lie two = new Lie(14, 2, 0xfffe, "");
        assertRefused(false, two, new Lie(16 + 6, 2, 8, "entry 8 of 8"));
    }

    @Test
    void aRecordOfAPackedRingThatCannotBeIsRefused() throws Exception {
        assertRefused(true, new Lie(8, 2, 7, "version 7"));
        assertRefused(true, new Lie(14, 2, 9, "entry 9 of 8"));
        assertRefused(true, new Lie(16, 2, 8, "position 8 of 8"));
        assertRefused(true, new Lie(18, 2, 0x8001, "position 32769 of 8"));
        assertRefused(true, new Lie(32 + 6, 2, 0, "chain of 0"));
        assertRefused(true, new Lie(32 + 6, 2, 9, "chain of 9"));
        List<Lie> one = new ArrayList<>();
        for (int at = 1; at < 8; at++) {
            one.add(new Lie(32 + 32 * at, 1, 0, ""));
        }
        one.add(new Lie(32 + 6, 2, 8, "")); // a chain of all, back to its first
        one.add(new Lie(32 + 2, 2, 0, "loop"));
        assertRefused(true, one.toArray(Lie[]::new));
        assertRefused(true, new Lie(14, 2, 7, ""), new Lie(32 + 32 * 7 + 2, 2, 7, "loop"));
    }

    /** Whatever stands there, what comes of it is chains of the ring, or a broken rule. */
    @Test
    void anyRecordIsChainsOrABrokenRule() throws Exception {
        Random random = new Random(3);
        int broken = 0;
        for (int i = 0; i < HOSTILE_RECORDS; i++) {
            try (InflightMachine machine =
                    i % 2 == 0 ? InflightMachine.split(8) : InflightMachine.packed(8)) {
                for (int n = random.nextInt(4); n > 0; n--) {
                    machine.submit(random);
                }
                for (int at = 0; at < 512; at += 2) {
                    int most = random.nextInt(8) == 0 ? 0x10000 : 10;
                    int value = random.nextInt(3) == 0 ? random.nextInt(most) : 0;
                    machine.record.putShort(at, (short) value);
                }
                machine.record.putShort(8, (short) 1);
                run(machine, random);
            } catch (RingException e) {
                broken++;
            }
        }
        assertTrue(broken > 0 && broken < HOSTILE_RECORDS, "" + broken);
    }

    private void run(InflightMachine machine, Random random) throws RingException {
        Virtqueue queue = machine.queue(new InflightRegion(machine.record, 8));
        for (int taken = 0; queue.pop(machine.ring(), chain); taken++) {
            assertTrue(taken < 4 * 8, "no end");
            if (random.nextBoolean()) {
                queue.push(machine.ring(), chain.head(), 0);
            }
        }
    }

    /** What is recorded in a region that is larger than the ring is the same. */
    @Test
    void aRingMayBeSmallerThanItsRecord() throws Exception {
        for (boolean packed : new boolean[] {false, true}) {
            try (InflightMachine machine =
                    packed ? InflightMachine.packed(4) : InflightMachine.split(4)) {
                Random random = new Random(4);
                for (int round = 0; round < 50; round++) {
                    machine.submit(random);
                    machine.submit(random);
                    Virtqueue first = machine.queue(new InflightRegion(machine.record, 16));
                    List<ChainHead> heads = machine.takeAll(first);
                    first.push(machine.ring(), heads.get(0), 0);
                    machine.collect();
                    Virtqueue second = machine.queue(new InflightRegion(machine.record, 16));
                    for (ChainHead head : machine.takeAll(second)) {
                        second.push(machine.ring(), head, 0);
                    }
                    machine.collect();
                    assertTrue(machine.outstanding.isEmpty());
                }
            }
        }
    }
}
