package io.jvirtiofsd.fake;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.linux.OpenDescriptors;
import io.jvirtiofsd.vhost.FakeDriver;
import io.jvirtiofsd.vhost.FakeFrontend;
import io.jvirtiofsd.vhost.FakeMemory;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Front-ends and drivers that break the rules harm themselves at most, and leave nothing behind.
 */
class HostilePeerTest {
    private static final int NEXT = 1;
    private static final int WRITE = 2;
    private static final int NO_FD = 0x100; // vhost-user.rst, "A vring descriptor"
    private static final int GPU_SET_SOCKET = 33;
    private static final int SET_CONFIG = 25;
    private static final int REGIONS = 509;
    private static final int CHURNS = 5000;
    private static final int TABLE_REGIONS = 8;

    @TempDir Path folder;
    private InProcess backEnd;
    private FakeFrontend frontend;

    @BeforeEach
    void begin() throws Exception {
        backEnd = new InProcess(folder.resolve("share"), folder, options -> options);
        frontend = FuseRig.connect(backEnd, FuseRig.FEATURES);
    }

    @AfterEach
    void end() throws Exception {
        frontend.close();
        backEnd.close();
    }

    private void reconnect() throws IOException {
        frontend.close();
        frontend = FuseRig.connect(backEnd, FuseRig.FEATURES);
    }

    private void assertServes() {
        FuseClient fuse = new FuseClient(frontend, 2);
        fuse.init(0);
        assertEquals(FuseClient.ROOT, fuse.getattr(FuseClient.ROOT).nodeId());
    }

    /** As with memory that was added to the machine without share=on. */
    @Test
    void buffersInUnknownMemoryFailTheirRequestOnly() throws Exception {
        long ram = 2L * FakeDriver.memoryBytes(3);
        FakeDriver queue = frontend.queue(1);
        FuseClient fuse = new FuseClient(frontend, 1);
        fuse.init(0);
        long node = fuse.create(FuseClient.ROOT, "f", 2, 0100600).node().nodeId();
        int data = queue.descriptorsOffset() + 1_000_000;
        NativeMemory memory = frontend.memory().get(0).view();
        memory.putInt(data, 40);
        memory.putInt(data + 4, 3); // GETATTR, of which the arguments are elsewhere
        memory.putLong(data + 8, 77);
        memory.putLong(data + 16, node);
        long[][] chains = { // readable parts, and a writable one that ends in the unknown
            {data, 40, ram, 16, data + 64, 120},
            {data, 40, -16, 16, data + 64, 120},
            {ram + 5, 40, ram + 45, 16, data + 64, 120},
            {data, 40, data + 40, 16, data + 64, 16, ram, 104},
        };
        for (long[] chain : chains) {
            memory.clear(data + 64, 16);
            for (int i = 0; i < chain.length; i += 2) {
                int flags = (i + 2 < chain.length ? NEXT : 0) | (i >= 4 ? WRITE : 0);
                int at = queue.descriptorsOffset() + 16 * (i / 2);
                queue.put(at, chain[i], (int) chain[i + 1], flags, i / 2 + 1);
            }
            queue.answers(0, 120);
            queue.makeAvailable(0);
            assertEquals(16, queue.await());
            assertEquals(16, memory.getInt(data + 64));
            assertEquals(-5, memory.getInt(data + 68)); // EIO
        }
        // A FORGET has no answer: it is lost, and no harm done.
        queue.put(queue.descriptorsOffset(), ram, 48, 0, 0);
        queue.answers(0, 0);
        queue.makeAvailable(0);
        assertEquals(0, queue.await());
        assertEquals(node, fuse.getattr(node).nodeId());
        assertServes();
    }

