package io.jvirtiofsd.vhost;

import io.jvirtiofsd.linux.EventFd;
import io.jvirtiofsd.linux.Fd;
import io.jvirtiofsd.linux.LinuxException;
import io.jvirtiofsd.linux.Syscalls;
import java.io.EOFException;
import java.io.FileDescriptor;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import org.newsclub.net.unix.AFUNIXServerSocket;
import org.newsclub.net.unix.AFUNIXSocket;
import org.newsclub.net.unix.AFUNIXSocketAddress;
import org.newsclub.net.unix.FileDescriptorCast;

/**
 * The front-end of a vhost-user connection, with real sockets, eventfds and memfds: starts and
 * stops a device as QEMU does, or sends whatever a test wants. Owned by the test.
 *
 * <p><i>Confined to the test's thread.</i> All waits are bounded. Source: vhost-user.rst.
 */
public final class FakeFrontend implements AutoCloseable {
    // spotless:off
    public static final int GET_FEATURES = 1;
    public static final int SET_FEATURES = 2;
    public static final int SET_OWNER = 3;
    public static final int SET_MEM_TABLE = 5;
    public static final int SET_LOG_BASE = 6;
    public static final int SET_LOG_FD = 7;
    public static final int SET_VRING_NUM = 8;
    public static final int SET_VRING_ADDR = 9;
    public static final int SET_VRING_BASE = 10;
    public static final int GET_VRING_BASE = 11;
    public static final int SET_VRING_KICK = 12;
    public static final int SET_VRING_CALL = 13;
    public static final int SET_VRING_ERR = 14;
    public static final int GET_PROTOCOL_FEATURES = 15;
    public static final int SET_PROTOCOL_FEATURES = 16;
    public static final int GET_QUEUE_NUM = 17;
    public static final int SET_VRING_ENABLE = 18;
    public static final int SET_BACKEND_REQ_FD = 21;
    public static final int GET_CONFIG = 24;
    public static final int GET_INFLIGHT_FD = 31;
    public static final int SET_INFLIGHT_FD = 32;
    public static final int RESET_DEVICE = 34;
    public static final int GET_MAX_MEM_SLOTS = 36;
    public static final int ADD_MEM_REG = 37;
    public static final int REM_MEM_REG = 38;
    public static final int SET_STATUS = 39;
    public static final int GET_STATUS = 40;

    public static final long F_INDIRECT_DESC = 1L << 28;
    public static final long F_EVENT_IDX = 1L << 29;
    public static final long F_PROTOCOL = 1L << 30;
    public static final long F_VERSION_1 = 1L << 32;
    public static final long F_RING_PACKED = 1L << 34;

    public static final int PF_MQ = 1;
    public static final int PF_REPLY_ACK = 1 << 3;
    public static final int PF_BACKEND_REQ = 1 << 5;
    public static final int PF_CONFIGURE_MEM_SLOTS = 1 << 15;
    // spotless:on

    /**
     * What QEMU and a Linux guest agree on; with {@code -Djvirtiofsd.packed=true} what they do if
     * QEMU is told to offer packed rings.
     */
    public static final long FEATURES =
            F_PROTOCOL
                    | F_VERSION_1
                    | F_EVENT_IDX
                    | F_INDIRECT_DESC
                    | (Boolean.getBoolean("jvirtiofsd.packed") ? F_RING_PACKED : 0);

    private static final int FRESH_PACKED_BASE = 0x80008000; // vhost-user.rst

    private static final int NEED_REPLY = 8;
    private static final int VERSION = 1;
    private static final int REPLY_FLAGS = 5;
    private static final int TIMEOUT_MILLIS = 30_000;
    private static final int HEADER_BYTES = 12;
    private static final long PAGE_BYTES = 4096;
    private static final long FIRST_UVA = 0x7f00_0000_0000L;

