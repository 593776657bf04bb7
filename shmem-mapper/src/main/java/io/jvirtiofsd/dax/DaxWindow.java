package io.jvirtiofsd.dax;

import io.jvirtiofsd.linux.Fd;
import io.jvirtiofsd.linux.FileId;
import io.jvirtiofsd.linux.LinuxErrno;
import io.jvirtiofsd.linux.LinuxException;
import io.jvirtiofsd.linux.Parts;
import io.jvirtiofsd.linux.Syscalls;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/**
 * The guest's shared memory region for file pages: checks what the guest asks for, tracks it range
 * by range, and has the front-end map the pieces that serve it. Owned by the back-end; outlives
 * sessions and front-ends.
 *
 * <p>virtio-fs lets a mapping replace others, be removed in part and reach past the end of a file;
 * SHMEM_MAP wants free space, SHMEM_UNMAP a whole earlier map, and QEMU no byte past the end. What
 * lies between those rules is bridged here and in {@link ShadowPages}.
 *
 * <p><i>Thread-safe.</i> The monitor is held across round trips to the front-end, so the thread
 * that serves the main socket must not enter it while the front-end can be asked: it uses {@link
 * #pieceAt}, {@link #isMapped}, {@link #attach}, {@link #detach}, {@link #located} and {@link
 * #restarted} only. It may call {@link #newFrontEnd} and {@link #forget} once the channel is
 * suspended or gone, since nobody waits for an answer then. Source: virtio 1.3, 5.11.6.3; fuse.h.
 */
public final class DaxWindow implements AutoCloseable {
    /** What sizes are multiples of: the unit in which Linux divides the window. */
    public static final long RANGE_BYTES = DaxRange.USUAL_BYTES;

    private static final int PAGE_BYTES = 4096;
    private static final int LOCATING_MILLIS = 500;

    private static final long MAX_RANGE_BYTES = 1 << 30; // such that offsets inside are ints

    /** Says which file to map; called under the monitor, so that nobody closes it meanwhile. */
    @FunctionalInterface
    public interface FileSource<E extends Exception> {
        /** What {@link #find} finds or {@link #open} makes. */
        DaxFile get() throws E;
    }

    /** A change to a file, for {@link #change}; it returns 0 or more, or a negated errno. */
    @FunctionalInterface
    public interface Change<E extends Exception> {
        int apply() throws E;
    }

    private final Syscalls syscalls;
    private final long bytes;
    private final DaxStatistics statistics = new DaxStatistics();
    private final WindowPieces pieces;
    private final Layout layout;
    private final FileWatch watch;
    private final boolean sparesPieces;
    private final RangeTable ranges = new RangeTable();
    private final PendingCuts cuts = new PendingCuts();

    /** The files that are open here, one for each file of the host. */
    private final Map<FileId, DaxFile> files = new ConcurrentHashMap<>();

    /**
     * Files without any range. The operation that has taken the last range closes them at its end.
     */
    private final Set<DaxFile> idle = new HashSet<>();

    /** Open once it is known where the guest has the window; a new one for each front-end. */
    private volatile CountDownLatch located = new CountDownLatch(1);

    /**
     * Whether this front-end has mapped a piece: the first SETUPMAPPING waits for {@link #located}.
     */
    private boolean mapped;

    private DaxWindow(Syscalls syscalls, long bytes, GuardMode guard) throws LinuxException {
        this.syscalls = syscalls;
        this.bytes = bytes;
        this.sparesPieces = guard != GuardMode.WAIT;
        try (Parts parts = new Parts()) {
            this.watch = parts.add(new FileWatch(syscalls, guard, cuts, this::cut));
            this.pieces = parts.add(new WindowPieces(syscalls, bytes, statistics));
            this.layout = new Layout(syscalls, bytes, pieces, statistics);
            parts.complete();
        }
    }

