package io.jvirtiofsd.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.ivshmem.IvshmemPeer;
import io.jvirtiofsd.linux.NativeMemory;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer.OrderAnnotation;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

/**
 * Three machines and a Java program share a file and ring each other; the first is of an old QEMU,
 * the second has the file as {@code ivshmem-plain} too, the third in a share, mapped by DAX. The
 * last tests take machines and the server away.
 */
@TestMethodOrder(OrderAnnotation.class)
class IvshmemIT {
    private static final int GUESTS = 3;
    private static final int VECTORS = 4; // one for each participant: ivshmem.c
    private static final int BYTES = 1 << 20;
    private static final int RINGS = Amount.of(1000, 20_000);
    private static final int AGAIN = 20;
    private static final int JOINS = 200;
    private static final Duration SOON = Duration.ofSeconds(20);
    private static final Duration LIMIT = Duration.ofSeconds(110);

    // struct shared of ivshmem.c: asked, taken, round
    private static final int TAKEN = 8 * VECTORS * VECTORS;
    private static final int ROUND = 2 * TAKEN;
    private static final int FREE = 4096; // what nobody uses otherwise

    @TempDir(factory = MemoryFolder.class)
    static Path folder;

    private static final ExecutorService THREADS = Executors.newCachedThreadPool();

    private static ShareRig share;
    private static Daemon server;
    private static Path memory;
    private static IvshmemPeer peer;
    private static final List<Guest> GUEST = new ArrayList<>();
    private static final List<Integer> ID = new ArrayList<>(); // of the guests, then the peer

    @BeforeAll
    static void boot() throws Exception {
        share = new ShareRig(folder, "dax", "--tag=dax", "--dax=always");
        memory = share.share().resolve("memory");
        try (RandomAccessFile file = new RandomAccessFile(memory.toFile(), "rw")) {
            file.setLength(BYTES);
        }
        server = startServer();
        Path tools = tools();
        List<CompletableFuture<Guest>> booting = new ArrayList<>();
        for (int i = 0; i < GUESTS; i++) {
            GuestBuilder machine = machine(i, tools);
            booting.add(CompletableFuture.supplyAsync(machine::boot, THREADS));
        }
        for (CompletableFuture<Guest> each : booting) {
            GUEST.add(each.get(5, TimeUnit.MINUTES));
        }
        for (Guest guest : GUEST) {
            guest.check(ShareRig.script("ivshmem.sh"));
            ID.add(Integer.valueOf(guest.check("ivshmem id $(cat /tmp/doorbell)").strip()));
        }
        peer = join();
        ID.add(peer.id());
    }

    @AfterAll
    static void end() {
        THREADS.shutdownNow();
        if (peer != null) {
            peer.close();
        }
        GUEST.forEach(Guest::close);
        if (server != null) {
            server.close();
        }
        if (share != null) {
            share.close();
        }
    }

    private static Daemon startServer() {
        List<String> command =
                List.of(
                        Daemon.launcher().toString(),
                        "ivshmem",
                        "--socket-path=" + folder.resolve("doorbell"),
                        "--shm-path=" + memory,
                        "--vectors=" + VECTORS);
        return Daemon.startAs(command, folder.resolve("doorbell"));
    }

    private static IvshmemPeer join() throws IOException {
        return IvshmemPeer.join(server.socket(), VECTORS, SOON);
    }

    /** A disk, as tar makes it, with the guest's program and modules. */
    private static Path tools() {
        Path kit = GuestKit.get().clients().resolve("usr/lib/modules/current/kernel");
        Path tools = folder.resolve("tools");
        ShareRig.onHost("mkdir " + tools);
        NativePrograms.build(tools, "ivshmem");
        for (String module :
                List.of(
                        "virt/lib/irqbypass",
                        "drivers/vfio/vfio",
                        "drivers/vfio/vfio_iommu_type1",
                        "drivers/vfio/pci/vfio-pci-core",
                        "drivers/vfio/pci/vfio-pci")) {
            ShareRig.onHost(
                    "xz -dc %s/%s.ko.xz >%s/%s.ko"
                            .formatted(kit, module, tools, Path.of(module).getFileName()));
        }
        ShareRig.onHost("tar -C %1$s -cf %1$s.tar .".formatted(tools));
        return folder.resolve("tools.tar");
    }

