package io.jvirtiofsd.dax;

import io.jvirtiofsd.dax.ShmemChannel.Outcome;
import io.jvirtiofsd.linux.Fd;
import io.jvirtiofsd.linux.FileId;
import io.jvirtiofsd.linux.LinuxException;
import io.jvirtiofsd.linux.Mapping;
import io.jvirtiofsd.linux.Resource;
import io.jvirtiofsd.linux.Syscalls;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What is mapped in the window, piece by piece as the front-end knows it, and a mirror of it in our
 * own address space for requests whose buffers lie in the window. Owned by the {@link DaxWindow}.
 *
 * <p><i>Guarded by the window's monitor</i>, but for {@link #knows}, {@link #find} and {@link
 * #awaitUnused}, which any thread may call: the front-end announces a piece as memory while the
 * thread that mapped it waits.
 */
final class WindowPieces implements Resource {
    /**
     * The most pieces at a time. Each costs the front-end a memory slot; QEMU has about 509, of
     * which the guest's RAM takes some.
     */
    static final int MAX_PIECES = 480;

    /** How many files are remembered that no piece is of any more. */
    private static final int MAX_GONE = 1024;

    private static final int THIS_PROCESS = (int) ProcessHandle.current().pid();

    private final Syscalls syscalls;
    private final Mapping mirror;
    private final DaxStatistics statistics;
    private final NavigableMap<Long, Piece> live = new TreeMap<>();

    /** Pieces that may or may not be mapped: a request to map or unmap them had no answer. */
    private final Set<Piece> doubtful = new LinkedHashSet<>();

    /**
     * By its figures each piece that is mapped, or being mapped: what the front-end may announce.
     */
    private final Map<Piece.Key, Piece> announced = new ConcurrentHashMap<>();

    /** How many pieces are of a file, live or doubtful; 0 for those that were unmapped last. */
    private final Map<FileId, Integer> files = new ConcurrentHashMap<>();

    /** Files without a piece, the oldest first: the front-end may yet announce what was theirs. */
    private final Set<FileId> gone = new LinkedHashSet<>();

    private volatile ShmemChannel channel;

    /**
     * Counts the device's lives: a piece of an earlier one may have been dropped by the front-end.
     */
    private volatile int epoch;

    /** What was unmapped last, while nothing that was asked for later has been answered. */
    private Piece unproven;

    WindowPieces(Syscalls syscalls, long bytes, DaxStatistics statistics) throws LinuxException {
        this.syscalls = syscalls;
        this.mirror = Mapping.reserve(syscalls, bytes);
        this.statistics = statistics;
    }

    /** The front-end to ask from now on, or null for none. */
    void use(ShmemChannel next) {
        channel = next;
    }

    boolean hasChannel() {
        return channel != null;
    }

    /** The device begins a new life: its front-end may have dropped all pieces by itself. */
    void restarted() {
        epoch++;
    }

    /** Where the window is in our own address space; what is not mapped cannot be touched. */
    long mirrorAddress() {
        return mirror.address();
    }

    /** Whether a piece is of the file, or was not long ago. */
    boolean knows(FileId file) {
        return files.containsKey(file);
    }

    /** Window offset of the piece with these figures, or &minus;1. */
    long find(FileId file, long fileOffset, long length) {
        Piece piece = announced.get(new Piece.Key(file, fileOffset, length));
        return piece == null ? -1 : piece.windowOffset();
    }

    /**
     * Sees to it that one more piece can be mapped, by having doubtful ones unmapped if necessary.
     *
     * @return whether there is room
     */
    boolean makeRoom() {
        if (free() <= 0) {
            List.copyOf(doubtful).forEach(this::drop);
        }
        return free() > 0;
    }

    /** Pieces that can be mapped before the limit is reached. */
    int free() {
        return MAX_PIECES - live.size() - doubtful.size();
    }

    int count() {
        return live.size();
    }

    long bytes() {
        return live.values().stream().mapToLong(Piece::length).sum();
    }

    /** Maps part of a file where nothing is mapped; {@code fd} is borrowed. */
    Outcome map(int fd, FileId file, long fileOffset, long windowOffset, long length) {
        Piece piece = new Piece(windowOffset, length, file, fileOffset, epoch);
        try {
            mirror.mapInto(windowOffset, length, fd, fileOffset);
        } catch (LinuxException e) {
            return Outcome.REFUSED;
        }
        // Before the front-end is asked: it announces the piece while this thread waits for the
        // answer.
        hold(file);
        announced.put(piece.key(), piece);
        Outcome outcome = ask(fd, piece);
        // A doubtful piece may be in the way: take out those there are, then ask once more.
        if (outcome == Outcome.REFUSED && dropDoubtful(windowOffset, length)) {
            outcome = ask(fd, piece);
        }
        if (outcome == Outcome.DONE) {
            forgetDoubtful(windowOffset, length); // free as seen by the front-end: they were gone
            live.put(windowOffset, piece);
        } else {
            if (outcome == Outcome.UNKNOWN) {
                doubt(piece);
            } else {
                release(file);
            }
            clear(piece);
        }
        return outcome;
    }

    private void hold(FileId file) {
        files.merge(file, 1, Integer::sum);
        gone.remove(file);
    }