    private final Syscalls syscalls = Syscalls.load();
    private AFUNIXSocket socket;
    private final List<FakeMemory> memory = new ArrayList<>();
    private final List<FakeDriver> queues = new ArrayList<>();
    private long features;
    private long refused;
    private long protocolFeatures;
    private boolean records;
    private Fd record;
    private byte[] recordDescription;
    private int maxQueues = 1;
    private static final int SET_DEVICE_STATE_FD = 42; // vhost-user.rst
    private static final int CHECK_DEVICE_STATE = 43; // vhost-user.rst
    private static final int SAVE = 0; // vhost-user.rst, SET_DEVICE_STATE_FD
    private static final int LOAD = 1; // likewise
    private static final int NO_FD = 0x100; // likewise

    private AFUNIXSocket backendChannel;
    private AFUNIXSocket theirs;
    private FakeShmem shmem;

    /** Connects to a back-end that listens on {@code path}. */
    public FakeFrontend(Path path) throws IOException {
        connect(path);
    }

    private void connect(Path path) throws IOException {
        socket = AFUNIXSocket.connectTo(AFUNIXSocketAddress.of(path));
        socket.setSoTimeout(TIMEOUT_MILLIS);
        socket.setAncillaryReceiveBufferSize(256);
    }

    /** One that is started: with memory in two regions, hiprio and two request queues. */
    public static FakeFrontend started(Path path, long features) throws IOException {
        FakeFrontend frontend = new FakeFrontend(path);
        frontend.negotiate(features, 0, 2, FakeDriver.memoryBytes(3));
        frontend.start(2, 256);
        return frontend;
    }

    public Syscalls syscalls() {
        return syscalls;
    }

    /** Regions in the order they were added. */
    public List<FakeMemory> memory() {
        return memory;
    }

    /** Queue {@code index}; 0 is hiprio. */
    public FakeDriver queue(int index) {
        return queues.get(index);
    }

    long features() {
        return features;
    }

    private boolean has(int protocolFeature) {
        return (protocolFeatures & protocolFeature) != 0;
    }

    /** Queues the back-end can have, hiprio included. */
    public int maxQueues() {
        return maxQueues;
    }

    /**
     * Agrees on features as QEMU does when it starts, and makes {@code regions} regions of {@code
     * regionBytes} of memory, which follow each other without a hole.
     */
    public void negotiate(long wantedFeatures, long refusedProtocol, int regions, int regionBytes)
            throws IOException {
        refused = refusedProtocol;
        agree(wantedFeatures);
        for (int i = 0; i < regions; i++) {
            long gpa = (long) i * regionBytes;
            long uva = FIRST_UVA + 3 * gpa; // with a hole for the front-end
            memory.add(new FakeMemory(syscalls, gpa, uva, regionBytes, i * PAGE_BYTES));
        }
    }

    private void agree(long wantedFeatures) throws IOException {
        features = wantedFeatures & u64(ask(GET_FEATURES));
        if ((features & F_PROTOCOL) != 0) {
            protocolFeatures = u64(ask(GET_PROTOCOL_FEATURES)) & ~refused;
            send(SET_PROTOCOL_FEATURES, VERSION, u64(protocolFeatures));
            if (has(PF_MQ)) {
                maxQueues = (int) u64(ask(GET_QUEUE_NUM));
            }
            if (has(PF_BACKEND_REQ)) {
                sendBackendChannel();
            }
        }
        send(SET_OWNER, VERSION, new byte[0]);
    }

    /** From now on has the back-end record what is in flight, and keeps that. */
    public FakeFrontend recording() {
        records = true;
        return this;
    }

    /** The record of what is in flight, borrowed. */
    public int record() {
        return record.number();
    }

    /** The payload of GET_INFLIGHT_FD and SET_INFLIGHT_FD. */
    public static byte[] inflight(long bytes, long offset, int queues, int size) {
        return buffer(24)
                .putLong(bytes)
                .putLong(offset)
                .putShort((short) queues)
                .putShort((short) size)
                .array();
    }

    /** Asks for a record of as many rings as there are, and hands it over. */
    private void handOverRecord() throws IOException {
        if (!records) {
            return;
        }
        if (record == null) {
            byte[] wish = inflight(0, 0, queues.size(), queues.get(0).size());
            recordDescription = ask(GET_INFLIGHT_FD, wish);
            record = received();
        }
        acknowledged(SET_INFLIGHT_FD, recordDescription, record.number());
    }

