package io.jvirtiofsd.fake;

import io.jvirtiofsd.vhost.FakeDriver;
import io.jvirtiofsd.vhost.FakeFrontend;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * The guest's kernel, as far as a test needs it: typed FUSE requests over one request queue and
 * hiprio. Owned by the test.
 *
 * <p>Every answer's length and id are checked. <i>Confined to the test's thread.</i> Source:
 * fuse.h.
 */
public final class FuseClient {
    public static final long ROOT = 1;

    private static final int OUT_HEADER = 16;
    private static final int MINOR = 45;

    private final FakeDriver hiprio;
    private final FakeDriver queue;
    private final byte[] request = new byte[FakeDriver.SLOT_BYTES];
    private final ByteBuffer out = ByteBuffer.wrap(request).order(java.nio.ByteOrder.LITTLE_ENDIAN);
    private long unique;
    private int uid;
    private int gid;

    /** What LOOKUP and all that makes a node answer. */
    public record Node(long nodeId, int mode, long size, int nlink, int uid, int gid, long ino) {}

    /** What CREATE answers. */
    public record Created(Node node, long fh) {}

    /** One name of a directory; {@code nodeId} is 0 without attributes. */
    public record DirEntry(String name, long nodeId, long offset, int type) {}

    public FuseClient(FakeFrontend frontend, int requestQueue) {
        this.hiprio = frontend.queue(0);
        this.queue = frontend.queue(requestQueue);
    }

    /** Sends the following requests as this caller. */
    public FuseClient as(int uid, int gid) {
        this.uid = uid;
        this.gid = gid;
        return this;
    }

    private FuseClient begin(int opcode, long nodeId) {
        unique += 2;
        out.clear().position(4);
        out.putInt(opcode).putLong(unique).putLong(nodeId);
        out.putInt(uid).putInt(gid).putInt(1).putInt(0);
        return this;
    }

    private FuseClient u32(int... values) {
        for (int value : values) {
            out.putInt(value);
        }
        return this;
    }

    private FuseClient u64(long... values) {
        for (long value : values) {
            out.putLong(value);
        }
        return this;
    }

    private FuseClient bytes(byte[] bytes) {
        out.put(bytes);
        return this;
    }

    private FuseClient name(byte[] name) {
        out.put(name).put((byte) 0);
        return this;
    }

    private FuseClient name(String name) {
        return name(name.getBytes(StandardCharsets.UTF_8));
    }

    /** Sends what was begun; the body of the answer, of at most {@code room} bytes. */
    private ByteBuffer ask(int room) {
        out.putInt(0, out.position());
        queue.submit(0, request, out.position(), OUT_HEADER + room);
        return answer(queue.await(), room);
    }

    private ByteBuffer answer(int used, int room) {
        ByteBuffer in = FakeFrontend.buffer(used).put(queue.answer(0, used)).flip();
        if (used < OUT_HEADER || in.getInt(0) != used || used > OUT_HEADER + room) {
            throw new IllegalStateException(
                    "used length " + used + ", answer says " + in.getInt(0));
        }
        if (in.getLong(8) != unique) {
            throw new IllegalStateException("answer to " + in.getLong(8) + ", not " + unique);
        }
        int error = in.getInt(4);
        if (error != 0) {
            if (used != OUT_HEADER || error > 0 || error <= -512) {
                throw new IllegalStateException("error " + error + " in " + used + " bytes");
            }
            throw new FuseErrorException(-error);
        }
        return in.position(OUT_HEADER).slice().order(java.nio.ByteOrder.LITTLE_ENDIAN);
    }

    private ByteBuffer ask(int room, int exactly) {
        ByteBuffer in = ask(room);
        if (in.remaining() != exactly) {
            throw new IllegalStateException("answer of " + in.remaining() + " bytes");
        }
        return in;
    }

    /** A request of any bytes after the header; the body of the answer. */
    public byte[] raw(int opcode, long nodeId, byte[] arguments, int room) {
        return raw(opcode, nodeId, 0, arguments, room);
    }

    /**
     * A request of any bytes after the header, of which the last {@code extensionWords} times 8 are
     * extension records; the body of the answer.
     */
    public byte[] raw(int opcode, long nodeId, int extensionWords, byte[] arguments, int room) {
        begin(opcode, nodeId);
        out.putShort(36, (short) extensionWords); // total_extlen
        ByteBuffer in = bytes(arguments).ask(room);
        byte[] body = new byte[in.remaining()];
        in.get(body);
        return body;
    }

    /** A request that may have no answer: its error, 0 for success, &minus;1 without answer. */
    public int outcome(int opcode, long nodeId, byte[] arguments, int room) {
        begin(opcode, nodeId).bytes(arguments);
        out.putInt(0, out.position());
        queue.submit(0, request, out.position(), OUT_HEADER + room);
        int used = queue.await();
        if (used == 0) {
            return -1;
        }
        try {
            answer(used, room);
            return 0;
        } catch (FuseErrorException e) {
            return e.errno();
        }
    }

