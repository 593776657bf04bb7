package io.jvirtiofsd.ivshmem;

import static io.jvirtiofsd.ivshmem.IvshmemRig.assertRings;
import static io.jvirtiofsd.ivshmem.IvshmemRig.assertSees;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.ivshmem.FakeClient.Heard;
import io.jvirtiofsd.linux.Fcntl;
import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.linux.OpenDescriptors;
import io.jvirtiofsd.linux.Syscalls;
import io.jvirtiofsd.linux.Waiting;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What a client can do that is none as it should be: afterwards two peers that were there ring each
 * other and are told of a third, and no descriptor is left.
 */
class HostileClientTest {
    private static final Syscalls SYSCALLS = Syscalls.load();
    private static final int VECTORS = 3;
    private static final int PEERS = 16;
    private static final int GREETING = 3 + 3 * VECTORS; // with two others there
    private static final int SHUT_RD = 0; // sys/socket.h
    private static final int SHUT_WR = 1; // sys/socket.h
    private static final int SHUT_RDWR = 2; // sys/socket.h
    private static final int MOST_FDS = 253; // SCM_MAX_FD
    private static final int PUNCH_HOLE = 3; // linux/falloc.h, with KEEP_SIZE
    private static final int F_SEAL_WRITE = 8; // linux/fcntl.h
    private static final int EPERM = -1;

    @TempDir static Path folder;

    /** What one of them does; true if the server must have dropped it then. */
    private interface Deed {
        boolean act(FakeClient client, Path server) throws IOException;
    }

    private record HostileClient(String name, Deed deed) {
        @Override
        public String toString() {
            return name;
        }
    }

    private static final List<HostileClient> TABLE = new ArrayList<>();

    static {
        sending();
        ending();
        reading();
        withDoorbells();
        withMemory();
        crowds();
    }

    private static void add(String name, Deed deed) {
        TABLE.add(new HostileClient(name, deed));
    }

    private static void sends(String name, byte[] bytes) {
        add(
                name,
                (client, server) -> {
                    client.send(bytes);
                    return true;
                });
    }

    private static byte[] message(long value) {
        return ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(value).array();
    }