    /**
     * The descriptor that came with the last reply, once more: the socket closes its own. Given.
     */
    public Fd received() throws IOException {
        FileDescriptor[] fds = socket.getReceivedFileDescriptors();
        if (fds == null || fds.length != 1) {
            throw new IOException("no descriptor");
        }
        int number = FileDescriptorCast.using(fds[0]).as(Integer.class);
        return Fd.own(syscalls, LinuxException.check(syscalls.dup(number), "dup"));
    }

    /**
     * Connects to another back-end, which takes over from one that was killed: with the same
     * memory, rings and record.
     */
    public void takeOver(Path path) throws IOException {
        disconnect();
        theirs.close();
        connect(path);
        agree(features);
        for (FakeDriver queue : queues) {
            announce(queue);
        }
        send(SET_FEATURES, VERSION, u64(features));
        announceMemory();
        startRings(queues.stream().mapToInt(FakeDriver::usedBase).toArray());
    }

    /** Asks for the shared memory region, as QEMU does while it makes the device. */
    public FakeShmem openWindow(boolean pastEnd) throws IOException {
        shmem = FakeShmem.open(this, backendChannel, pastEnd);
        return shmem;
    }

    private void running(boolean on) {
        if (shmem != null) {
            shmem.running(on);
        }
    }

    /** Makes two connected sockets by hand: AFUNIXSocketPair never closes two of its four. */
    private void sendBackendChannel() throws IOException {
        String name = "fake-front-end-" + UUID.randomUUID();
        AFUNIXSocketAddress address = AFUNIXSocketAddress.inAbstractNamespace(name);
        try (AFUNIXServerSocket listener = AFUNIXServerSocket.bindOn(address)) {
            theirs = AFUNIXSocket.connectTo(address); // closing it would end the connection
            backendChannel = listener.accept();
            int number = FileDescriptorCast.using(theirs.getFileDescriptor()).as(Integer.class);
            acknowledged(SET_BACKEND_REQ_FD, new byte[0], number);
        }
    }

    /** Tells the back-end of all memory: region by region if it can, else in one table. */
    private void announceMemory() throws IOException {
        if (has(PF_CONFIGURE_MEM_SLOTS)) {
            if (u64(ask(GET_MAX_MEM_SLOTS)) < memory.size()) {
                throw new IOException("too few memory slots");
            }
            for (FakeMemory region : memory) {
                acknowledged(ADD_MEM_REG, FakeMemory.singleRegion(region), region.fd());
            }
        } else {
            acknowledged(
                    SET_MEM_TABLE,
                    FakeMemory.table(memory),
                    memory.stream().mapToInt(FakeMemory::fd).toArray());
        }
    }

    /** Makes hiprio and {@code requestQueues} rings of {@code size} entries and starts them. */
    public void start(int requestQueues, int size) throws IOException {
        makeQueues(1 + requestQueues, size);
        send(SET_FEATURES, VERSION, u64(features));
        announceMemory();
        startRings(freshBases(queues.size()));
    }

    private void makeQueues(int count, int size) throws IOException {
        for (int i = 0; i < count; i++) {
            queues.add(new FakeDriver(this, i, size));
            announce(queues.get(i));
        }
    }

    private void announce(FakeDriver queue) throws IOException {
        acknowledged(SET_VRING_CALL, u64(queue.index()), queue.call().number());
        acknowledged(SET_VRING_ERR, u64(queue.index()), queue.error().number());
    }

    /** Starts all rings where {@link #stop} left them. */
    public void resume(int[] bases) throws IOException {
        send(SET_FEATURES, VERSION, u64(features));
        startRings(bases);
    }

    /** Starts all rings anew after {@link #stop}, as a driver does that has reset the device. */
    public void restart() throws IOException {
        int size = queues.get(0).size();
        int count = queues.size();
        queues.forEach(FakeDriver::close);
        queues.clear();
        makeQueues(count, size);
        resume(freshBases(count));
    }

    private int[] freshBases(int count) {
        int[] bases = new int[count];
        Arrays.fill(bases, isPacked() ? FRESH_PACKED_BASE : 0);
        return bases;
    }

    private boolean isPacked() {
        return (features & F_RING_PACKED) != 0;
    }

