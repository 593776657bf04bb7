package io.jvirtiofsd.dax;

import io.jvirtiofsd.linux.FileId;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What may be cut off files soon, by file: by the guest, whose changes begin and end here, and by
 * other programs that have been told to go on. Owned by the {@link DaxWindow}.
 *
 * <p>A cut is noted whether the file is mapped or not. The guest may give a file up and map it
 * again before a program has left its call. Another node may map the file while the guest's own cut
 * is going on. A cut is noted first, and then the file is looked for; a mapping first makes the
 * file known, and then asks for cuts. So one of the two sees the other.
 *
 * <p><i>Thread-safe.</i> Asking for a file without cuts takes no lock.
 */
final class PendingCuts {
    /**
     * Another program has been told that it may cut a file, and may not have done it yet. The file
     * may become longer meanwhile: what would have cut nothing when it was asked for cuts then. How
     * long it may take is not known: the thread may wait for a processor, a lock, or somebody
     * else's guard.
     *
     * @param call what the program's thread waited in
     * @param proof the call is over once the file is shorter than this; 0 if that proves nothing
     */
    private record Cut(BlockedCall call, long proof) {
        /** This cut when others may make the file shorter, too. */
        Cut withoutProof() {
            return new Cut(call, 0);
        }

        /** Whether the cut may still come, where the file has {@code now} bytes. */
        boolean isPending(long now) {
            return now >= proof && !call.isOver();
        }
    }

    /** By file the sizes that changes of the guest's may leave. The lists are immutable. */
    private final Map<FileId, List<Long>> own = new ConcurrentHashMap<>();

    /** By file and thread: a thread is in one call at a time. 0 is a thread that is not known. */
    private final Map<FileId, Map<Integer, Cut>> others = new ConcurrentHashMap<>();

    /**
     * The guest begins to cut a file to {@code size} bytes. From now on a shorter file is no proof
     * that another's cut has come.
     */
    synchronized void begin(FileId file, long size) {
        own.merge(
                file,
                List.of(size),
                (some, more) -> {
                    // A new list: readers take no lock.
                    List<Long> all = new ArrayList<>(some);
                    all.addAll(more);
                    return all;
                });
        distrust(file);
    }

    /** Ends what {@link #begin} began. */
    void end(FileId file, long size) {
        own.computeIfPresent(
                file,
                (unused, some) -> {
                    List<Long> left = new ArrayList<>(some);
                    left.remove(Long.valueOf(size));
                    return left.isEmpty() ? null : left;
                });
    }

    /**
     * Another program may go on with {@code call}.
     *
     * @param size of the file, which proves the cut once it is less and nothing else may have made
     *     it so; 0 if it is not known
     */
    synchronized void add(FileId file, BlockedCall call, long size) {
        Map<Integer, Cut> ofFile = others.computeIfAbsent(file, id -> new LinkedHashMap<>());
        // A thread is in one call at a time, so its earlier one is over.
        if (call.thread() > 0) {
            ofFile.remove(call.thread());
        }
        // A shorter file proves that the call is over only if nobody else may have cut it.
        boolean alone = ofFile.isEmpty() && !own.containsKey(file);
        distrust(file);
        ofFile.put(call.thread(), new Cut(call, alone ? size : 0));
    }

    /**
     * Takes the proof from the cuts that are pending: from now on somebody else may cut the file,
     * too.
     */
    private void distrust(FileId file) {
        Map<Integer, Cut> ofFile = others.get(file);
        if (ofFile != null) {
            ofFile.replaceAll((thread, cut) -> cut.withoutProof());
        }
    }

    /** The smallest size that a change of the guest's which is going on may leave. */
    long ownSize(FileId file) {
        List<Long> sizes = own.get(file);
        return sizes == null ? Long.MAX_VALUE : Collections.min(sizes);
    }

    /** The size that others are about to give a file of {@code now} bytes, as far as is known. */
    long sizeToBe(FileId file, long now) {
        return others.containsKey(file) ? pendingSize(file, now) : now;
    }

    private synchronized long pendingSize(FileId file, long now) {
        long size = now;
        for (Iterator<Cut> all = others(file); all.hasNext(); ) {
            Cut cut = all.next();
            if (cut.call().isKnown()) {
                if (cut.isPending(now)) {
                    size = Math.min(size, cut.call().keeps());
                } else {
                    all.remove();
                }
            }
        }
        return size;
    }

    /** Whether anything may happen to a file of {@code now} bytes: somebody unseen may cut it. */
    boolean isUnsure(FileId file, long now) {
        return others.containsKey(file) && hasUnknown(file, now);
    }

    private synchronized boolean hasUnknown(FileId file, long now) {
        for (Iterator<Cut> all = others(file); all.hasNext(); ) {
            Cut cut = all.next();
            if (!cut.call().isKnown()) {
                if (cut.isPending(now)) {
                    return true;
                }
                all.remove();
            }
        }
        return false;
    }

    private Iterator<Cut> others(FileId file) {
        return others.getOrDefault(file, Map.of()).values().iterator();
    }

    /** Drops what other programs are done with. */
    synchronized void forget() {
        for (Map<Integer, Cut> ofFile : others.values()) {
            ofFile.values().removeIf(cut -> !cut.isPending(Long.MAX_VALUE));
        }
        others.values().removeIf(Map::isEmpty);
    }
}
