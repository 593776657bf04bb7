package io.jvirtiofsd.dax;

import io.jvirtiofsd.linux.FileId;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Which files the window has open, one {@link DaxFile} for each file of the host, and which files
 * the guest is just cutting. Owned by the {@link DaxWindow}.
 *
 * <p>A cut is noted whether the file is mapped or not: either the guest's cut finds the file here
 * and has it unmapped first, or whoever maps the file meanwhile finds the cut. <i>Thread-safe</i>;
 * finding takes no lock.
 */
final class MappedFiles {
    private final Map<FileId, DaxFile> files = new ConcurrentHashMap<>();

    /** For each file the sizes that changes which are going on may leave. */
    private final Map<FileId, List<Long>> cuts = new ConcurrentHashMap<>();

    /** The file, or null if it is not open. */
    DaxFile find(FileId id) {
        return files.get(id);
    }

    int count() {
        return files.size();
    }

    Collection<DaxFile> all() {
        return files.values();
    }

    synchronized void add(DaxFile file) {
        files.put(file.id(), file);
    }

    /** Whether it was there. */
    boolean remove(DaxFile file) {
        return files.remove(file.id(), file);
    }

    /** Notes that the guest cuts a file to {@code size} bytes; the file, or null if not open. */
    synchronized DaxFile beginCut(FileId id, long size) {
        cuts.merge(
                id,
                List.of(size),
                (some, more) -> {
                    List<Long> all = new ArrayList<>(some);
                    all.addAll(more);
                    return all;
                });
        return files.get(id);
    }

    /** Ends what {@link #beginCut} began; the file, or null if not open. */
    DaxFile endCut(FileId id, long size) {
        cuts.computeIfPresent(
                id,
                (unused, some) -> {
                    List<Long> left = new ArrayList<>(some);
                    left.remove(Long.valueOf(size));
                    return left.isEmpty() ? null : left;
                });
        return files.get(id);
    }

    /** The smallest size that a cut which is going on may leave, or the largest number there is. */
    long smallestCut(FileId id) {
        List<Long> sizes = cuts.get(id);
        return sizes == null ? Long.MAX_VALUE : Collections.min(sizes);
    }
}