    /**
     * The JVM tells of a SIGBUS when it likes, be it after the session has ended: the control
     * thread, which everything hangs on, must not touch the guest's memory.
     */
    @Test
    void ringsInMemoryThatWasCutEndNoDaemon() throws Exception {
        for (int round = 0; round < 20; round++) {
            FakeDriver queue = frontend.queue(1);
            int base = frontend.stopRing(queue);
            frontend.syscalls().ftruncate(frontend.memory().get(0).fd(), 0);
            frontend.startRing(queue, base);
            frontend.close();
            long other = round % 2 == 0 ? FakeFrontend.F_RING_PACKED : 0;
            frontend = FuseRig.connect(backEnd, FuseRig.FEATURES ^ other);
        }
        assertServes();
    }

    @Test
    void ringWhoseKickIsTakenAwayIsPolled() throws Exception {
        FuseClient fuse = new FuseClient(frontend, 1);
        fuse.init(0);
        FakeDriver queue = frontend.queue(1);
        for (int round = 0; round < 200; round++) {
            frontend.acknowledged(FakeFrontend.SET_VRING_KICK, FakeFrontend.u64(1 | NO_FD));
            assertEquals(FuseClient.ROOT, fuse.getattr(FuseClient.ROOT).nodeId());
            frontend.acknowledged(
                    FakeFrontend.SET_VRING_KICK, FakeFrontend.u64(1), queue.kick().number());
            assertEquals(FuseClient.ROOT, fuse.getattr(FuseClient.ROOT).nodeId());
        }
    }

    @Test
    void requestsOfAnyBytesAreAnsweredWithinTheirRoomOrNotAtAll() throws Exception {
        Random random = new Random(4);
        FakeDriver queue = frontend.queue(1).indirect(true);
        FuseClient fuse = new FuseClient(frontend, 2);
        fuse.init(0);
        fuse.mkdir(FuseClient.ROOT, "x", 0700);
        for (int i = 0; i < 20_000; i++) {
            byte[] request = new byte[random.nextInt(200) + 1];
            random.nextBytes(request);
            if (request.length >= 40) {
                NativeMemory header = NativeMemory.allocate(40);
                boolean truthful = random.nextInt(10) > 0;
                header.putInt(0, truthful ? request.length : random.nextInt());
                int opcode = random.nextInt(56);
                header.putInt(4, opcode == 26 || opcode == 38 ? 3 : opcode);
                header.putLong(8, i);
                header.putLong(16, random.nextInt(4));
                header.get(0, request, 0, 40);
                for (int k = 40; k < request.length; k++) {
                    request[k] = random.nextInt(3) > 0 ? 0 : request[k];
                }
            }
            int room = random.nextInt(300);
            int used = queue.request(request, room);
            assertTrue(used == 0 || used >= 16 && used <= room, used + " of " + room);
        }
        assertServes();
    }

    @Test
    void releasingWhileReadingNeverShowsAnotherFile() throws Exception {
        FuseClient reader = new FuseClient(frontend, 1);
        FuseClient other = new FuseClient(frontend, 2);
        reader.init(0);
        byte[] ones = new byte[4096];
        java.util.Arrays.fill(ones, (byte) 1);
        byte[] twos = new byte[4096];
        java.util.Arrays.fill(twos, (byte) 2);
        var one = reader.create(FuseClient.ROOT, "ones", 2, 0100600);
        reader.write(one.node().nodeId(), one.fh(), 0, ones);
        var two = reader.create(FuseClient.ROOT, "twos", 2, 0100600);
        reader.write(two.node().nodeId(), two.fh(), 0, twos);
        reader.release(two.node().nodeId(), two.fh());
        reader.release(one.node().nodeId(), one.fh());

        long[] current = {other.open(one.node().nodeId(), 0)};
        Thread churn =
                new Thread(
                        () -> {
                            for (int i = 0; i < CHURNS; i++) {
                                other.release(1, current[0]);
                                long wrong = other.open(two.node().nodeId(), 0);
                                other.release(1, wrong);
                                current[0] = other.open(one.node().nodeId(), 0);
                            }
                        });
        churn.start();
        int read = 0;
        while (churn.isAlive()) {
            long fh = current[0];
            try {
                byte[] data = reader.read(one.node().nodeId(), fh, 0, 4096);
                assertEquals(1, data[0]);
                assertEquals(1, data[4095]);
                read++;
            } catch (FuseErrorException e) {
                assertEquals(9, e.errno()); // EBADF: released meanwhile
            }
        }
        assertTrue(read > 0);
    }