    private static GuestBuilder machine(int number, Path tools) {
        Path own = folder.resolve("guest" + number);
        ShareRig.onHost("mkdir " + own);
        GuestBuilder machine =
                new GuestBuilder(GuestKit.get(), own)
                        .cpus(1)
                        .memoryMiB(512)
                        .kernelArgument("intel_iommu=on") // vfio-pci wants one
                        .arguments(
                                "-device",
                                "intel-iommu,intremap=off",
                                "-drive",
                                "file=" + tools + ",format=raw,if=virtio,readonly=on",
                                "-chardev",
                                "socket,id=doorbell,path=" + server.socket(),
                                "-device",
                                "ivshmem-doorbell,chardev=doorbell,vectors=" + VECTORS);
        if (number == 0) {
            machine.qemu(GuestKit.get().oldQemu());
        } else if (number == 1) {
            machine.arguments(
                    "-object",
                    "memory-backend-file,id=plain,mem-path=%s,size=%d,share=on"
                            .formatted(memory, BYTES),
                    "-device",
                    "ivshmem-plain,memdev=plain");
        } else if (number == 2) {
            machine.genericDevice(share.socket(), 1);
        }
        return machine;
    }

    @Test
    @Order(1)
    void everyPeerHasAnIdOfItsOwnAndIsThere() {
        assertEquals(new TreeSet<>(ID).size(), ID.size());
        assertEquals(new TreeSet<>(ID.subList(0, GUESTS)), peer.peers());
        assertEquals(BYTES, peer.memoryBytes());
    }

    @Test
    @Order(2)
    void eachRingsEachAndNoRingIsLost() throws Exception {
        ringAll(IntStream.range(0, GUESTS).boxed().toList(), RINGS);
    }

    /** By doorbell devices, a plain one, a file that is mapped by DAX, and a Java peer. */
    @Test
    @Order(3)
    void allWaysLeadToOneMemory() {
        GUEST.get(2).check("mount -t virtiofs -o dax=always dax /mnt");
        share.mounted();
        List<Guest> who = List.of(GUEST.get(0), GUEST.get(1), GUEST.get(2), GUEST.get(1));
        List<String> where = List.of("/tmp/memory", "/tmp/plain", "/mnt/memory", "/tmp/memory");
        NativeMemory mine = peer.memory(FREE, 64);
        for (int writer = 0; writer < who.size(); writer++) {
            int number = 1000 + writer;
            who.get(writer)
                    .check("ivshmem poke %s %d %d".formatted(where.get(writer), FREE, number));
            assertEquals(number, mine.getLongAcquire(0));
            mine.putLongRelease(8, -number & 0xffff);
            for (int reader = 0; reader < who.size(); reader++) {
                String peek = "ivshmem peek %s %d\n".formatted(where.get(reader), FREE);
                String other = "ivshmem peek %s %d".formatted(where.get(reader), FREE + 8);
                assertEquals(
                        number + "\n" + (-number & 0xffff) + "\n",
                        who.get(reader).check(peek + other) + "\n");
            }
        }
        GUEST.get(2).check("umount /mnt");
    }

    @Test
    @Order(4)
    void othersComeAndGoMeanwhile() throws Exception {
        Set<Integer> guests = new TreeSet<>(ID.subList(0, GUESTS));
        Set<Integer> ids = new TreeSet<>(ID);
        for (int i = 0; i < JOINS; i++) {
            try (IvshmemPeer guest = join()) {
                assertTrue(ids.add(guest.id()), "an id came again");
                assertTrue(Processes.await(SOON, () -> peer.peers().contains(guest.id())));
                assertTrue(peer.ring(guest.id(), 1));
                assertEquals(1, guest.await(1, SOON));
            }
        }
        assertTrue(Processes.await(SOON, () -> peer.peers().equals(guests)));
        ringAll(IntStream.range(0, GUESTS).boxed().toList(), AGAIN);
    }

    @Test
    @Order(5)
    void aMachineThatIsKilledIsMissedByNobody() throws Exception {
        GUEST.remove(2).kill();
        int gone = ID.remove(2);
        assertTrue(Processes.await(SOON, () -> !peer.peers().contains(gone)));
        ringAll(List.of(0, 1), AGAIN);
        assertEquals(List.of(), server.complaints());
    }

