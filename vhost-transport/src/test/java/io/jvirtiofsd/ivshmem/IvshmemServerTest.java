package io.jvirtiofsd.ivshmem;

import static io.jvirtiofsd.ivshmem.IvshmemRig.assertRings;
import static io.jvirtiofsd.ivshmem.IvshmemRig.assertSees;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.ivshmem.FakeClient.Heard;
import io.jvirtiofsd.linux.AlteredSyscalls;
import io.jvirtiofsd.linux.FaultySyscalls;
import io.jvirtiofsd.linux.Fd;
import io.jvirtiofsd.linux.LinuxErrno;
import io.jvirtiofsd.linux.Listener;
import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.linux.OpenDescriptors;
import io.jvirtiofsd.linux.Syscalls;
import io.jvirtiofsd.linux.UnixSocket;
import io.jvirtiofsd.linux.Waiting;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the server says to whom, and that nobody holds up others (ivshmem-spec.rst). */
class IvshmemServerTest {
    private static final Syscalls SYSCALLS = Syscalls.load();
    private static final int VECTORS = 2;
    private static final int PEERS = 8;
    private static final int RINGS = 1000;
    private static final int ROUNDS = 200;

    @TempDir Path folder;

    private IvshmemRig rig(Syscalls syscalls) throws IOException {
        return new IvshmemRig(syscalls, folder, VECTORS, PEERS);
    }

    private IvshmemRig rig() throws IOException {
        return rig(SYSCALLS);
    }

    private static void assertHears(FakeClient client, long... values) throws IOException {
        assertEquals(
                LongStream.of(values).boxed().toList(),
                client.next(values.length).stream().map(Heard::value).toList());
    }

    @Test
    void greetingIsVersionIdMemoryOthersOneself() throws IOException {
        try (IvshmemRig rig = rig();
                FakeClient first = new FakeClient(rig.socket())) {
            List<Heard> said = first.next(3 + VECTORS);
            assertEquals(List.of(Heard.of(0), Heard.of(0)), said.subList(0, 2));
            assertEquals(-1, said.get(2).value());
            for (Heard doorbell : said.subList(2, said.size())) {
                assertTrue(doorbell.hasFd());
            }
            assertFalse(first.hasMore());
            try (FakeClient second = new FakeClient(rig.socket())) {
                assertHears(second, 0, 1, -1, 0, 0, 1, 1);
                assertHears(first, 1, 1);
            }
            assertEquals(Heard.of(1), first.next());
            assertFalse(first.hasMore());
        }
    }

    @Test
    void memoryIsSharedAndRingsArrive() throws IOException {
        try (IvshmemRig rig = rig()) {
            IvshmemPeer one = rig.join();
            IvshmemPeer two = rig.join();
            assertEquals(IvshmemRig.BYTES, two.memoryBytes());
            NativeMemory mine = one.memory(4096, 4096);
            NativeMemory theirs = two.memory(4096, 4096);
            mine.putLongRelease(8, 77);
            assertEquals(77, theirs.getLongAcquire(8));
            theirs.putIntRelease(16, -5);
            assertEquals(-5, mine.getIntAcquire(16));
            assertSees(one, Set.of(two.id()));
            for (int vector = 0; vector < VECTORS; vector++) {
                for (int i = 0; i < RINGS; i++) {
                    assertTrue(one.ring(two.id(), vector));
                }
                assertEquals(RINGS, two.await(vector, IvshmemRig.SOON));
                assertEquals(0, two.await(vector, Duration.ZERO));
            }
            assertTrue(one.ring(one.id(), 1));
            assertEquals(1, one.await(1, IvshmemRig.SOON));
            assertFalse(one.ring(two.id(), VECTORS));
            assertFalse(one.ring(two.id(), -1));
            assertFalse(one.ring(99, 0));
        }
    }

    @Test
    void peersComeAndGoAndNobodyIsForgotten() throws IOException {
        try (IvshmemRig rig = rig()) {
            IvshmemPeer staying = rig.join();
            Set<Integer> ids = new HashSet<>(Set.of(staying.id()));
            int before = OpenDescriptors.count();
            for (int i = 0; i < ROUNDS; i++) {
                try (IvshmemPeer guest = IvshmemPeer.join(rig.socket(), VECTORS, IvshmemRig.SOON)) {
                    assertTrue(ids.add(guest.id()), "an id came again");
                    assertRings(guest, staying, 0);
                    assertRings(staying, guest, 1);
                }
                assertSees(staying, Set.of());
            }
            OpenDescriptors.assertSettleAt(before);
        }
    }