    private void release(FileId file) {
        if (files.merge(file, -1, Integer::sum) > 0) {
            return;
        }
        gone.add(file);
        if (gone.size() > MAX_GONE) {
            FileId oldest = gone.iterator().next();
            gone.remove(oldest);
            files.remove(oldest);
        }
    }

    private void doubt(Piece piece) {
        if (!doubtful.add(piece)) {
            release(piece.file()); // one like it counts already
        }
    }

    private void forget(Piece piece) {
        doubtful.remove(piece);
        release(piece.file());
    }

    /**
     * Finds out whether a front-end does such a map: maps the start of a file of ours, which {@code
     * fd}, borrowed, refers to, and unmaps it again.
     */
    Outcome probe(int fd, long windowOffset, long length) {
        ShmemChannel current = channel;
        Outcome outcome =
                current == null ? Outcome.NOT_SENT : current.map(fd, 0, windowOffset, length);
        return outcome == Outcome.DONE ? current.unmap(windowOffset, length) : outcome;
    }

    private Outcome ask(int fd, Piece piece) {
        ShmemChannel current = channel;
        if (current == null) {
            return Outcome.NOT_SENT;
        }
        long start = System.nanoTime();
        Outcome outcome = current.map(fd, piece.fileOffset(), piece.windowOffset(), piece.length());
        statistics.mapped(outcome, System.nanoTime() - start);
        if (isAnswer(outcome)) {
            unproven = null;
        }
        return outcome;
    }

    private Outcome askUnmap(Piece piece) {
        ShmemChannel current = channel;
        if (current == null) {
            return Outcome.NOT_SENT;
        }
        long start = System.nanoTime();
        Outcome outcome = current.unmap(piece.windowOffset(), piece.length());
        statistics.unmapped(outcome, System.nanoTime() - start);
        if (isAnswer(outcome)) {
            unproven = outcome == Outcome.DONE ? piece : null;
        }
        return outcome;
    }

    private static boolean isAnswer(Outcome outcome) {
        return outcome == Outcome.DONE || outcome == Outcome.REFUSED;
    }

    /**
     * Unmaps the piece that begins at {@code windowOffset}. Whatever comes of it, the piece counts
     * as unmapped; where that is not sure it is seen to before something else is mapped there.
     *
     * @return whether the guest cannot reach the piece any more
     */
    boolean unmap(long windowOffset) {
        Piece piece = live.remove(windowOffset);
        Outcome outcome = piece.epoch() == epoch ? askUnmap(piece) : Outcome.UNKNOWN;
        boolean sure = isAnswer(outcome);
        if (sure) {
            release(piece.file());
        } else {
            doubt(piece);
        }
        clear(piece);
        return sure;
    }

    /**
     * Whether the guest reaches none of a file's pieces that have been unmapped; asks the
     * front-end.
     *
     * <p>Its answer to the unmapping is no proof: QEMU 11.1 sends it before it takes the piece out.
     * But it does one thing after the other. So the answer to one more request, to unmap the last
     * piece once more, proves that the first one was done.
     */
    boolean areOut(FileId file) {
        if (channel == null) {
            return true; // and no front-end
        }
        List<Piece> pieces = doubtful.stream().filter(one -> one.file().equals(file)).toList();
        return pieces.stream().allMatch(this::drop)
                && (unproven == null || isAnswer(askUnmap(unproven)));
    }

    /**
     * Waits until the front-end does not use any more what it has unmapped of a file beyond {@code
     * size} bytes; not to be called under the window's monitor.
     *
     * @return whether that is so, as far as can be seen
     */
    boolean awaitUnused(Fd file, long size) {
        ShmemChannel current = channel;
        int process = current == null ? 0 : current.process();
        // One in this process maps and unmaps at once, and what we map ourselves is not to count.
        return process == 0
                || process == THIS_PROCESS
                || ProcessMaps.awaitEnd(syscalls, process, file, size);
    }

    /** Has a doubtful piece unmapped; whether it is known to be gone. */
    private boolean drop(Piece piece) {
        boolean gone = isAnswer(askUnmap(piece)); // refused if it was gone already
        if (gone) {
            forget(piece);
        }
        return gone;
    }

    private void clear(Piece piece) {
        announced.remove(piece.key(), piece);
        try {
            mirror.mapNothing(piece.windowOffset(), piece.length());
        } catch (LinuxException e) {
            throw new IllegalStateException("cannot clear part of the mirror", e);
        }
    }

    /** Has doubtful pieces in a range unmapped; true if there were any. */
    private boolean dropDoubtful(long windowOffset, long length) {
        List<Piece> pieces = doubtfulIn(windowOffset, length);
        pieces.forEach(this::drop);
        return !pieces.isEmpty();
    }

    private void forgetDoubtful(long windowOffset, long length) {
        doubtfulIn(windowOffset, length).forEach(this::forget);
    }

    private List<Piece> doubtfulIn(long windowOffset, long length) {
        return doubtful.stream()
                .filter(one -> one.windowOffset() < windowOffset + length)
                .filter(one -> one.end() > windowOffset)
                .toList();
    }

    /** Forgets all pieces: the front-end is gone, and its window with it. */
    void forgetAll() {
        doubtful.clear();
        unproven = null;
        files.clear();
        gone.clear();
    }

    @Override
    public void close() {
        mirror.close();
    }
}