    @Test
    void messagesThatCannotBeEndTheSessionAndTheNextIsServed() throws Exception {
        int fd = frontend.memory().get(0).fd();
        assertServes();
        int before = OpenDescriptors.count();
        byte[][] bytes = {
            {1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0}, // version 2
            {1, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0}, // a reply
            {1, 0, 0, 0, 1, 0, 0, 0, 0, 16, 1, 0}, // 69,632 bytes of payload
            {1, 0, 0, 0, 1, 0, 0, 0, -1, -1, -1, -1}, // 4 GiB of payload
            {99, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0}, // no such message
            {8, 0, 0, 0, 1, 0, 0, 0, 4, 0, 0, 0, 1, 0, 0, 0}, // half a payload
            {8, 0, 0, 0, 1, 0, 0, 0, 8, 0, 0, 0, 99, 0, 0, 0, 1, 0, 0, 0}, // ring 99
            {8, 0, 0, 0, 1, 0, 0, 0, 8, 0, 0, 0, 1, 0, 0, 0, 7, 0, 0, 0}, // a ring of 7, running
        };
        for (byte[] message : bytes) {
            frontend.sendBytes(message, fd, fd, fd);
            assertTrue(frontend.isClosedByPeer());
            reconnect();
        }
        assertServes();
        OpenDescriptors.assertSettleAt(before);
    }

    @Test
    void refusedMessagesAreAcknowledgedSoAndLeakNothing() throws Exception {
        int[] fd = {frontend.memory().get(0).fd()};
        byte[] region = FakeMemory.singleRegion(frontend.memory().get(0));
        assertServes();
        int before = OpenDescriptors.count();
        // MUST 25, 26: overlapping regions, wrong number of descriptors
        assertNotEquals(0, frontend.status(FakeFrontend.ADD_MEM_REG, region, fd));
        assertNotEquals(0, frontend.status(FakeFrontend.ADD_MEM_REG, region));
        assertNotEquals(0, frontend.status(FakeFrontend.ADD_MEM_REG, region, fd[0], fd[0]));
        assertNotEquals(0, frontend.status(FakeFrontend.SET_MEM_TABLE, new byte[264], fd));
        assertNotEquals(0, frontend.status(FakeFrontend.SET_FEATURES, FakeFrontend.u64(-1)));
        assertNotEquals(0, frontend.status(FakeFrontend.SET_VRING_CALL, FakeFrontend.u64(1)));
        assertNotEquals(
                0, frontend.status(FakeFrontend.SET_VRING_ENABLE, FakeFrontend.state(1, 2)));
        byte[] absent = region.clone();
        absent[8] = 1;
        assertNotEquals(0, frontend.status(FakeFrontend.REM_MEM_REG, absent));
        assertNotEquals(0, frontend.status(GPU_SET_SOCKET, new byte[0], fd));
        assertNotEquals(0, frontend.status(SET_CONFIG, new byte[16]));
        assertServes();
        OpenDescriptors.assertSettleAt(before);
    }

    @Test
    void moreRegionsOfMemoryThanTheBoundAreRefused() throws Exception {
        int fd = frontend.memory().get(0).fd();
        int known = frontend.memory().size();
        int[] fds = new int[TABLE_REGIONS + 1];
        Arrays.fill(fds, fd);
        ByteBuffer table = FakeFrontend.buffer(8 + fds.length * 32).putInt(0, fds.length);
        for (int i = 0; i < fds.length; i++) {
            table.put(8 + 32 * i, region(i), 8, 32);
        }
        assertNotEquals(0, frontend.status(FakeFrontend.SET_MEM_TABLE, table.array(), fds));
        for (int i = known; i < REGIONS; i++) {
            assertEquals(0, frontend.status(FakeFrontend.ADD_MEM_REG, region(i), fd));
        }
        assertNotEquals(0, frontend.status(FakeFrontend.ADD_MEM_REG, region(REGIONS), fd));
        assertServes();
        assertEquals(0, frontend.status(FakeFrontend.REM_MEM_REG, region(known)));
        assertEquals(0, frontend.status(FakeFrontend.ADD_MEM_REG, region(REGIONS), fd));
    }