    @Test
    void anIdComesAgainOnceAllHaveReadThatItIsFree() throws IOException {
        AtomicBoolean hurry = new AtomicBoolean();
        PeerIds ids = new PeerIds();
        for (int i = 0; i <= Notice.MOST_ID; i++) {
            assertEquals(i, ids.choose(id -> false).getAsInt());
        }
        assertEquals(1, ids.choose(id -> id == 0).getAsInt());
        assertEquals(2, ids.choose(id -> id == 0).getAsInt());
        assertTrue(ids.choose(id -> !hurry.get()).isEmpty());
        try (IvshmemRig rig = rig();
                FakeClient slow = new FakeClient(rig.socket())) {
            slow.next(3 + VECTORS);
            try (FakeClient other = new FakeClient(rig.socket())) {
                other.next(3 + 2 * VECTORS);
            }
            IvshmemPeer later = rig.join();
            assertEquals(2, later.id());
            assertHears(slow, 1, 1, 1, 2, 2);
        }
    }

    @Test
    void aPeerIsTakenForGoneUntilItsFarewellIsRead() throws IOException {
        Fd[] pair = socketPair();
        try (Fd theirs = pair[1];
                ConnectedPeer reader = new ConnectedPeer(SYSCALLS, pair[0], 0, 1);
                ConnectedPeer other = other(5)) {
            reader.hearOf(other);
            reader.hearOfEnd(other); // it has not been told of it
            assertFalse(reader.mayMissEndOf(5));
            assertTrue(reader.isTold());
            reader.hearOf(other);
            assertEquals(ConnectedPeer.Telling.DONE, reader.tell());
            reader.hearOfEnd(other);
            assertTrue(reader.mayMissEndOf(5));
            assertEquals(ConnectedPeer.Telling.DONE, reader.tell());
            assertTrue(reader.unreadBytes() > 0);
            assertTrue(reader.mayMissEndOf(5));
            NativeMemory read = NativeMemory.allocate(64);
            assertEquals(8, SYSCALLS.read(theirs.number(), read.address(), 8));
            assertTrue(reader.mayMissEndOf(5));
            assertEquals(8, SYSCALLS.read(theirs.number(), read.address(), 64));
            assertFalse(reader.mayMissEndOf(5));
        }
    }

    private ConnectedPeer other(int id) throws IOException {
        Fd[] pair = socketPair();
        pair[1].close();
        return new ConnectedPeer(SYSCALLS, pair[0], id, 1);
    }

    /** Two connected sockets. */
    private Fd[] socketPair() throws IOException {
        try (Listener listener = Listener.bind(SYSCALLS, folder.resolve("pair"), null, 1)) {
            Fd one = UnixSocket.connect(SYSCALLS, folder.resolve("pair"));
            int other = SYSCALLS.accept4(listener.fd().number(), 0x800); // SOCK_NONBLOCK
            return new Fd[] {one, Fd.own(SYSCALLS, other)};
        }
    }

    @Test
    void whoDoesNotReadIsDroppedAndHoldsUpNobody() throws IOException {
        try (IvshmemRig rig = rig();
                FakeClient silent = new FakeClient(rig.socket())) {
            IvshmemPeer staying = rig.join();
            int changes = 0;
            while (!staying.peers().isEmpty() && changes < 2 * IvshmemServer.MOST_MISSED) {
                try (IvshmemPeer guest = IvshmemPeer.join(rig.socket(), VECTORS, IvshmemRig.SOON)) {
                    assertRings(guest, staying, 0);
                }
                changes += 2;
            }
            assertTrue(changes > IvshmemServer.MOST_MISSED, "dropped after " + changes);
            assertSees(staying, Set.of());
            assertTrue(silent.isDropped());
            assertRings(rig.join(), staying, 0);
        }
    }

    @Test
    void whoIsTooManyIsClosedAndLaterWelcome() throws IOException {
        try (IvshmemRig rig = rig()) {
            for (int i = 1; i < PEERS; i++) {
                rig.join();
            }
            try (FakeClient last = new FakeClient(rig.socket())) {
                last.next(3);
                for (int i = 0; i < 3; i++) {
                    try (FakeClient tooMany = new FakeClient(rig.socket())) {
                        assertTrue(tooMany.isDropped());
                    }
                }
                IOException refused = assertThrows(IOException.class, rig::join);
                assertTrue(refused.getMessage().contains("let us join"), refused.getMessage());
            }
            Waiting.until(() -> joins(rig));
        }
    }

