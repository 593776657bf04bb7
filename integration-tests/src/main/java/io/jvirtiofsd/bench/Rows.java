package io.jvirtiofsd.bench;

import io.jvirtiofsd.fake.FuseClient;
import io.jvirtiofsd.linux.NativeMemory;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.List;
import java.util.SplittableRandom;

/** The table of what is measured, and the chains that do it. Source: linux/fuse.h. */
final class Rows {
    // spotless:off
    static final List<Row> ALL =
            List.of(
                    new Row("getattr", 0, Rows::getattr, BareCalls::getattr),
                    new Row("lookup", 0, Rows::lookup, BareCalls::lookup),
                    new Row("lookup-miss", 0, Rows::lookupMiss, BareCalls::lookupMiss),
                    new Row("open", 0, Open::new, BareCalls::open),
                    new Row("list-10000", 0, Listing::new, BareCalls::list),
                    new Row("create", 0, Create::new, BareCalls::create),
                    new Row("rename", 0, Rename::new, BareCalls::rename),
                    new Row("read-4k", 4 << 10, reads(4 << 10, true), calls -> calls.read(4 << 10, true)),
                    new Row("read-128k", 128 << 10, reads(128 << 10, false), calls -> calls.read(128 << 10, false)),
                    new Row("read-1m", 1 << 20, reads(1 << 20, false), calls -> calls.read(1 << 20, false)),
                    new Row("write-4k", 4 << 10, writes(4 << 10, true), calls -> calls.write(4 << 10, true)),
                    new Row("write-128k", 128 << 10, writes(128 << 10, false), calls -> calls.write(128 << 10, false)),
                    new Row("write-1m", 1 << 20, writes(1 << 20, false), calls -> calls.write(1 << 20, false)),
                    new Row("fsync", 0, Sync::new, BareCalls::sync),
                    new Row("statfs", 0, Rows::statfs, BareCalls::statfs),
                    new Row("getxattr", 0, Rows::getxattr, BareCalls::getxattr),
                    new Row("listxattr", 0, Rows::listxattr, BareCalls::listxattr));

    private static final int LOOKUP = 1;
    private static final int GETATTR = 3;
    private static final int UNLINK = 10;
    private static final int RENAME = 12;
    private static final int OPEN = 14;
    private static final int READ = 15;
    private static final int WRITE = 16;
    private static final int STATFS = 17;
    private static final int RELEASE = 18;
    private static final int FSYNC = 20;
    private static final int GETXATTR = 22;
    private static final int LISTXATTR = 23;
    private static final int OPENDIR = 27;
    private static final int RELEASEDIR = 29;
    private static final int CREATE = 35;
    private static final int READDIRPLUS = 44;
    // spotless:on

    static final int LISTING_BYTES = 32 << 10; // what glibc reads at a time

    private static final int ENTRY_BYTES = 128; // struct fuse_entry_out
    private static final int ATTRIBUTES_BYTES = 104; // struct fuse_attr_out
    private static final int DIRENT_HEADER = 24; // struct fuse_dirent
    private static final int PAGE_BYTES = BenchShare.PAGE_BYTES;
    private static final int O_RDWR = 2; // asm-generic/fcntl.h
    private static final int O_CREAT = 0100; // likewise
    private static final int FILE_MODE = 0100644;
    private static final int ENOENT = 2; // asm-generic/errno-base.h
    private static final int NAME_BYTES = 255; // linux/limits.h
    private static final int XATTR_ROOM = 256;

    private Rows() {}

