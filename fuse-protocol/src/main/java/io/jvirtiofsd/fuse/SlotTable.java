package io.jvirtiofsd.fuse;

import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * Objects by 64-bit id, found without lock, hash or boxing: the id's low half is a slot, its high
 * half counts how often the slot was used before, so that an id never names another object. What a
 * {@link FileSystem} hands out as nodeIds and file handles; owned by its session.
 *
 * <p><i>Thread-safe.</i> Ids are positive; the first is 1.
 */
public final class SlotTable<T> {
    private static final int CHUNK_SHIFT = 10;
    private static final int CHUNK_SLOTS = 1 << CHUNK_SHIFT;
    private static final int MAX_CHUNKS = 1 << 16;

    /** Most objects that any table can hold. */
    public static final int MOST = MAX_CHUNKS * CHUNK_SLOTS - 1; // slot 0 is none

    private static final class Chunk<T> {
        final AtomicReferenceArray<T> values = new AtomicReferenceArray<>(CHUNK_SLOTS);
        final AtomicIntegerArray uses = new AtomicIntegerArray(CHUNK_SLOTS);
    }

    private final AtomicReferenceArray<Chunk<T>> chunks = new AtomicReferenceArray<>(MAX_CHUNKS);
    private final int limit;
    private int[] free = new int[CHUNK_SLOTS];
    private int freeCount;
    private int nextSlot = 1;

    /**
     * @param limit most objects at a time, at most {@link #MOST}
     */
    public SlotTable(int limit) {
        this.limit = Math.min(limit, MOST);
    }

    /** Whether another object would be refused. */
    public synchronized boolean isFull() {
        return freeCount == 0 && nextSlot > limit;
    }

    /** The object with this id, or null. */
    public T get(long id) {
        int slot = (int) id;
        int chunkIndex = slot >>> CHUNK_SHIFT;
        if (chunkIndex >= MAX_CHUNKS) {
            return null;
        }
        Chunk<T> chunk = chunks.get(chunkIndex);
        if (chunk == null) {
            return null;
        }
        int index = slot & (CHUNK_SLOTS - 1);
        T value = chunk.values.get(index);
        // The count changes before a new value appears, so a value never goes with an older count.
        return chunk.uses.get(index) == (int) (id >>> 32) ? value : null;
    }

    /**
     * Adds an object; its id, or 0 if the table is full.
     *
     * @throws OutOfMemoryError if there is no memory for it; the table is as before
     */
    public synchronized long add(T value) {
        int slot;
        if (freeCount > 0) {
            slot = free[--freeCount];
        } else if (nextSlot <= limit) {
            if (free.length < nextSlot) { // so that removing needs no memory
                free = java.util.Arrays.copyOf(free, free.length * 2);
            }
            if (chunks.get(nextSlot >>> CHUNK_SHIFT) == null) {
                chunks.set(nextSlot >>> CHUNK_SHIFT, new Chunk<>());
            }
            slot = nextSlot++;
        } else {
            return 0;
        }
        Chunk<T> chunk = chunks.get(slot >>> CHUNK_SHIFT);
        int index = slot & (CHUNK_SLOTS - 1);
        chunk.values.set(index, value);
        return (long) chunk.uses.get(index) << 32 | slot;
    }

    /** Takes the object with this id out; null if there is none. */
    public synchronized T remove(long id) {
        T value = get(id);
        if (value == null) {
            return null;
        }
        int slot = (int) id;
        Chunk<T> chunk = chunks.get(slot >>> CHUNK_SHIFT);
        int index = slot & (CHUNK_SLOTS - 1);
        chunk.values.set(index, null);
        chunk.uses.set(index, (chunk.uses.get(index) + 1) & Integer.MAX_VALUE);
        free[freeCount++] = slot;
        return value;
    }

    /** Puts another object in the place of the one with this id, which must be there. */
    public synchronized void replace(long id, T value) {
        if (get(id) == null) {
            throw new IllegalArgumentException("nothing has this id: " + id);
        }
        int slot = (int) id;
        chunks.get(slot >>> CHUNK_SHIFT).values.set(slot & (CHUNK_SLOTS - 1), value);
    }

    /** Calls {@code action} for each object that is there. */
    public void forEach(java.util.function.Consumer<T> action) {
        for (int c = 0; c < MAX_CHUNKS && chunks.get(c) != null; c++) {
            for (int i = 0; i < CHUNK_SLOTS; i++) {
                T value = chunks.get(c).values.get(i);
                if (value != null) {
                    action.accept(value);
                }
            }
        }
    }
}