    private static boolean joins(IvshmemRig rig) {
        try {
            rig.join();
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    @Test
    void withoutDescriptorsNobodyJoinsAndOthersGoOn() throws IOException {
        FaultySyscalls faulty = new FaultySyscalls();
        try (IvshmemRig rig = rig(faulty.calls())) {
            IvshmemPeer staying = rig.join();
            faulty.fail("accept4", 0, 3, LinuxErrno.EMFILE);
            IvshmemPeer late = rig.join(); // has waited
            assertRings(late, staying, 0);
            int before = OpenDescriptors.count();
            faulty.fail("eventfd", 1, 1, LinuxErrno.EMFILE);
            try (FakeClient refused = new FakeClient(rig.socket())) {
                assertTrue(refused.isDropped());
            }
            OpenDescriptors.assertSettleAt(before);
            assertSees(staying, Set.of(late.id()));
            assertRings(rig.join(), staying, 0);
        }
    }

    @Test
    void descriptorsThatMayNotBeOnTheirWayYetAreSentLater() throws IOException {
        FaultySyscalls faulty = new FaultySyscalls();
        try (IvshmemRig rig = rig(faulty.calls())) {
            IvshmemPeer staying = rig.join();
            faulty.fail("sendmsg", 4, 5, LinuxErrno.ETOOMANYREFS);
            assertRings(rig.join(), staying, 0);
        }
    }

    /** The limit is one of a user's, whose other processes share it. */
    @Test
    void whoHoldsUpOthersForLongIsDropped() throws IOException {
        AtomicBoolean heldUp = new AtomicBoolean();
        Syscalls calls =
                AlteredSyscalls.with(
                        (name, arguments, real) ->
                                heldUp.get() && name.equals("sendmsg")
                                        ? -LinuxErrno.ETOOMANYREFS
                                        : real.getAsLong());
        try (IvshmemRig rig = rig(calls);
                FakeClient silent = new FakeClient(rig.socket())) {
            IvshmemPeer staying = rig.join();
            assertEquals(1, staying.peers().size());
            heldUp.set(true);
            try (FakeClient late = new FakeClient(rig.socket())) {
                assertTrue(Waiting.until(silent::isHungUp));
                heldUp.set(false);
                late.next(3 + 2 * VECTORS);
            }
            assertSees(staying, Set.of());
        }
    }

    @Test
    void whenTheServerEndsPeersKeepWhatTheyHave() throws IOException {
        try (IvshmemRig rig = rig()) {
            IvshmemPeer one = rig.join();
            IvshmemPeer two = rig.join();
            assertSees(one, Set.of(two.id()));
            assertTrue(one.hasServer());
            rig.endServer();
            assertTrue(one.awaitNews(IvshmemRig.SOON));
            assertFalse(one.hasServer());
            assertEquals(Set.of(two.id()), one.peers());
            one.memory(0, 8).putLongRelease(0, 5);
            assertEquals(5, two.memory(0, 8).getLongAcquire(0));
            assertRings(one, two, 1);
            assertRings(two, one, 0);
            assertFalse(Files.exists(rig.socket()));
            try (IvshmemRig next = rig()) { // another's: ids and memory begin anew
                IvshmemPeer three = next.join();
                assertEquals(0, three.id());
                assertEquals(0, three.memory(0, 8).getLongAcquire(0));
                assertSees(one, Set.of(two.id()));
            }
        }
    }

    @Test
    void aConnectionThatIsPassedIsServedUntilItEnds() throws IOException {
        Path socket = folder.resolve("passed");
        try (Listener listener = Listener.bind(SYSCALLS, socket, null, 1);
                FakeClient client = new FakeClient(socket)) {
            int fd = SYSCALLS.accept4(listener.fd().number(), 0);
            try (IvshmemServer server =
                    new IvshmemServer(
                            SYSCALLS,
                            Listener.adopt(SYSCALLS, fd),
                            IvshmemMemory.create(SYSCALLS, 4096, false),
                            new IvshmemOptions(1, 1))) {
                Thread thread = IvshmemRig.start(server);
                assertHears(client, 0, 0, -1, 0);
                client.leave();
                assertTrue(Waiting.until(() -> !thread.isAlive()));
            }
        }
    }
}