    /** The row of a name. */
    static Row named(String name) {
        return ALL.stream()
                .filter(row -> row.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no row " + name));
    }

    private static ByteBuffer bytes(int count) {
        return ByteBuffer.allocate(count).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static byte[] withName(ByteBuffer arguments, String... names) {
        byte[] all = (String.join("\0", names) + "\0").getBytes(StandardCharsets.UTF_8);
        return bytes(arguments.capacity() + all.length).put(arguments.array()).put(all).array();
    }

    private static byte[] read(long fh, int size) {
        return bytes(40).putLong(0, fh).putInt(16, size).array();
    }

    private static byte[] write(long fh, int size) {
        return bytes(40).putLong(0, fh).putInt(16, size).array();
    }

    /** An operation of one request, always the same. */
    private static Chain same(Call call, java.util.function.Predicate<Call> answered) {
        return new Chain() {
            @Override
            Call begin() {
                return call;
            }

            @Override
            Call next(Call answer) {
                require(answered.test(answer), "an answer without what was asked for");
                return null;
            }
        };
    }

    private static Chain getattr(Contender side, Contender.Slot slot, int index, int count) {
        long node = side.read().node();
        Call call = slot.call(0).request(GETATTR, node, new byte[16], ATTRIBUTES_BYTES);
        return same(call, answer -> answer.answer(16 + 8) == side.share().fileBytes());
    }

    private static Chain lookup(Contender side, Contender.Slot slot, int index, int count) {
        byte[] name = withName(bytes(0), "read");
        long node = side.read().node();
        Call call = slot.call(0).request(LOOKUP, FuseClient.ROOT, name, ENTRY_BYTES);
        return same(call, answer -> answer.answer(0) == node);
    }

    private static Chain lookupMiss(Contender side, Contender.Slot slot, int index, int count) {
        byte[] name = withName(bytes(0), "missing");
        Call call = slot.call(0).request(LOOKUP, FuseClient.ROOT, name, ENTRY_BYTES);
        return same(call.mayFail(ENOENT), answer -> answer.error() != 0 || answer.answer(0) == 0);
    }

    private static Chain statfs(Contender side, Contender.Slot slot, int index, int count) {
        Call call = slot.call(0).request(STATFS, FuseClient.ROOT, new byte[0], 80);
        return same(call, answer -> answer.answer(40) >>> 32 == NAME_BYTES);
    }

    private static Chain getxattr(Contender side, Contender.Slot slot, int index, int count) {
        byte[] arguments = withName(bytes(8).putInt(0, XATTR_ROOM), BenchShare.ATTRIBUTE);
        Call call = slot.call(0).upTo(GETXATTR, side.synced().node(), arguments, XATTR_ROOM);
        long value = bytes(8).put(BenchShare.ATTRIBUTE_VALUE).getLong(0);
        return same(call, answer -> answer.answerBytes() == 8 && answer.answer(0) == value);
    }

    private static Chain listxattr(Contender side, Contender.Slot slot, int index, int count) {
        byte[] arguments = bytes(8).putInt(0, XATTR_ROOM).array();
        Call call = slot.call(0).upTo(LISTXATTR, side.synced().node(), arguments, XATTR_ROOM);
        int least = BenchShare.ATTRIBUTE.length() + 1; // the host's security modules add theirs
        return same(call, answer -> answer.answerBytes() >= least);
    }

    /** OPEN, RELEASE. */
    private static final class Open extends Chain {
        private final Call open;
        private final Call release;

        Open(Contender side, Contender.Slot slot, int index, int count) {
            long node = side.read().node();
            open = slot.call(0).request(OPEN, node, bytes(8).putInt(0, O_RDWR).array(), 16);
            release = slot.call(1).request(RELEASE, node, bytes(24).putInt(8, O_RDWR).array(), 0);
        }

        @Override
        Call begin() {
            return open;
        }

        @Override
        Call next(Call answered) {
            return answered == open ? release.argument(0, open.answer(0)) : null;
        }

        @Override
        int requests() {
            return 2;
        }
    }

    /** OPENDIR, READDIRPLUS until there is no more, RELEASEDIR. */
    private static final class Listing extends Chain {
        private final NativeMemory memory;
        private final int data;
        private final Call opendir;
        private final Call readdirplus;
        private final Call releasedir;
        private final int names;
        private long fh;
        private int found;
        private int requests;
        private int all;

        Listing(Contender side, Contender.Slot slot, int index, int count) throws IOException {
            memory = slot.memory();
            data = slot.data();
            opendir = slot.call(0).request(OPENDIR, side.many(), new byte[8], 16);
            byte[] arguments = read(0, LISTING_BYTES);
            readdirplus =
                    slot.call(1).receiving(READDIRPLUS, side.many(), arguments, LISTING_BYTES);
            releasedir = slot.call(2).request(RELEASEDIR, side.many(), new byte[24], 0);
            names = side.share().names();
        }

        @Override
        Call begin() {
            found = 0;
            requests = 0;
            return opendir;
        }

        @Override
        Call next(Call answered) {
            requests++;
            if (answered == releasedir) {
                all = requests;
                return null;
            }
            if (answered == opendir) {
                fh = opendir.answer(0);
                return readdirplus.argument(0, fh).argument(8, 0);
            }
            if (answered.answerBytes() > 0) {
                return readdirplus.argument(8, lastOffset(answered.answerBytes()));
            }
            require(found == names, "a listing of " + found + " names");
            return releasedir.argument(0, fh);
        }

        /** Walks over the names; where the next ones begin. */
        private long lastOffset(int bytes) {
            long offset = 0;
            for (int at = 0; at < bytes; ) {
                int dirent = data + at + ENTRY_BYTES;
                int length = memory.getInt(dirent + 16);
                require(length > 0 && length <= NAME_BYTES, "a name of " + length + " bytes");
                boolean dots = memory.getByte(dirent + DIRENT_HEADER) == '.';
                require(dots || memory.getLong(data + at) != 0, "a name without its node");
                found += dots ? 0 : 1;
                offset = memory.getLong(dirent + 8);
                at += ENTRY_BYTES + (DIRENT_HEADER + length + 7 & -8);
            }
            return offset;
        }

        @Override
        int requests() {
            return all;
        }
    }

    /** CREATE, WRITE of a page, RELEASE, UNLINK; FORGET, which nobody waits for. */
    private static final class Create extends Chain {
        private final Contender side;
        private final Path file;
        private final Call create;
        private final Call write;
        private final Call release;
        private final Call unlink;
        private final long salt;
        private long node;
        private boolean verified;

        Create(Contender side, Contender.Slot slot, int index, int count) {
            this.side = side;
            String name = "new-" + index;
            file = side.share().folder().resolve("work").resolve(name);
            salt = side.newSalt();
            BenchShare.fill(slot.memory(), slot.data(), PAGE_BYTES, salt);
            ByteBuffer arguments = bytes(16).putInt(0, O_RDWR | O_CREAT).putInt(4, FILE_MODE);
            create =
                    slot.call(0)
                            .request(
                                    CREATE,
                                    side.work(),
                                    withName(arguments, name),
                                    ENTRY_BYTES + 16);
            write = slot.call(1).sending(WRITE, 0, write(0, PAGE_BYTES), PAGE_BYTES, 8);
            release = slot.call(2).request(RELEASE, 0, new byte[24], 0);
            unlink = slot.call(3).request(UNLINK, side.work(), withName(bytes(0), name), 0);
        }

        @Override
        Call begin() {
            return create;
        }

        @Override
        Call next(Call answered) {
            if (answered == create) {
                node = create.answer(0);
                long fh = create.answer(ENTRY_BYTES);
                release.node(node).argument(0, fh);
                return write.node(node).argument(0, fh);
            }
            if (answered == write) {
                require((int) write.answer(0) == PAGE_BYTES, "a short write");
                return release;
            }
            if (answered == release) {
                if (!verified) {
                    verify();
                }
                return unlink;
            }
            side.forget(node);
            return null;
        }

        /** Once: it takes longer than all the rest. */
        private void verify() {
            try {
                side.share().verify(file, 0, PAGE_BYTES, salt);
            } catch (IOException e) {
                throw new IllegalStateException(e.toString(), e);
            }
            verified = true;
        }

        @Override
        int requests() {
            return 4;
        }

        @Override
        void finish() {
            require(!Files.exists(file), "a name that was removed is there");
        }
    }

    /** RENAME, and back the next time. */
    private static final class Rename extends Chain {
        private final Path[] names = new Path[2];
        private final Call[] calls = new Call[2];
        private int now;

        Rename(Contender side, Contender.Slot slot, int index, int count) throws IOException {
            Path work = side.share().folder().resolve("work");
            for (int i = 0; i < 2; i++) {
                String from = "name-" + index + "-" + i;
                String to = "name-" + index + "-" + (1 - i);
                names[i] = work.resolve(from);
                byte[] arguments = withName(bytes(8).putLong(0, side.work()), from, to);
                calls[i] = slot.call(i).request(RENAME, side.work(), arguments, 0);
            }
            now = Files.exists(names[1]) ? 1 : 0;
            if (!Files.exists(names[now])) {
                Files.createFile(names[now]);
            }
        }

        @Override
        Call begin() {
            return calls[now];
        }

        @Override
        Call next(Call answered) {
            now = 1 - now;
            return null;
        }

        @Override
        void finish() {
            require(
                    Files.exists(names[now]) && !Files.exists(names[1 - now]),
                    "a name that was not changed");
        }
    }

    /** Which block of a file is a chain's next: no two chains have one in common. */
    private static final class Blocks {
        private final int bytes;
        private final int index;
        private final int stride;
        private final int own;
        private final SplittableRandom random; // null to go through them in order
        private int next;

        Blocks(int fileBytes, int bytes, boolean random, int index, int count) {
            this.bytes = bytes;
            this.index = index;
            this.stride = count;
            this.own = (fileBytes / bytes - index + count - 1) / count;
            Chain.require(own > 0, "more chains than blocks");
            this.random = random ? new SplittableRandom(index) : null;
        }

        long nextOffset() {
            int block = random != null ? random.nextInt(own) : next++ % own;
            return (long) (index + block * stride) * bytes;
        }
    }

    private static Row.ChainMaker reads(int bytes, boolean random) {
        return (side, slot, index, count) -> new Read(side, slot, index, count, bytes, random);
    }

    /** READ; the first is looked at to the byte, of the others 8 bytes of each page. */
    private static final class Read extends Chain {
        private final NativeMemory memory;
        private final int data;
        private final int bytes;
        private final Blocks blocks;
        private final Call read;
        private long offset;
        private int step = Long.BYTES;
        private int looked;

        Read(Contender side, Contender.Slot slot, int index, int count, int bytes, boolean random) {
            memory = slot.memory();
            data = slot.data();
            this.bytes = bytes;
            blocks = new Blocks(side.share().fileBytes(), bytes, random, index, count);
            read =
                    slot.call(0)
                            .receiving(
                                    READ, side.read().node(), read(side.read().fh(), bytes), bytes);
            memory.clear(data, bytes);
        }

        @Override
        Call begin() {
            offset = blocks.nextOffset();
            return read.argument(8, offset);
        }

        @Override
        Call next(Call answered) {
            require(answered.answerBytes() == bytes, "a short read");
            for (int at = looked; at < bytes; at += step) {
                if (memory.getLong(data + at) != BenchShare.word(0, offset + at)) {
                    throw new IllegalStateException(
                            "byte " + (offset + at) + " is not what the file has");
                }
            }
            step = PAGE_BYTES;
            looked = looked + 264 & PAGE_BYTES - 8; // another place of the page each time
            return null;
        }
    }

    private static Row.ChainMaker writes(int bytes, boolean random) {
        return (side, slot, index, count) -> new Write(side, slot, index, count, bytes, random);
    }

    /** WRITE; at the end all that was written is read on the host. */
    private static final class Write extends Chain {
        private final Contender side;
        private final int bytes;
        private final Blocks blocks;
        private final Call write;
        private final long salt;
        private final BitSet done = new BitSet();
        private long offset;

        Write(
                Contender side,
                Contender.Slot slot,
                int index,
                int count,
                int bytes,
                boolean random) {
            this.side = side;
            this.bytes = bytes;
            blocks = new Blocks(side.share().fileBytes(), bytes, random, index, count);
            salt = side.newSalt();
            BenchShare.fill(slot.memory(), slot.data(), bytes, salt);
            byte[] arguments = write(side.written().fh(), bytes);
            write = slot.call(0).sending(WRITE, side.written().node(), arguments, bytes, 8);
        }

        @Override
        Call begin() {
            offset = blocks.nextOffset();
            return write.argument(8, offset);
        }

        @Override
        Call next(Call answered) {
            require((int) write.answer(0) == bytes, "a short write");
            done.set((int) (offset / bytes));
            return null;
        }

        @Override
        void finish() throws IOException {
            ByteBuffer block = ByteBuffer.allocateDirect(bytes).order(ByteOrder.LITTLE_ENDIAN);
            try (FileChannel channel = FileChannel.open(side.written().file())) {
                for (int i = done.nextSetBit(0); i >= 0; i = done.nextSetBit(i + 1)) {
                    BenchShare.verify(channel, (long) i * bytes, block, salt);
                }
            }
        }
    }

    /** WRITE of a page, FSYNC; of a file for each, or one call would sync what all have written. */
    private static final class Sync extends Chain {
        private final Contender side;
        private final Contender.Opened file;
        private final Call write;
        private final Call fsync;

        Sync(Contender side, Contender.Slot slot, int index, int count) {
            this.side = side;
            this.file = side.make("synced-" + index);
            BenchShare.fill(slot.memory(), slot.data(), PAGE_BYTES, 0);
            byte[] arguments = write(file.fh(), PAGE_BYTES);
            write = slot.call(0).sending(WRITE, file.node(), arguments, PAGE_BYTES, 8);
            arguments = bytes(16).putLong(0, file.fh()).array();
            fsync = slot.call(1).request(FSYNC, file.node(), arguments, 0);
        }

        @Override
        Call begin() {
            return write;
        }

        @Override
        Call next(Call answered) {
            return answered == write ? fsync : null;
        }

        @Override
        int requests() {
            return 2;
        }

        @Override
        void finish() throws IOException {
            side.share().verify(file.file(), 0, PAGE_BYTES, 0);
            side.remove(file);
        }
    }
}