    private void startRings(int[] bases) throws IOException {
        handOverRecord();
        for (FakeDriver queue : queues) {
            startRing(queue, bases[queue.index()]);
        }
        running(true);
        for (FakeDriver queue : queues) {
            enable(queue, 1);
        }
        for (FakeDriver queue : queues) {
            acknowledged(SET_VRING_CALL, u64(queue.index()), queue.call().number());
        }
        ask(GET_FEATURES); // QEMU's way to know that all has been done
    }

    /** Enables a ring, or not; without protocol features rings are enabled from the start. */
    public void enable(FakeDriver queue, int on) throws IOException {
        if ((features & F_PROTOCOL) != 0) {
            acknowledged(SET_VRING_ENABLE, state(queue.index(), on));
        }
    }

    /** Stops all rings as QEMU does; where each is to go on. */
    public int[] stop() throws IOException {
        for (FakeDriver queue : queues) {
            enable(queue, 0);
            running(false);
        }
        int[] bases = new int[queues.size()];
        for (FakeDriver queue : queues) {
            bases[queue.index()] = base(queue);
        }
        for (FakeDriver queue : queues) {
            acknowledged(SET_VRING_CALL, u64(queue.index()), queue.call().number());
        }
        return bases;
    }

    /**
     * Has the back-end save its device's state, as QEMU does when the rings are stopped.
     *
     * @param folder where a pipe can be made
     * @throws IOException if it refuses or fails
     */
    public byte[] saveState(Path folder) throws IOException {
        try (StatePipe pipe = new StatePipe(folder)) {
            beginTransfer(SAVE, pipe.writing());
            pipe.closeWriting();
            byte[] state = pipe.read(Integer.MAX_VALUE);
            checkTransfer();
            return state;
        }
    }

    /**
     * Has the back-end load a device's state, as QEMU does before it starts any ring.
     *
     * @throws IOException if it refuses or fails
     */
    public void loadState(Path folder, byte[] state) throws IOException {
        try (StatePipe pipe = new StatePipe(folder)) {
            beginTransfer(LOAD, pipe.reading());
            pipe.closeReading();
            pipe.write(state);
            pipe.closeWriting();
            checkTransfer();
        }
    }

    private void beginTransfer(int direction, int fd) throws IOException {
        send(SET_DEVICE_STATE_FD, VERSION, state(direction, 0), fd);
        long status = u64(receive(SET_DEVICE_STATE_FD));
        if (status != NO_FD) {
            throw new IOException("the transfer was refused with " + status);
        }
    }

    private void checkTransfer() throws IOException {
        long status = u64(ask(CHECK_DEVICE_STATE));
        if (status != 0) {
            throw new IOException("the transfer has failed with " + status);
        }
    }

    /** Configures a ring and starts it at {@code base}, not yet enabled. */
    public void startRing(FakeDriver queue, int base) throws IOException {
        send(SET_VRING_NUM, VERSION, state(queue.index(), queue.size()));
        send(SET_VRING_BASE, VERSION, state(queue.index(), base));
        send(SET_VRING_ADDR, VERSION, addresses(queue, 0, 0));
        acknowledged(SET_VRING_KICK, u64(queue.index()), queue.kick().number());
        acknowledged(SET_VRING_CALL, u64(queue.index()), queue.call().number());
    }

    /** The payload of SET_VRING_ADDR. */
    public static byte[] addresses(FakeDriver queue, int flags, long log) {
        return buffer(40)
                .putInt(queue.index())
                .putInt(flags)
                .putLong(queue.descriptorsUva())
                .putLong(queue.usedUva())
                .putLong(queue.availUva())
                .putLong(log)
                .array();
    }

    /** Stops a ring as QEMU does; where it is to go on. */
    public int stopRing(FakeDriver queue) throws IOException {
        enable(queue, 0);
        return base(queue);
    }

    private int base(FakeDriver queue) throws IOException {
        ByteBuffer reply = buffer(8).put(ask(GET_VRING_BASE, state(queue.index(), 0)));
        if (reply.hasRemaining()
                || reply.getInt(0) != queue.index()
                || !isPacked() && reply.getInt(4) >>> 16 != 0) {
            throw new IOException("base of ring " + queue.index() + ": ring " + reply.getInt(0));
        }
        return reply.getInt(4);
    }