    /** A page far away from the guest's memory. */
    private static byte[] region(int number) {
        long place = (1L << 45) + number * 4096L;
        return FakeFrontend.buffer(40)
                .putLong(8, place)
                .putLong(16, 4096)
                .putLong(24, place)
                .array();
    }

    @Test
    void kickAndCallDescriptorsOfAnyKindDoNoHarm() throws Exception {
        int memfd = frontend.memory().get(0).fd(); // a regular file: epoll refuses it
        assertNotEquals(
                0, frontend.status(FakeFrontend.SET_VRING_KICK, FakeFrontend.u64(1), memfd));
        frontend.acknowledged(FakeFrontend.SET_VRING_CALL, FakeFrontend.u64(2), memfd);
        FuseClient fuse = new FuseClient(frontend, 1);
        fuse.init(0);
        frontend.queue(2).submit(0, new byte[40], 40, 16);
        assertEquals(FuseClient.ROOT, fuse.getattr(FuseClient.ROOT).nodeId());
    }

    @Test
    void ringsStopAndGoOnWhereTheyWere() throws Exception {
        FuseClient fuse = new FuseClient(frontend, 1);
        fuse.init(0);
        long node = fuse.mkdir(FuseClient.ROOT, "d", 0700).nodeId();
        FakeDriver queue = frontend.queue(1);
        for (int round = 0; round < 5; round++) {
            int base = frontend.stopRing(queue);
            assertEquals(2 + 2 * round, chainsTaken(base));
            queue.submit(0, new byte[] {1}, 1, 16); // MUST 8: a stopped ring is left alone
            assertIsLeftAlone(queue);
            frontend.startRing(queue, base);
            assertIsLeftAlone(queue); // MUST 10: and so is a disabled one
            frontend.acknowledged(FakeFrontend.SET_VRING_ENABLE, FakeFrontend.state(1, 1));
            assertEquals(0, queue.await());
            assertEquals(node, fuse.getattr(node).nodeId());
        }
    }

    /** Of two descriptors each, in a ring that has not gone round yet. */
    private static int chainsTaken(int base) {
        if ((FuseRig.FEATURES & FakeFrontend.F_RING_PACKED) == 0) {
            return base;
        }
        assertEquals(base & 0xffff, base >>> 16); // what is taken was given back
        return (base & 0x7fff) / 2; // vhost-user.rst, "A vring state description"
    }

    /** Although another ring is served, and the back-end has done what it was told. */
    private void assertIsLeftAlone(FakeDriver queue) throws IOException {
        new FuseClient(frontend, 2).getattr(FuseClient.ROOT);
        frontend.ask(FakeFrontend.GET_FEATURES);
        assertTrue(queue.staysSilent(0));
    }

    @Test
    void takingTheMemoryOfRunningRingsAwayHarmsNobody() throws Exception {
        byte[] region = FakeMemory.singleRegion(frontend.memory().get(0));
        frontend.acknowledged(FakeFrontend.REM_MEM_REG, region);
        frontend.queue(1).kick().signal();
        // No ring is left whose answer could show that this one has looked.
        assertTrue(frontend.queue(1).staysSilent(50));
        frontend.acknowledged(FakeFrontend.ADD_MEM_REG, region, frontend.memory().get(0).fd());
        frontend.queue(1).kick().signal();
        assertServes();
    }

    @Test
    void disconnectInTheMiddleOfAMessageIsAnEndLikeAnyOther() throws Exception {
        frontend.sendBytes(new byte[] {5, 0, 0}, frontend.memory().get(0).fd());
        reconnect();
        assertServes();
    }
}