    /** INIT with these flags; the flags that were accepted. */
    public long init(long flags) {
        begin(26, 0).u32(7, MINOR, 131072, (int) flags, (int) (flags >>> 32));
        u32(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
        ByteBuffer in = ask(64, 64);
        return in.getInt(12) & 0xffffffffL | (long) in.getInt(32) << 32;
    }

    public void destroy() {
        begin(38, 0).ask(0, 0);
    }

    private Node node(ByteBuffer in, int attr, long nodeId) {
        return new Node(
                nodeId,
                in.getInt(attr + 60),
                in.getLong(attr + 8),
                in.getInt(attr + 64),
                in.getInt(attr + 68),
                in.getInt(attr + 72),
                in.getLong(attr));
    }

    private Node entry(ByteBuffer in) {
        return node(in, 40, in.getLong(0));
    }

    public Node lookup(long parent, String name) {
        return entry(begin(1, parent).name(name).ask(128, 128));
    }

    public Node lookup(long parent, byte[] name) {
        return entry(begin(1, parent).name(name).ask(128, 128));
    }

    /** FORGET on the hiprio queue; waits until it has been used. */
    public void forget(long nodeId, long lookups) {
        begin(2, nodeId).u64(lookups).post();
    }

    /** BATCH_FORGET on the hiprio queue: takes one lookup of each node back. */
    public void batchForget(long... nodeIds) {
        begin(42, 0).u32(nodeIds.length, 0);
        for (long nodeId : nodeIds) {
            u64(nodeId, 1);
        }
        post();
    }

    private void post() {
        out.putInt(0, out.position());
        hiprio.submit(0, request, out.position(), 0);
        if (hiprio.await() != 0) {
            throw new IllegalStateException("what has no answer was answered");
        }
    }

    public Node getattr(long nodeId) {
        return node(begin(3, nodeId).u32(0, 0).u64(0).ask(104, 104), 16, nodeId);
    }

    /** Through an open file. */
    public Node getattr(long nodeId, long fh) {
        return node(begin(3, nodeId).u32(1, 0).u64(fh).ask(104, 104), 16, nodeId);
    }

    /** SETATTR of what {@code valid} names. */
    public Node setattr(long nodeId, int valid, int mode, int uid, int gid, long size) {
        begin(4, nodeId).u32(valid, 0).u64(0, size, 0, 0, 0, 0).u32(0, 0, 0, mode, 0, uid, gid, 0);
        return node(ask(104, 104), 16, nodeId);
    }

    public String readlink(long nodeId) {
        return StandardCharsets.UTF_8.decode(begin(5, nodeId).ask(4096)).toString();
    }

    public Node symlink(long parent, String name, String target) {
        return entry(begin(6, parent).name(name).name(target).ask(128, 128));
    }

    public Node mknod(long parent, String name, int mode, int rdev) {
        return entry(begin(8, parent).u32(mode, rdev, 0, 0).name(name).ask(128, 128));
    }

    public Node mkdir(long parent, String name, int mode) {
        return entry(begin(9, parent).u32(mode, 0).name(name).ask(128, 128));
    }

    public void unlink(long parent, String name) {
        begin(10, parent).name(name).ask(0, 0);
    }

    public void rmdir(long parent, String name) {
        begin(11, parent).name(name).ask(0, 0);
    }

    public void rename(long parent, String name, long newParent, String newName, int flags) {
        begin(45, parent).u64(newParent).u32(flags, 0).name(name).name(newName).ask(0, 0);
    }

    /** The request of old guests, and of new ones without flags. */
    public void rename(long parent, String name, long newParent, String newName) {
        begin(12, parent).u64(newParent).name(name).name(newName).ask(0, 0);
    }

    public Node link(long nodeId, long newParent, String newName) {
        return entry(begin(13, newParent).u64(nodeId).name(newName).ask(128, 128));
    }

    public long open(long nodeId, int flags) {
        return open(nodeId, flags, 0);
    }

    /** With FUSE_OPEN_ flags. */
    public long open(long nodeId, int flags, int openFlags) {
        return begin(14, nodeId).u32(flags, openFlags).ask(16, 16).getLong(0);
    }

    public Created create(long parent, String name, int flags, int mode) {
        ByteBuffer in = begin(35, parent).u32(flags, mode, 0, 0).name(name).ask(144, 144);
        return new Created(entry(in), in.getLong(128));
    }

    public byte[] read(long nodeId, long fh, long offset, int size) {
        begin(15, nodeId).u64(fh, offset).u32(size, 0).u64(0).u32(0, 0);
        ByteBuffer in = ask(size);
        byte[] data = new byte[in.remaining()];
        in.get(data);
        return data;
    }

    public int write(long nodeId, long fh, long offset, byte[] data) {
        return write(nodeId, fh, offset, 0, data);
    }

    public int write(long nodeId, long fh, long offset, int writeFlags, byte[] data) {
        return write(nodeId, fh, offset, writeFlags, 0, data);
    }

    /** Writes through a file that has these {@code openFlags} now; how many bytes were written. */
    public int write(
            long nodeId, long fh, long offset, int writeFlags, int openFlags, byte[] data) {
        begin(16, nodeId).u64(fh, offset).u32(data.length, writeFlags).u64(0).u32(openFlags, 0);
        return bytes(data).ask(8, 8).getInt(0);
    }

    public void release(long nodeId, long fh) {
        release(nodeId, fh, 0);
    }

    public void release(long nodeId, long fh, int releaseFlags) {
        begin(18, nodeId).u64(fh).u32(0, releaseFlags).u64(0).ask(0, 0);
    }

    public void flush(long nodeId, long fh) {
        flush(nodeId, fh, 0);
    }

    public void flush(long nodeId, long fh, long lockOwner) {
        begin(25, nodeId).u64(fh, 0, lockOwner).ask(0, 0);
    }

    public void fsync(long nodeId, long fh) {
        begin(20, nodeId).u64(fh, 0).ask(0, 0);
    }

    public void fsyncdir(long nodeId, long fh) {
        begin(30, nodeId).u64(fh, 0).ask(0, 0);
    }

    public void access(long nodeId, int mask) {
        begin(34, nodeId).u32(mask, 0).ask(0, 0);
    }

    public long opendir(long nodeId) {
        return begin(27, nodeId).u32(0, 0).ask(16, 16).getLong(0);
    }

    public void releasedir(long nodeId, long fh) {
        begin(29, nodeId).u64(fh).u32(0, 0).u64(0).ask(0, 0);
    }

    /** One READDIR or READDIRPLUS. */
    public List<DirEntry> readdir(long nodeId, long fh, long offset, int size, boolean plus) {
        begin(plus ? 44 : 28, nodeId).u64(fh, offset).u32(size, 0).u64(0).u32(0, 0);
        ByteBuffer in = ask(size);
        List<DirEntry> entries = new ArrayList<>();
        while (in.hasRemaining()) {
            int at = in.position();
            int dirent = at + (plus ? 128 : 0);
            int length = in.getInt(dirent + 16);
            byte[] name = new byte[length];
            in.get(dirent + 24, name);
            entries.add(
                    new DirEntry(
                            new String(name, StandardCharsets.UTF_8),
                            plus ? in.getLong(at) : 0,
                            in.getLong(dirent + 8),
                            in.getInt(dirent + 20)));
            in.position(at + ((dirent - at + 24 + length + 7) & -8));
        }
        return entries;
    }

    public long lseek(long nodeId, long fh, long offset, int whence) {
        return begin(46, nodeId).u64(fh, offset).u32(whence, 0).ask(8, 8).getLong(0);
    }

    public void fallocate(long nodeId, long fh, long offset, long length, int mode) {
        begin(43, nodeId).u64(fh, offset, length).u32(mode, 0).ask(0, 0);
    }

    public int copyFileRange(
            long from, long fhFrom, long at, long to, long fhTo, long toAt, long length) {
        begin(47, from).u64(fhFrom, at, to, fhTo, toAt, length, 0);
        return ask(8, 8).getInt(0);
    }

    /** Free blocks. */
    public long statfs() {
        return begin(17, ROOT).ask(80, 80).getLong(8);
    }

    /** Puts a GETATTR of {@code nodeId} into the queue's slot 0 and returns its used length. */
    public int bareGetattr(long nodeId) {
        begin(3, nodeId).u32(0, 0).u64(0);
        out.putInt(0, out.position());
        return queue.measuredRequest(request, out.position(), OUT_HEADER + 104);
    }

    /** Puts a LOOKUP of {@code name} into the queue's slot 0 and returns its used length. */
    public int bareLookup(long parent, byte[] name) {
        begin(1, parent).name(name);
        out.putInt(0, out.position());
        return queue.measuredRequest(request, out.position(), OUT_HEADER + 128);
    }

    /** Puts a WRITE into the queue's slot 0 and returns its used length. */
    public int bareWrite(long nodeId, long fh, long offset, byte[] data) {
        begin(16, nodeId).u64(fh, offset).u32(data.length, 0).u64(0).u32(0, 0).bytes(data);
        out.putInt(0, out.position());
        return queue.measuredRequest(request, out.position(), OUT_HEADER + 8);
    }

    /** Puts a READ into the queue's slot 0 and returns its used length. */
    public int bareRead(long nodeId, long fh, long offset, int size) {
        begin(15, nodeId).u64(fh, offset).u32(size, 0).u64(0).u32(0, 0);
        out.putInt(0, out.position());
        return queue.measuredRequest(request, out.position(), OUT_HEADER + size);
    }
}
