package io.jvirtiofsd.passthrough;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.linux.AlteredSyscalls;
import io.jvirtiofsd.linux.Fd;
import io.jvirtiofsd.linux.FileId;
import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.linux.Scratch;
import io.jvirtiofsd.linux.Statx;
import io.jvirtiofsd.linux.Syscalls;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongFunction;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

/** Inodes with a descriptor that is none, or with a handle that stands for a number. */
class InodeTableTest {
    private static final long DEVICE = 5;
    private static final int INITIAL_BUCKETS = 4096;
    private static final int MAX_REMEMBERED = 65_536;
    private static final int RACES = 20_000;
    private static final int REGULAR = Statx.S_IFREG;

    /** Gives a descriptor's number as the handle. */
    private static final Syscalls NUMBERS =
            AlteredSyscalls.with(
                    (name, arguments, real) -> {
                        assertEquals("nameToHandleAt", name);
                        NativeMemory handle = Scratch.get().small();
                        handle.putInt(0, 4);
                        handle.putInt(4, 1);
                        handle.putInt(8, (int) (long) arguments[0]);
                        return 0;
                    });

    private final Mount mount = new Mount(1, new FileSystemType(0), null);
    private final InodeTable table = new InodeTable(1 << 20, 0);

    private static FileHandle handle(int number) {
        return FileHandle.of(NUMBERS, number);
    }

    /** One that is open. */
    private Inode inode(long ino) {
        return new Inode(DEVICE, ino, mount, REGULAR, Fd.own(NUMBERS, 0));
    }

    /** One that is not. */
    private Inode inode(long ino, FileHandle handle) {
        Inode inode = new Inode(DEVICE, ino, mount, REGULAR, null);
        inode.setHandle(handle);
        return inode;
    }

    private Inode add(Inode fresh) {
        assertSame(fresh, table.lookupOrAdd(fresh));
        return fresh;
    }

    /** Adds an inode and forgets it. */
    private Inode remember(Inode fresh) {
        assertTrue(table.forget(add(fresh), 1));
        return fresh;
    }

    private Inode find(long ino) {
        return table.find(DEVICE, ino, mount.id());
    }

    @Test
    void anObjectIsFoundByNodeIdAndByIdentity() {
        Inode first = add(inode(7));
        Inode second = add(inode(8));
        assertEquals(1, first.nodeId()); // the root's, since it is added first
        assertNotEquals(first.nodeId(), second.nodeId());
        assertSame(first, table.get(first.nodeId()));
        assertSame(first, find(7));
        assertSame(second, find(8));
        assertNull(find(9));
        assertNull(table.find(DEVICE + 1, 7, mount.id()));
        assertNull(table.get(second.nodeId() + 1));
        assertTrue(table.knows(new FileId(DEVICE, 7)));
        assertFalse(table.knows(new FileId(DEVICE, 9)));
    }

    @Test
    void lookupsOfOneObjectCountOneInode() {
        Inode first = add(inode(7));
        assertSame(first, table.lookupOrAdd(inode(7)));
        assertEquals(2, first.lookups());
        assertFalse(table.forget(first, 1));
        assertSame(first, table.get(first.nodeId()));
        assertTrue(table.forget(first, 1));
        assertNull(table.get(first.nodeId()));
        assertFalse(table.knows(first.id()));
    }

    @Test
    void aCountNeverRisesFromZeroNorFallsBelow() {
        Inode inode = add(inode(7));
        assertTrue(table.forget(inode, Long.MAX_VALUE));
        assertEquals(0, inode.lookups());
        assertFalse(inode.addLookup());
        assertFalse(table.forget(inode, 1)); // once only
        assertEquals(0, inode.lookups());
        assertNull(find(7)); // no handle: not remembered
        Inode after = add(inode(7));
        assertNotEquals(inode.nodeId(), after.nodeId());
    }

    @Test
    void aRememberedObjectGetsItsNodeIdBack() {
        Inode before = remember(inode(7, handle(1)));
        assertNull(table.get(before.nodeId()));
        assertSame(before, table.forgotten(before.nodeId()));
        assertSame(before, find(7));
        assertFalse(table.knows(before.id()));
        Inode after = add(inode(7, handle(1)));
        assertEquals(before.nodeId(), after.nodeId());
        assertSame(after, table.get(after.nodeId()));
        assertSame(after, find(7));
        assertNull(table.forgotten(after.nodeId()));
        assertTrue(table.knows(after.id()));
    }

