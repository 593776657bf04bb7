package io.jvirtiofsd.fuse;

import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.Consumer;
import java.util.function.ObjLongConsumer;

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

        Chunk(int firstUses) {
            for (int i = 0; firstUses != 0 && i < CHUNK_SLOTS; i++) {
                uses.set(i, firstUses);
            }
        }
    }

    private final AtomicReferenceArray<Chunk<T>> chunks = new AtomicReferenceArray<>(MAX_CHUNKS);
    private final int limit;
    private final int firstUses;
    private int[] free = new int[CHUNK_SLOTS];
    private int freeCount;
    private int nextSlot = 1;

    /**
     * @param limit most objects at a time, at most {@link #MOST}
     */
    public SlotTable(int limit) {
        this(limit, 0);
    }

    /**
     * A table that goes on where another one, of another process perhaps, has ended: {@link
     * #restore} takes over what was there, {@link #restored} ends that.
     *
     * @param limit most objects at a time, at most {@link #MOST}
     * @param mostUses {@link #mostUses} of the other table, whose ids will never be given anew
     */
    public SlotTable(int limit, int mostUses) {
        this.limit = Math.min(limit, MOST);
        this.firstUses = mostUses;
    }

    /** How often the slot that was used most was used before, 0 or more. */
    public synchronized int mostUses() {
        int most = firstUses;
        for (int slot = 1; slot < nextSlot; slot++) {
            Chunk<T> chunk = chunks.get(slot >>> CHUNK_SHIFT);
            int index = slot & (CHUNK_SLOTS - 1);
            // A free slot's count is that of its next object already.
            int uses = chunk.uses.get(index);
            most = Math.max(most, chunk.values.get(index) == null ? uses : next(uses));
        }
        return most;
    }

    private static int next(int uses) {
        return (uses + 1) & Integer.MAX_VALUE;
    }

    /**
     * Adds an object with the id it had in another table.
     *
     * @return false, and nothing is added, if no table of this limit could have given such an id,
     *     or its slot is taken
     */
    public synchronized boolean restore(long id, T value) {
        int slot = (int) id;
        if (id <= 0 || slot < 1 || slot > limit) {
            return false;
        }
        int at = slot >>> CHUNK_SHIFT;
        if (chunks.get(at) == null) {
            chunks.set(at, new Chunk<>(firstUses));
        }
        Chunk<T> chunk = chunks.get(at);
        int index = slot & (CHUNK_SLOTS - 1);
        if (chunk.values.get(index) != null) {
            return false;
        }
        chunk.uses.set(index, (int) (id >>> 32));
        chunk.values.set(index, value);
        nextSlot = Math.max(nextSlot, slot + 1);
        return true;
    }

    /** Ends the taking over: the slots left out are free. */
    public synchronized void restored() {
        free = new int[Math.max(CHUNK_SLOTS, Integer.highestOneBit(nextSlot) * 2)];
        freeCount = 0;
        for (int slot = nextSlot - 1; slot > 0; slot--) {
            int at = slot >>> CHUNK_SHIFT;
            if (chunks.get(at) == null) {
                chunks.set(at, new Chunk<>(firstUses));
            }
            if (chunks.get(at).values.get(slot & (CHUNK_SLOTS - 1)) == null) {
                free[freeCount++] = slot;
            }
        }
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
                chunks.set(nextSlot >>> CHUNK_SHIFT, new Chunk<>(firstUses));
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
        chunk.uses.set(index, next(chunk.uses.get(index)));
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
    public void forEach(Consumer<T> action) {
        forEach((value, id) -> action.accept(value));
    }

    /** Calls {@code action} for each object that is there, and its id. */
    public void forEach(ObjLongConsumer<T> action) {
        for (int c = 0; c < MAX_CHUNKS; c++) {
            Chunk<T> chunk = chunks.get(c);
            for (int i = 0; chunk != null && i < CHUNK_SLOTS; i++) {
                T value = chunk.values.get(i);
                if (value != null) {
                    action.accept(value, (long) chunk.uses.get(i) << 32 | c << CHUNK_SHIFT | i);
                }
            }
        }
    }
}