    /** Sends a request that is answered with a body, which is returned. */
    public synchronized byte[] ask(int type, byte... payload) throws IOException {
        send(type, VERSION, payload);
        return receive(type);
    }

    /** Sends a request, asks for an acknowledgement if that was agreed on, and checks it. */
    public void acknowledged(int type, byte[] payload, int... fds) throws IOException {
        long status = status(type, payload, fds);
        if (status != 0) {
            throw new IOException("message " + type + " was refused with " + status);
        }
    }

    /** Sends a request and returns its acknowledgement; 0 if none was agreed on. */
    public synchronized long status(int type, byte[] payload, int... fds) throws IOException {
        boolean acks = has(PF_REPLY_ACK);
        send(type, acks ? VERSION | NEED_REPLY : VERSION, payload, fds);
        return acks ? u64(receive(type)) : 0;
    }

    /** Sends one message as it is. */
    public void send(int type, int flags, byte[] payload, int... fds) throws IOException {
        ByteBuffer message = buffer(HEADER_BYTES + payload.length);
        message.putInt(type).putInt(flags).putInt(payload.length).put(payload);
        sendBytes(message.array(), fds);
    }

    /** Sends bytes that need not be a message. */
    public void sendBytes(byte[] bytes, int... fds) throws IOException {
        send(socket, bytes, fds);
    }

    /** Sends {@code bytes} over {@code socket}, the descriptors with the first of them. */
    static void send(AFUNIXSocket socket, byte[] bytes, int... fds) throws IOException {
        if (fds.length > 0) {
            FileDescriptor[] outbound = new FileDescriptor[fds.length];
            for (int i = 0; i < fds.length; i++) {
                outbound[i] = FileDescriptorCast.unsafeUsing(fds[i]).getFileDescriptor();
            }
            socket.setOutboundFileDescriptors(outbound);
        }
        socket.getOutputStream().write(bytes);
    }

    /** Receives the reply to {@code type}, checking its header to the bit. */
    public byte[] receive(int type) throws IOException {
        InputStream in = socket.getInputStream();
        ByteBuffer header = buffer(HEADER_BYTES).put(exactly(in, HEADER_BYTES)).flip();
        int gotType = header.getInt();
        int flags = header.getInt();
        int size = header.getInt();
        if (gotType != type || flags != REPLY_FLAGS || size < 0 || size > 4096) {
            throw new IOException(
                    "reply to %d: type %d, flags 0x%x, size %d"
                            .formatted(type, gotType, flags, size));
        }
        return exactly(in, size);
    }

    private static byte[] exactly(InputStream in, int count) throws IOException {
        byte[] bytes = in.readNBytes(count);
        if (bytes.length < count) {
            throw new EOFException("the back-end closed the connection");
        }
        return bytes;
    }

    /** Whether the back-end has closed the connection, or does so within the time limit. */
    public boolean isClosedByPeer() throws IOException {
        try {
            return socket.getInputStream().read() < 0;
        } catch (java.net.SocketTimeoutException e) {
            return false;
        } catch (IOException e) {
            return true;
        }
    }

    public static ByteBuffer buffer(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    public static byte[] state(int index, int num) {
        return buffer(8).putInt(index).putInt(num).array();
    }

    public static byte[] u64(long value) {
        return buffer(8).putLong(value).array();
    }

    private static long u64(byte[] bytes) {
        return buffer(8).put(bytes).getLong(0);
    }

    EventFd newEventFd() throws IOException {
        return EventFd.create(syscalls);
    }

    /** Closes the connections, as a front-end that dies; its memory is still there. */
    public void disconnect() throws IOException {
        socket.close();
        backendChannel.close();
    }

    @Override
    public void close() throws IOException {
        socket.close();
        if (shmem != null) {
            shmem.close();
        }
        if (backendChannel != null) {
            backendChannel.close();
            theirs.close();
        }
        queues.forEach(FakeDriver::close);
        memory.forEach(FakeMemory::close);
        if (record != null) {
            record.close();
        }
    }
}
