package io.jvirtiofsd.dax;

import io.jvirtiofsd.linux.FileId;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What other programs may be cutting off, by file: the guest may give a file up and map it again
 * before a program that has been told to go on has left its call. Owned by the {@link DaxWindow}.
 *
 * <p><i>Thread-safe.</i>
 */
final class ExpectedCuts {
    /** By thread, which is in one call at a time; 0 is any that is not known. */
    private final Map<FileId, Map<Integer, ExpectedCut>> cuts = new ConcurrentHashMap<>();

    /**
     * A program may go on with {@code call}.
     *
     * @param size of the file, if nothing else may make it shorter meanwhile; else 0
     */
    synchronized void add(FileId file, BlockedCall call, long size) {
        Map<Integer, ExpectedCut> ofFile = cuts.computeIfAbsent(file, id -> new LinkedHashMap<>());
        if (call.thread() > 0) {
            ofFile.remove(call.thread());
        }
        boolean alone = ofFile.isEmpty();
        distrust(file);
        ofFile.put(call.thread(), new ExpectedCut(call, alone ? size : 0));
    }

    /** From now on a shorter file is no proof that an expected cut has come. */
    synchronized void distrust(FileId file) {
        Map<Integer, ExpectedCut> ofFile = cuts.get(file);
        if (ofFile != null) {
            ofFile.replaceAll((thread, cut) -> cut.withoutProof());
        }
    }

    /** The size that a file of {@code now} bytes is about to have, as far as is known. */
    long sizeToBe(FileId file, long now) {
        return cuts.containsKey(file) ? pendingSize(file, now) : now;
    }

    private synchronized long pendingSize(FileId file, long now) {
        long size = now;
        for (Iterator<ExpectedCut> all = all(file); all.hasNext(); ) {
            ExpectedCut cut = all.next();
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

    /** Whether anything may happen to a file of {@code now} bytes. */
    boolean isUnsure(FileId file, long now) {
        return cuts.containsKey(file) && hasUnknown(file, now);
    }

    private synchronized boolean hasUnknown(FileId file, long now) {
        for (Iterator<ExpectedCut> all = all(file); all.hasNext(); ) {
            ExpectedCut cut = all.next();
            if (!cut.call().isKnown()) {
                if (cut.isPending(now)) {
                    return true;
                }
                all.remove();
            }
        }
        return false;
    }

    private Iterator<ExpectedCut> all(FileId file) {
        return cuts.getOrDefault(file, Map.of()).values().iterator();
    }

    /** Drops what is over. */
    synchronized void forget() {
        for (Map<Integer, ExpectedCut> ofFile : cuts.values()) {
            ofFile.values().removeIf(cut -> !cut.isPending(Long.MAX_VALUE));
        }
        cuts.values().removeIf(Map::isEmpty);
    }
}
