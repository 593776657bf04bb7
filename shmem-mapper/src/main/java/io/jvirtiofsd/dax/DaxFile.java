package io.jvirtiofsd.dax;

import io.jvirtiofsd.linux.Fd;
import io.jvirtiofsd.linux.FileId;
import io.jvirtiofsd.linux.Syscalls;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.IntUnaryOperator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A file that the guest has mapped in the window, and the way to keep its shadow pages and the file
 * equal. Made by {@link DaxWindow#open}; owned by the window, which closes it with its last range.
 * There is one for a file, however many ways lead to it.
 *
 * <p>A request that reads or changes the file's bytes or size settles the file before and after. A
 * file without shadow pages costs one look at a field.
 *
 * <p><i>Thread-safe.</i> The file's monitor is taken inside the window's, never the other way
 * round, and is not held across a round trip to the front-end.
 */
public final class DaxFile {
    private static final Logger LOG = LoggerFactory.getLogger(DaxFile.class);
    private static final int SEEK_END = 2; // linux/fs.h

    private final Syscalls syscalls;
    private final Fd fd;
    private final FileId id;
    private final PendingCuts cuts;
    private final Consumer<DaxFile> grown;
    private final Consumer<DaxFile> shortened;
    private final List<DaxRange> ranges = new ArrayList<>();
    private boolean complained;
    private boolean closed;
    private Fd privatePath;

    /** What {@link #follow} was told when it last caught up; &minus;1 after a range was added. */
    private volatile long settledSize = -1;

    private volatile long settledStamp;

    /** Whether any byte is served by a shadow page, or may have to be when the file grows. */
    private volatile boolean mayHaveShadows;

    /**
     * @param fd open for reading and writing; taken
     * @param grown maps what this file has grown by
     * @param shortened unmaps what this file does not have any more
     */
    DaxFile(
            Syscalls syscalls,
            Fd fd,
            FileId id,
            PendingCuts cuts,
            Consumer<DaxFile> grown,
            Consumer<DaxFile> shortened) {
        this.syscalls = syscalls;
        this.fd = fd;
        this.id = id;
        this.cuts = cuts;
        this.grown = grown;
        this.shortened = shortened;
    }

    /** The descriptor, borrowed; valid until closed. */
    int fd() {
        return fd.number();
    }

    FileId id() {
        return id;
    }

    /** Takes a path descriptor through which to open the file without the guard's asking. */
    synchronized void usePrivatePath(Fd path) {
        privatePath = path;
    }

    /** Gives the private path back, to be closed by the caller; null if there is none. */
    synchronized Fd takePrivatePath() {
        Fd path = privatePath;
        privatePath = null;
        return path;
    }

    /**
     * Opens the file once more, for the guest.
     *
     * @param path leads to it, if there is no private path
     * @param opening given a path descriptor; must not wait
     */
    public int reopen(int path, IntUnaryOperator opening) {
        synchronized (this) {
            // Under the monitor: the private path may be taken away, and closed, at any time.
            if (privatePath != null) {
                return opening.applyAsInt(privatePath.number());
            }
        }
        return opening.applyAsInt(path);
    }

    /** The file's size, or a smaller one that it is about to get; 0 if it cannot be known. */
    synchronized long size() {
        if (closed) {
            return 0;
        }
        long ownCut = cuts.ownSize(id); // first: once it is gone the file has that size
        return Math.min(ownCut, cuts.sizeToBe(id, actualSize()));
    }

    /**
     * Bytes from the start whose pages may be mapped: nobody is about to cut them off. Of a file
     * that somebody may be cutting unseen there are none, though it keeps its {@link #size}.
     */
    synchronized long mappableSize() {
        return closed || cuts.isUnsure(id, actualSize()) ? 0 : size();
    }

    private long actualSize() {
        return Math.max(0, syscalls.lseek(fd.number(), 0, SEEK_END));
    }

    /** Somebody is about to cut the file by {@code call}. */
    synchronized void expect(BlockedCall call) {
        size(); // forgets those that are over
        cuts.add(id, call, actualSize());
    }

    /** Its ranges; for the window, under its monitor. */
    List<DaxRange> ranges() {
        return ranges;
    }

    synchronized void add(DaxRange range) {
        ranges.add(range);
        settledSize = -1;
    }

    synchronized void remove(DaxRange range) {
        ranges.remove(range);
        rangesChanged();
    }

    /**
     * Looks again whether any range has, or may get, shadow pages; to be called after each change
     * of a range.
     */
    synchronized void rangesChanged() {
        boolean any = false;
        for (DaxRange range : ranges) {
            any |= range.mayHaveShadow();
        }
        mayHaveShadows = any;
    }

    /**
     * Makes shadow pages and file equal in {@code [from, to)} and wherever the file's size has
     * changed; maps what the file has grown by. To be called before and after any access to the
     * file's bytes on behalf of the guest.
     */
    public void settle(long from, long to) {
        if (!mayHaveShadows) {
            return;
        }
        boolean lacking;
        synchronized (this) {
            if (closed) {
                return;
            }
            lacking = settleLocked(from, to, size());
        }
        if (lacking) {
            grown.accept(this);
        }
    }

    /** Settles all of the file. */
    public void settle() {
        settle(0, Long.MAX_VALUE);
    }

    /**
     * Settles all ranges, under the monitor.
     *
     * @return whether a range lacks a mapping, which the caller has made outside of the monitor
     */
    private boolean settleLocked(long from, long to, long size) {
        boolean lacking = false;
        for (DaxRange range : ranges) {
            if (!range.settle(fd.number(), size, from, to)) {
                complain();
            }
            lacking |= range.lacks(size);
        }
        return lacking;
    }

    private void complain() {
        if (!complained) {
            complained = true;
            LOG.warn(
                    "bytes that the guest stored behind the last page of {} are not in it yet", id);
        }
    }

    /** Brings what the guest has stored into the file, for its times to be right. */
    public void writeBack() {
        if (!mayHaveShadows) {
            return;
        }
        synchronized (this) {
            if (closed) {
                return;
            }
            for (DaxRange range : ranges) {
                if (!range.writeBack(fd.number())) {
                    complain();
                }
            }
        }
    }

    /**
     * Called with what stat(2) says before the guest is told: nobody must learn of bytes that the
     * window does not show yet.
     *
     * @param stamp changes whenever the file is changed, such as its time of modification
     */
    public void follow(long size, long stamp) {
        if (size != settledSize || stamp != settledStamp) {
            catchUp();
            settledSize = size; // not before: another thread's answer may depend on it
            settledStamp = stamp;
        }
    }

    /** Catches up with whatever has become of the file. */
    void catchUp() {
        if (reachesPastEnd()) {
            shortened.accept(this);
        } else {
            settle();
        }
    }

    private synchronized boolean reachesPastEnd() {
        long size = mappableSize();
        return ranges.stream().anyMatch(range -> range.split() > range.inFile(size));
    }

    /** Closes the file, of which nothing is mapped any more; for the window. */
    synchronized void end() {
        closed = true;
        fd.close();
    }
}