    private void assertIsAnother(Inode other) {
        Inode before = remember(inode(7, handle(1)));
        add(other);
        assertNotEquals(before.nodeId(), other.nodeId());
        assertNull(table.forgotten(before.nodeId()));
        assertSame(other, table.find(DEVICE, 7, other.mountId()));
        assertTrue(table.forget(other, 1));
    }

    @Test
    void anotherObjectWithTheSameNumberGetsAnotherNodeId() {
        assertIsAnother(inode(7, handle(2)));
        assertIsAnother(inode(7));
        Inode directory = new Inode(DEVICE, 7, mount, Statx.S_IFDIR, null);
        directory.setHandle(handle(1));
        assertIsAnother(directory);
        // Mounted anew, where the kernel does not tell mounts apart or gives a number again.
        Inode mountedAnew =
                new Inode(
                        DEVICE,
                        7,
                        new Mount(mount.id(), new FileSystemType(0), null),
                        REGULAR,
                        null);
        mountedAnew.setHandle(handle(1));
        assertIsAnother(mountedAnew);
    }

    @Test
    void whatIsNotOpenIsKnownByItsHandle() {
        Inode first = add(inode(7, handle(1)));
        assertSame(first, table.lookupOrAdd(inode(7, handle(1))));
        Inode second = add(inode(7, handle(2)));
        assertNotEquals(first.nodeId(), second.nodeId());
        assertSame(second, find(7));
        assertSame(first, table.get(first.nodeId())); // its object may be open still
        add(inode(7)); // nobody knows what it is
        assertSame(second, table.get(second.nodeId()));
    }

    @Test
    void theSameFileInTwoMountsIsTwoObjects() {
        Mount[] mounts = {
            mount,
            new Mount(2, new FileSystemType(0), null),
            new Mount(3, new FileSystemType(0), null)
        };
        List<Inode> inodes = new ArrayList<>(); // all in one bucket
        for (Mount each : mounts) {
            inodes.add(add(new Inode(DEVICE, 7, each, REGULAR, Fd.own(NUMBERS, 0))));
        }
        for (int removed : new int[] {1, 0, 2}) { // middle, end and all of the bucket
            for (Inode inode : inodes) {
                boolean there = !inode.isForgotten();
                assertSame(there ? inode : null, table.find(DEVICE, 7, inode.mountId()));
            }
            assertTrue(table.knows(new FileId(DEVICE, 7)));
            assertTrue(table.forget(inodes.get(removed), 1));
        }
        assertFalse(table.knows(new FileId(DEVICE, 7)));
        assertNull(find(7));
    }

    @Test
    void aDisownedObjectKeepsItsNodeIdOnly() {
        Inode old = add(inode(7));
        table.disown(old);
        assertNull(find(7));
        assertSame(old, table.get(old.nodeId()));
        Inode fresh = add(inode(7));
        assertNotEquals(old.nodeId(), fresh.nodeId());
        assertTrue(table.forget(old, 1));
        assertSame(fresh, find(7));
        assertSame(fresh, table.get(fresh.nodeId()));
    }

    @Test
    void aFullTableTakesNothingButWhatItKnows() {
        InodeTable small = new InodeTable(3, 0);
        List<Inode> inodes = new ArrayList<>();
        for (int ino = 1; ino <= 3; ino++) {
            assertFalse(small.isFull());
            inodes.add(small.lookupOrAdd(inode(ino)));
        }
        assertTrue(small.isFull());
        assertNull(small.lookupOrAdd(inode(4)));
        assertNull(small.find(DEVICE, 4, mount.id()));
        assertSame(inodes.get(0), small.lookupOrAdd(inode(1)));
        assertTrue(small.forget(inodes.get(1), 1));
        assertFalse(small.isFull());
        Inode fresh = inode(4);
        assertSame(fresh, small.lookupOrAdd(fresh));
        assertTrue(small.isFull());
    }

    @Test
    void rememberedOnesMakeRoomTheOldestFirst() {
        InodeTable small = new InodeTable(3, 0);
        Inode[] inodes = new Inode[3];
        for (int i = 0; i < 3; i++) {
            inodes[i] = small.lookupOrAdd(inode(i, handle(i)));
        }
        for (int i : new int[] {2, 0, 1}) {
            small.forget(inodes[i], 1);
        }
        assertFalse(small.isFull());
        small.lookupOrAdd(inode(4));
        assertNull(small.forgotten(inodes[2].nodeId()));
        assertSame(inodes[0], small.forgotten(inodes[0].nodeId()));
        small.lookupOrAdd(inode(5));
        assertNull(small.forgotten(inodes[0].nodeId()));
        assertSame(inodes[1], small.forgotten(inodes[1].nodeId()));
    }