    /**
     * A window with nothing in it.
     *
     * @param bytes a multiple of {@link #RANGE_BYTES}
     * @param guard what becomes of other programs that cut a file while it is mapped
     */
    public static DaxWindow open(Syscalls syscalls, long bytes, GuardMode guard)
            throws LinuxException {
        if (bytes <= 0 || bytes % RANGE_BYTES != 0) {
            throw new IllegalArgumentException("window of " + bytes + " bytes");
        }
        return new DaxWindow(syscalls, bytes, guard);
    }

    public long bytes() {
        return bytes;
    }

    /** Our address of the window's byte 0; only system calls may touch what is there. */
    public long mirrorAddress() {
        return pieces.mirrorAddress();
    }

    /** Window offset of the piece that these figures of a memory region are of, or &minus;1. */
    public long pieceAt(FileId file, long fileOffset, long length) {
        return pieces.find(file, fileOffset, length);
    }

    /** Whether a memory region with this file can only be a piece of the window. */
    public boolean isMapped(FileId file) {
        return pieces.knows(file);
    }

    /** Uses {@code channel}, borrowed, from now on. */
    public void attach(ShmemChannel channel) {
        pieces.use(channel);
    }

    /** Stops using the channel: the front-end is gone. */
    public void detach() {
        pieces.use(null);
        pieces.restarted();
    }

    /** Whether there is a front-end that can map. */
    public boolean isAttached() {
        return pieces.hasChannel();
    }

    /**
     * Called when it is known where the guest has the window: ends the wait of the first
     * SETUPMAPPING.
     */
    public void located() {
        located.countDown();
    }

    /** The device has been reset: the front-end may have dropped all maps by itself. */
    public void restarted() {
        pieces.restarted();
    }

    /**
     * Begins with a front-end that has mapped nothing yet: drops all ranges, and what was known of
     * the last one.
     */
    public synchronized void newFrontEnd() {
        clear();
        pieces.forgetAll();
        layout.newFrontEnd();
        located = new CountDownLatch(1);
        mapped = false;
    }

    /** Whether any file is open here. Any thread may ask. */
    public boolean hasFiles() {
        return !files.isEmpty();
    }

    /** The file if it is open here, or null. Any thread may ask. */
    public DaxFile find(FileId id) {
        return files.get(id);
    }

    /**
     * Makes a regular file known that is to be mapped and that {@link #find} does not find; for a
     * {@link FileSource}. It is closed when nothing of it is mapped any more.
     *
     * @param fd open for reading and writing; taken
     */
    public synchronized DaxFile open(Fd fd, FileId id) {
        DaxFile file = new DaxFile(syscalls, fd, id, cuts, this::grow, this::shortened);
        files.put(id, file);
        watch.add(file);
        return file;
    }

    /** Brings what the guest has stored in shadow pages into all files. */
    public void writeBack() {
        files.values().forEach(DaxFile::writeBack);
    }

    /**
     * FUSE_SETUPMAPPING: shows {@code length} bytes of a file at {@code windowOffset}, in place of
     * whatever was there.
     *
     * @return 0, or a negated errno: EINVAL for a range that cannot be, ENOMEM when the front-end
     *     has no more room, EIO when it refuses or does not answer
     */
    public synchronized <E extends Exception> int setup(
            FileSource<E> source, long fileOffset, long windowOffset, long length) throws E {
        if (!contains(windowOffset, length)
                || length > MAX_RANGE_BYTES
                || fileOffset < 0
                || fileOffset % PAGE_BYTES != 0
                || fileOffset > Long.MAX_VALUE - length) {
            return -LinuxErrno.EINVAL;
        }
        DaxFile file = source.get();
        int result = place(file, fileOffset, windowOffset, length);
        if (file.ranges().isEmpty()) {
            idle.add(file);
        }
        closeIdle();
        return result;
    }

    private int place(DaxFile file, long fileOffset, long windowOffset, long length) {
        DaxRange there = ranges.at(windowOffset);
        if (there != null && there.covers(file, fileOffset, windowOffset, length)) {
            return grow(file); // an upgrade to writing: mapped read-write from the start
        }
        int result = makeRoom(windowOffset, length, 1);
        if (result == 0) {
            DaxRange fresh = new DaxRange(file, fileOffset, windowOffset, (int) length);
            result = add(fresh);
            if (result < 0) {
                drop(fresh);
            }
        }
        if (!mapped && pieces.count() > 0) {
            mapped = true;
            awaitLocated();
        }
        return result;
    }