    private static void sending() {
        sends("sends a byte", new byte[1]);
        sends("sends half a message", new byte[4]);
        sends("sends a version", message(0));
        sends("sends a version from the future", message(1));
        sends("sends that there is memory", message(-1));
        sends("sends that somebody is gone", message(0));
        sends("sends a page", new byte[4096]);
        sends("sends more than a socket holds", new byte[1 << 20]);
        sends("sends HTTP", "GET / HTTP/1.0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        sends("sends a vhost-user header", new byte[] {1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0});
        add(
                "sends a descriptor of its own",
                (client, server) -> {
                    client.send(message(7), client.socket());
                    return true;
                });
        add(
                "sends as many descriptors as can be, again and again",
                (client, server) -> {
                    int[] many = new int[MOST_FDS];
                    Arrays.fill(many, client.socket());
                    for (int i = 0; i < 100; i++) {
                        client.send(new byte[1], many);
                    }
                    return true;
                });
        add(
                "sends the memory back",
                (client, server) -> {
                    client.send(message(-1), client.next(3).get(2).fd());
                    return true;
                });
        add(
                "sends another's doorbell as its own",
                (client, server) -> {
                    client.send(message(0), client.next(4).get(3).fd());
                    return true;
                });
    }

    private static void ending() {
        add(
                "ends at once",
                (client, server) -> {
                    client.leave();
                    return false;
                });
        add(
                "ends after the version",
                (client, server) -> {
                    client.next();
                    client.leave();
                    return false;
                });
        add(
                "ends after half of the greeting",
                (client, server) -> {
                    client.next(GREETING / 2);
                    client.leave();
                    return false;
                });
        add(
                "ends after half a message",
                (client, server) -> {
                    client.send(new byte[3]);
                    client.leave();
                    return false;
                });
        for (int how : new int[] {SHUT_RD, SHUT_WR, SHUT_RDWR}) {
            add(
                    "shuts down by " + how,
                    (client, server) -> {
                        client.next();
                        SYSCALLS.shutdown(client.socket(), how);
                        // One that only reads no more is noticed when somebody comes.
                        new FakeClient(server).close();
                        return true;
                    });
        }
    }

    private static void reading() {
        add("reads nothing", (client, server) -> false);
        add(
                "reads byte by byte",
                (client, server) -> {
                    client.next(GREETING - 2);
                    for (int i = 0; i < 11; i++) {
                        client.readByte();
                    }
                    return false;
                });
        add(
                "reads nothing while others come and go",
                (client, server) -> {
                    for (int i = 0; i < 200; i++) {
                        new FakeClient(server).close();
                    }
                    return false;
                });
    }

    private static void withDoorbells() {
        add(
                "fills all doorbells",
                (client, server) -> {
                    NativeMemory most = NativeMemory.allocate(8);
                    most.putLong(0, -2);
                    for (Heard heard : client.next(GREETING).subList(3, GREETING)) {
                        SYSCALLS.write(heard.fd(), most.address(), 8);
                    }
                    return false;
                });
        add(
                "reads others' doorbells",
                (client, server) -> {
                    NativeMemory value = NativeMemory.allocate(8);
                    for (Heard heard : client.next(GREETING).subList(3, GREETING)) {
                        SYSCALLS.read(heard.fd(), value.address(), 8);
                    }
                    return false;
                });
        add(
                "writes to doorbells what they cannot hold",
                (client, server) -> {
                    NativeMemory odd = NativeMemory.allocate(16);
                    odd.putLong(0, -1);
                    for (Heard heard : client.next(GREETING).subList(3, GREETING)) {
                        SYSCALLS.write(heard.fd(), odd.address(), 8);
                        SYSCALLS.write(heard.fd(), odd.address(), 3);
                    }
                    return false;
                });
        add(
                "shuts down all that it was given",
                (client, server) -> {
                    for (Heard heard : client.next(GREETING).subList(2, GREETING)) {
                        SYSCALLS.shutdown(heard.fd(), SHUT_RDWR); // is no socket
                    }
                    return false;
                });
    }

    private static void withMemory() {
        for (long size : new long[] {0, 4096, 1L << 40}) {
            add(
                    "gives the memory %d bytes".formatted(size),
                    (client, server) -> {
                        int memory = client.next(3).get(2).fd();
                        assertEquals(EPERM, SYSCALLS.ftruncate(memory, size));
                        return false;
                    });
        }
        add(
                "makes a hole of all memory",
                (client, server) -> {
                    int memory = client.next(3).get(2).fd();
                    assertEquals(0, SYSCALLS.fallocate(memory, PUNCH_HOLE, 0, IvshmemRig.BYTES));
                    return false;
                });
        add(
                "has nobody write to the memory",
                (client, server) -> {
                    int memory = client.next(3).get(2).fd();
                    assertEquals(EPERM, SYSCALLS.fcntl(memory, Fcntl.F_ADD_SEALS, F_SEAL_WRITE));
                    return false;
                });
        add(
                "takes the right to the memory from all",
                (client, server) -> {
                    assertEquals(0, SYSCALLS.fchmod(client.next(3).get(2).fd(), 0));
                    return false;
                });
    }

    private static void crowds() {
        add(
                "comes in a crowd that is too large",
                (client, server) -> {
                    List<FakeClient> crowd = new ArrayList<>();
                    for (int i = 0; i < 3 * PEERS; i++) {
                        crowd.add(new FakeClient(server));
                    }
                    crowd.forEach(FakeClient::close);
                    return false;
                });
        add(
                "comes hundreds of times",
                (client, server) -> {
                    for (int i = 0; i < 400; i++) {
                        new FakeClient(server).close();
                    }
                    return false;
                });
        add(
                "comes with many who all send",
                (client, server) -> {
                    for (int i = 0; i < 100; i++) {
                        try (FakeClient other = new FakeClient(server)) {
                            other.send(message(i));
                        }
                    }
                    return false;
                });
    }

    static Stream<HostileClient> table() {
        assertTrue(TABLE.size() >= 30, "cases: " + TABLE.size());
        return TABLE.stream();
    }

    @ParameterizedTest
    @MethodSource("table")
    void othersGoOn(HostileClient hostile) throws IOException {
        try (IvshmemRig rig = new IvshmemRig(SYSCALLS, folder, VECTORS, PEERS)) {
            IvshmemPeer one = rig.join();
            IvshmemPeer two = rig.join();
            assertSees(one, Set.of(two.id()));
            int before = OpenDescriptors.count();
            try (FakeClient client = new FakeClient(rig.socket())) {
                boolean dropped = hostile.deed().act(client, rig.socket());
                if (dropped) {
                    assertTrue(client.isDropped(), "the server keeps it");
                }
                assertServed(rig, one, two);
                assertServed(rig, two, one);
            }
            assertSees(one, Set.of(two.id()));
            assertSees(two, Set.of(one.id()));
            OpenDescriptors.assertSettleAt(before);
        }
    }

    private static void assertServed(IvshmemRig rig, IvshmemPeer one, IvshmemPeer two)
            throws IOException {
        one.memory(0, 8).putLongRelease(0, 7);
        assertEquals(7, two.memory(0, 8).getLongAcquire(0));
        assertRings(one, two, VECTORS - 1);
        int third;
        try (IvshmemPeer late = IvshmemPeer.join(rig.socket(), VECTORS, IvshmemRig.SOON)) {
            third = late.id();
            assertRings(late, one, 0);
            assertRings(two, late, 1);
        }
        assertTrue(Waiting.until(() -> !one.peers().contains(third)), "the third stays");
    }
}