    @Test
    void noMoreThanTheirBoundAreRemembered() {
        FileHandle handle = handle(1);
        Inode oldest = remember(inode(0, handle));
        Inode second = remember(inode(1, handle));
        for (int ino = 2; ino < MAX_REMEMBERED; ino++) {
            remember(inode(ino, handle));
        }
        assertSame(oldest, table.forgotten(oldest.nodeId()));
        Inode last = remember(inode(MAX_REMEMBERED, handle));
        assertNull(table.forgotten(oldest.nodeId()));
        assertNull(find(0));
        assertSame(second, table.forgotten(second.nodeId()));
        assertSame(last, table.forgotten(last.nodeId()));
    }

    @Test
    void aTableThatGrowsLosesNothing() {
        int count = 5 * INITIAL_BUCKETS; // grown twice, and more than one in many buckets
        List<Inode> inodes = new ArrayList<>();
        for (int ino = 0; ino < count; ino++) {
            inodes.add(add(inode(ino)));
        }
        Set<Long> nodeIds = new HashSet<>();
        for (int ino = 0; ino < count; ino++) {
            assertSame(inodes.get(ino), find(ino));
            assertSame(inodes.get(ino), table.lookupOrAdd(inode(ino)));
            nodeIds.add(inodes.get(ino).nodeId());
        }
        assertEquals(count, nodeIds.size());
        for (int ino = 0; ino < count; ino += 2) {
            assertTrue(table.forget(inodes.get(ino), 2));
        }
        for (int ino = 0; ino < count; ino++) {
            assertSame(ino % 2 == 0 ? null : inodes.get(ino), find(ino));
        }
    }

    @Test
    void eachInodeThatIsThereIsVisited() {
        Inode one = add(inode(1));
        Inode two = remember(inode(2, handle(2)));
        remember(inode(3)); // not remembered
        Set<Inode> seen = new HashSet<>();
        table.forEach(seen::add);
        assertEquals(Set.of(one, two), seen);
    }

    /** Two threads, which look each object up and forget it at the same time. */
    private void race(LongFunction<Inode> inodes) throws Exception {
        AtomicInteger arrived = new AtomicInteger();
        AtomicInteger ended = new AtomicInteger();
        Callable<Void> thread =
                () -> {
                    for (int ino = 0; ino < RACES; ino++) {
                        arrived.incrementAndGet();
                        while (arrived.get() < 2 * (ino + 1)) {
                            Thread.onSpinWait();
                        }
                        int number = ino;
                        try {
                            lookUpAndForget(() -> inodes.apply(number), ended);
                        } catch (Throwable e) {
                            arrived.set(2 * RACES); // the other one is not to wait
                            throw e;
                        }
                    }
                    return null;
                };
        ExecutorService threads = Executors.newFixedThreadPool(2);
        try {
            for (Future<Void> each : threads.invokeAll(List.of(thread, thread))) {
                each.get();
            }
        } finally {
            threads.shutdown();
            assertTrue(threads.awaitTermination(20, TimeUnit.SECONDS));
        }
        assertTrue(ended.get() >= RACES, "ended: " + ended); // none is left, some ended twice
        assertTrue(ended.get() <= 2 * RACES, "ended: " + ended);
    }

    private void lookUpAndForget(Supplier<Inode> inode, AtomicInteger ended) {
        Inode counted = table.lookupOrAdd(inode.get());
        // As long as it is counted, nodeId and identity lead to it and to no other.
        assertSame(counted, table.get(counted.nodeId()));
        assertSame(counted, table.lookupOrAdd(inode.get()));
        assertFalse(table.forget(counted, 1));
        assertSame(counted, table.get(counted.nodeId()));
        ended.addAndGet(table.forget(counted, 1) ? 1 : 0);
    }

    @Test
    void threadsNeverSeeTwoNodeIdsOfAnObject() throws Exception {
        race(this::inode);
        table.forEach(inode -> assertNull(inode, "not taken out"));
    }

    @Test
    void threadsNeverSeeTwoNodeIdsOfAnObjectThatIsRemembered() throws Exception {
        race(ino -> inode(ino, handle(1)));
        Set<Long> left = new HashSet<>();
        table.forEach(inode -> left.add(inode.ino()));
        assertEquals(RACES, left.size());
        for (int ino = 0; ino < RACES; ino++) {
            assertSame(find(ino), table.forgotten(find(ino).nodeId()));
        }
    }
}