    /**
     * Gives the front-end time to announce the first piece: once the guest has the answer it may
     * use the window for buffers, which can only be found when its place is known.
     */
    private void awaitLocated() {
        try {
            located.await(LOCATING_MILLIS, TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Whether these are whole pages inside the window. */
    public boolean contains(long windowOffset, long length) {
        return length > 0
                && windowOffset >= 0
                && length % PAGE_BYTES == 0
                && windowOffset % PAGE_BYTES == 0
                && length <= bytes
                && windowOffset <= bytes - length;
    }

    /**
     * One range of FUSE_REMOVEMAPPING, whatever is there or is not.
     *
     * @return 0, or a negated errno: EINVAL, EIO, ENOMEM when it would leave too many ranges
     */
    public synchronized int remove(long windowOffset, long length) {
        if (!contains(windowOffset, length)) {
            return -LinuxErrno.EINVAL;
        }
        statistics.reclaimed();
        int result = makeRoom(windowOffset, length, 0);
        closeIdle();
        return result;
    }

    private void closeIdle() {
        for (DaxFile file : idle) {
            if (files.remove(file.id(), file)) {
                watch.remove(file);
                file.end();
            }
        }
        idle.clear();
    }

    /** Unmaps everything; the ranges' bytes are in their files. */
    public synchronized void clear() {
        for (DaxRange range : ranges.all()) {
            drop(range);
        }
        closeIdle();
    }

    /**
     * Empties a part of the window. What reaches out of it at its sides stays, without a piece
     * where there is no room for one.
     *
     * @param more ranges that are to follow
     * @return 0, or a negated errno: ENOMEM when there would be too many ranges, and nothing has
     *     changed; EIO when the front-end may still show what was there
     */
    private int makeRoom(long windowOffset, long length, int more) {
        long end = windowOffset + length;
        List<DaxRange> old = ranges.overlapping(windowOffset, end);
        List<DaxRange> sides = RangeTable.sides(old, windowOffset, end);
        // Counted before anything is dropped: a refusal changes nothing.
        if (!ranges.hasRoomFor(sides.size() - old.size() + more)) {
            return -LinuxErrno.ENOMEM;
        }
        int result = 0;
        for (DaxRange range : old) {
            if (!drop(range)) {
                result = -LinuxErrno.EIO;
            }
        }
        // SHMEM_UNMAP takes out whole pieces only, so what stays at the sides is mapped anew.
        for (DaxRange side : sides) {
            int added = add(side);
            result = result == 0 ? added : result;
        }
        return result;
    }

    private int add(DaxRange range) {
        ranges.add(range);
        layout.use(range.length);
        range.file.add(range);
        idle.remove(range.file);
        int result = layout.mapPieces(range);
        range.file.rangesChanged();
        return result;
    }

    /**
     * Takes a range out.
     *
     * @return whether the guest is known to be unable to reach it any more
     */
    private boolean drop(DaxRange range) {
        boolean sure = layout.unmapPieces(range);
        ranges.remove(range);
        layout.use(-range.length);
        range.file.remove(range);
        if (range.file.ranges().isEmpty()) {
            idle.add(range.file);
        }
        return sure;
    }

    /**
     * Maps what a file has grown by, without touching what is mapped: the guest is using it.
     *
     * @return 0, or the first negated errno of {@link Layout#extend}
     */
    private synchronized int grow(DaxFile file) {
        int result = 0;
        for (DaxRange range : List.copyOf(file.ranges())) {
            long size = file.size();
            if (range.lacks(size)) {
                int grown = layout.extend(range, size);
                result = result == 0 ? grown : result;
            }
        }
        file.rangesChanged();
        return result;
    }

    /**
     * Applies a change of the guest's to a file's size, or to which bytes it has, while the guest
     * keeps away from its maps: what would lie beyond the end is unmapped first and not mapped
     * meanwhile. The file need not be mapped.
     *
     * @param size of the file after the change, if that may be less than now
     * @return what {@code change} returned
     */
    public <E extends Exception> int change(FileId id, long size, Change<E> change) throws E {
        cuts.begin(id, size); // before the file is looked for: it may be mapped just now
        DaxFile mapped = find(id);
        try {
            if (mapped != null) {
                beforeChange(mapped, size);
            }
            return change.apply(); // not under a monitor: another daemon's guard may ask ours
        } finally {
            cuts.end(id, size);
            mapped = find(id);
            if (mapped != null) {
                afterChange(mapped);
            }
        }
    }

    private synchronized void beforeChange(DaxFile file, long size) {
        file.settle();
        for (DaxRange range : file.ranges()) {
            if (layout.reachesPast(range, size)) {
                layout.unmapPieces(range);
            }
        }
    }

    /**
     * Maps what the file has now. The guest keeps away from its maps until it has its answer, so
     * this is the time to replace many shadow pages by the file's own.
     */
    private synchronized void afterChange(DaxFile file) {
        for (DaxRange range : file.ranges()) {
            if (layout.isWasteful(range, file.mappableSize())) {
                layout.unmapPieces(range);
            }
        }
        mapMissing(file);
    }

    /**
     * Somebody else is about to cut a file by {@code call}, which need not be open here any more.
     *
     * @return whether that may be: what it cuts off is not mapped, and known not to be used. A cut
     *     through the middle of a piece is refused unless the guard may take out such a piece.
     */
    private boolean cut(Fd file, BlockedCall call) throws LinuxException {
        return takeOut(FileId.of(syscalls, file), call) && pieces.awaitUnused(file, call.keeps());
    }

    private synchronized boolean takeOut(FileId id, BlockedCall call) {
        DaxFile file = find(id);
        if (file == null) {
            // Noted all the same: the guest may map the file before the program makes its call.
            cuts.add(id, call, 0);
            return pieces.areOut(id);
        }
        long size = call.keeps();
        if (sparesPieces && file.ranges().stream().anyMatch(range -> layout.divides(range, size))) {
            return false;
        }
        // Noted first, so that what is mapped again ends where the file is about to end.
        file.expect(call);
        shortened(file);
        return pieces.areOut(id);
    }

    /** Somebody else may have cut the file short: nothing may stay mapped beyond its end. */
    private synchronized void shortened(DaxFile file) {
        for (DaxRange range : file.ranges()) {
            if (layout.reachesPast(range, file.mappableSize())) {
                layout.unmapPieces(range);
                layout.mapPieces(range); // at once: the guest may be using what stays
            }
        }
        mapMissing(file);
    }

    private void mapMissing(DaxFile file) {
        for (DaxRange range : List.copyOf(file.ranges())) {
            if (range.isBare()) {
                layout.mapPieces(range); // what fails is tried again at the next look at the file
            }
        }
        file.rangesChanged();
        file.settle();
    }

    /**
     * Unmaps all of a file and closes it, if it is open.
     *
     * @param wanted asked under the monitor: whether the guest still knows it by another way
     */
    public synchronized void forget(FileId id, BooleanSupplier wanted) {
        DaxFile file = find(id);
        if (file == null || wanted.getAsBoolean()) {
            return;
        }
        for (DaxRange range : List.copyOf(file.ranges())) {
            drop(range);
        }
        idle.add(file);
        closeIdle();
    }

    /**
     * The ranges, pieces and counts as one text for people; empty while nobody has mapped anything.
     */
    public synchronized String report() {
        int tails = (int) ranges.all().stream().filter(DaxRange::hasShadow).count();
        return statistics.report(bytes, ranges.count(), tails, pieces);
    }

    /** Lets go of all memory; no front-end may be attached and no file be open any more. */
    @Override
    public void close() {
        newFrontEnd();
        watch.close();
        pieces.close();
    }
}