    @Test
    @Order(6)
    void withoutTheServerAllGoOnAndTheNextOneHasTheSameMemory() throws Exception {
        server.kill();
        assertTrue(Processes.await(SOON, () -> !peer.hasServer()));
        assertEquals(new TreeSet<>(ID.subList(0, 2)), peer.peers());
        ringAll(List.of(0, 1), AGAIN);
        server = startServer();
        peer.memory(FREE, 8).putLongRelease(0, 4711);
        try (IvshmemPeer later = join()) {
            assertEquals(0, later.id());
            assertEquals(Set.of(), later.peers());
            assertEquals(4711, later.memory(FREE, 8).getLongAcquire(0));
        }
        assertFalse(peer.hasServer());
    }

    /** Guests, and the peer as the last participant, ring each other; see ivshmem.c. */
    private static void ringAll(List<Integer> guests, int times) throws Exception {
        int count = guests.size() + 1;
        String arguments =
                String.join(" ", ID.subList(0, count).stream().map(String::valueOf).toList());
        List<CompletableFuture<ExecResult>> running = new ArrayList<>();
        for (int rank = 0; rank < guests.size(); rank++) {
            running.add(
                    GUEST.get(guests.get(rank))
                            .start(
                                    "ivshmem ring $(cat /tmp/doorbell) %d %d %s"
                                            .formatted(rank, times, arguments)));
        }
        List<Long> mine = participate(count - 1, count, times);
        for (int rank = 0; rank < count; rank++) {
            List<Long> expected = new ArrayList<>(Collections.nCopies(count, (long) times));
            expected.set(rank, 0L);
            assertEquals(expected, rank == count - 1 ? mine : interrupts(running.get(rank)));
        }
    }

    private static List<Long> interrupts(CompletableFuture<ExecResult> program) throws Exception {
        ExecResult result = program.get(LIMIT.toSeconds(), TimeUnit.SECONDS);
        assertEquals(0, result.exitCode(), result.text());
        return List.of(result.text().strip().split(" ")).stream().map(Long::valueOf).toList();
    }

    /** Does what ring() of ivshmem.c does; how often each vector was rung. */
    private static List<Long> participate(int rank, int count, int times) throws Exception {
        NativeMemory shared = peer.memory(0, 4096);
        long round = shared.getLongAcquire(ROUND + 8 * rank) + 1;
        List<CompletableFuture<Long>> answering = new ArrayList<>();
        for (int from = 0; from < count; from++) {
            shared.putLong(place(0, rank, from), 0);
            shared.putLong(place(TAKEN, rank, from), 0);
        }
        for (int from = 0; from < count; from++) {
            int vector = from;
            answering.add(
                    CompletableFuture.supplyAsync(
                            () -> vector == rank ? 0 : answer(shared, vector, rank, times),
                            THREADS));
        }
        shared.putLongRelease(ROUND + 8 * rank, round);
        for (int other = 0; other < count; other++) {
            await(shared, ROUND + 8 * other, round);
        }
        for (int n = 1; n <= times; n++) {
            for (int to = 0; to < rank; to++) {
                shared.putLongRelease(place(0, rank, to), n);
                assertTrue(peer.ring(ID.get(to), rank));
            }
            for (int to = 0; to < rank; to++) {
                await(shared, place(TAKEN, rank, to), n);
            }
        }
        List<Long> rings = new ArrayList<>();
        for (CompletableFuture<Long> each : answering) {
            rings.add(each.get(LIMIT.toSeconds(), TimeUnit.SECONDS));
        }
        return rings;
    }

    private static int place(int table, int from, int to) {
        return table + 8 * (from * VECTORS + to);
    }

    private static long answer(NativeMemory shared, int from, int rank, int times) {
        long rings = 0;
        while (rings < times) {
            long now = peer.await(from, LIMIT);
            if (now == 0) {
                return rings; // lost
            }
            rings += now;
            long asked = shared.getLongAcquire(place(0, from, rank));
            shared.putLongRelease(place(TAKEN, from, rank), asked);
        }
        return rings;
    }

    private static void await(NativeMemory shared, int offset, long value) {
        assertTrue(
                Processes.await(LIMIT, () -> shared.getLongAcquire(offset) == value),
                () -> "at %d stands %d".formatted(offset, shared.getLongAcquire(offset)));
    }
}
