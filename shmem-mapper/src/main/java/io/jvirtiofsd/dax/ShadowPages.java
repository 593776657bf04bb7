package io.jvirtiofsd.dax;

import io.jvirtiofsd.linux.Fd;
import io.jvirtiofsd.linux.FileId;
import io.jvirtiofsd.linux.LinuxErrno;
import io.jvirtiofsd.linux.LinuxException;
import io.jvirtiofsd.linux.Mapping;
import io.jvirtiofsd.linux.Memfd;
import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.linux.Parts;
import io.jvirtiofsd.linux.Resource;
import io.jvirtiofsd.linux.Scratch;
import io.jvirtiofsd.linux.Syscalls;

/**
 * Pages that stand in for pages of files where a front-end does not map the file itself: behind the
 * last whole page. A sparse memfd, shared with the guest, and a private twin that tells what the
 * guest has stored; both as large as the window, a page at its own window offset.
 *
 * <p><i>Guarded by the monitor of a range's file</i>: no two threads settle the same bytes at a
 * time.
 */
final class ShadowPages implements Resource {
    private static final int PAGE_BYTES = 4096;
    private static final int FALLOC_FL_KEEP_SIZE = 1; // linux/falloc.h
    private static final int FALLOC_FL_PUNCH_HOLE = 2; // linux/falloc.h

    private final Syscalls syscalls;
    private final DaxStatistics statistics;
    private final Fd memfd;
    private final Mapping shared;
    private final Mapping twin;
    private final FileId id;

    ShadowPages(Syscalls syscalls, long bytes, DaxStatistics statistics) throws LinuxException {
        this.syscalls = syscalls;
        this.statistics = statistics;
        try (Parts parts = new Parts()) {
            this.memfd = parts.add(Memfd.sealed(syscalls, bytes, "jvirtiofsd-tails"));
            this.id = FileId.of(syscalls, memfd);
            this.shared = parts.add(Mapping.map(syscalls, memfd.number(), 0, bytes));
            this.twin = Mapping.anonymous(syscalls, bytes);
            parts.complete();
        }
    }

    /** The memfd, borrowed. */
    int fd() {
        return memfd.number();
    }

    FileId id() {
        return id;
    }

    /** The part of both areas that belongs to {@code length} bytes at {@code windowOffset}. */
    Range range(long windowOffset, int length) {
        return new Range(
                windowOffset,
                NativeMemory.view(shared.address() + windowOffset, length),
                NativeMemory.view(twin.address() + windowOffset, length));
    }

    @Override
    public void close() {
        twin.close();
        shared.close();
        memfd.close();
    }

    /** A range of shadow pages. Offsets count from its start. */
    final class Range {
        private final long windowOffset;
        private final NativeMemory shadow;
        private final NativeMemory seen;

        private Range(long windowOffset, NativeMemory shadow, NativeMemory seen) {
            this.windowOffset = windowOffset;
            this.shadow = shadow;
            this.seen = seen;
        }

        /**
         * Brings what the guest has stored at {@code [from, to)} into the file. Stores go through a
         * mapping of the file: unlike a write(2) they cannot make it longer when somebody is just
         * making it shorter.
         *
         * @param start where the range begins in the file
         * @return whether all of it arrived
         */
        boolean writeBack(int fd, long start, int from, int to) {
            int at = from;
            while (at < to) {
                // Each run of bytes that differ from the twin was stored by the guest.
                int equal = shadow.mismatch(at, seen, at, to - at);
                if (equal < 0) {
                    return true;
                }
                int dirty = at + equal;
                int end = dirty + 1;
                while (end < to && shadow.getByte(end) != seen.getByte(end)) {
                    end++;
                }
                if (!store(fd, start, dirty, end)) {
                    return false;
                }
                at = end;
            }
            return true;
        }

        private boolean store(int fd, long start, int dirty, int end) {
            // The kernel copies from the memfd into a mapping of the file. A page that is cut off
            // meanwhile
            // makes it stop short; a store of ours would end the process.
            long page = start + dirty & -PAGE_BYTES;
            int lead = (int) (start + dirty - page);
            try (Mapping file = Mapping.map(syscalls, fd, page, roundUp(lead + end - dirty))) {
                NativeMemory vector = Scratch.get().small();
                vector.putLong(0, file.address() + lead);
                vector.putLong(8, end - dirty);
                long stored =
                        syscalls.preadv2(
                                memfd.number(), vector.address(), 1, windowOffset + dirty, 0);
                if (stored != end - dirty) {
                    return false;
                }
                // Not what was just stored, which the guest may have changed meanwhile.
                vector.putLong(0, seen.address(dirty));
                vector.putLong(8, end - dirty);
                syscalls.preadv2(fd, vector.address(), 1, start + dirty, 0);
                statistics.writtenBack();
                return true;
            } catch (LinuxException e) {
                return false;
            }
        }

        /**
         * Brings what the file holds at {@code [from, to)} to the guest, except where the guest has
         * just stored something itself.
         *
         * @param start where the range begins in the file
         * @param bytesInFile bytes of the range that were part of the file when last looked at:
         *     what lies beyond takes the file's bytes whatever the guest stored there
         */
        void refresh(int fd, long start, int from, int to, int bytesInFile) {
            NativeMemory file = Scratch.get().large();
            int at = from;
            while (at < to) {
                int wanted = Math.min(file.size(), to - at);
                int got = read(fd, file, start + at, wanted);
                take(file, at, got, bytesInFile);
                if (got < wanted) { // the end of the file: what was beyond it is no more
                    clear(at + got, Math.min(to, roundUp(bytesInFile)));
                    return;
                }
                at += got;
            }
        }

        private int read(int fd, NativeMemory target, long offset, int wanted) {
            NativeMemory vector = Scratch.get().small();
            int done = 0;
            while (done < wanted) {
                vector.putLong(0, target.address(done));
                vector.putLong(8, wanted - done);
                long got = syscalls.preadv2(fd, vector.address(), 1, offset + done, 0);
                if (got == -LinuxErrno.EINTR) {
                    continue;
                }
                if (got <= 0) {
                    break;
                }
                done += (int) got;
            }
            return done;
        }

        private void take(NativeMemory file, int at, int length, int bytesInFile) {
            int compared = Math.max(0, Math.min(length, bytesInFile - at));
            int i = 0;
            while (i < compared) {
                // A byte that differs from the twin was changed in the file by somebody else. The
                // guest gets it
                // unless it has just stored something there itself.
                int equal = file.mismatch(i, seen, at + i, compared - i);
                if (equal < 0) {
                    break;
                }
                i += equal;
                byte value = file.getByte(i);
                if (shadow.getByte(at + i) == seen.getByte(at + i)) {
                    shadow.putByte(at + i, value);
                }
                seen.putByte(at + i, value);
                i++;
            }
            shadow.put(at + compared, file, compared, length - compared);
            seen.put(at + compared, file, compared, length - compared);
        }

        private void clear(int from, int to) {
            if (from < to) {
                shadow.clear(from, to - from);
                seen.clear(from, to - from);
            }
        }

        /** Gives the pages back; both areas read as zeros again. */
        void discard() {
            syscalls.fallocate(
                    memfd.number(),
                    FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                    windowOffset,
                    shadow.size());
            twin.discard(windowOffset, shadow.size());
        }
    }

    private static int roundUp(int bytes) {
        return bytes + PAGE_BYTES - 1 & -PAGE_BYTES;
    }
}
