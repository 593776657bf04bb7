package io.jvirtiofsd.bench;

import io.jvirtiofsd.fake.FuseClient;
import io.jvirtiofsd.guest.Daemon;
import io.jvirtiofsd.guest.GuestKit;
import io.jvirtiofsd.guest.Processes;
import io.jvirtiofsd.vhost.FakeDriver;
import io.jvirtiofsd.vhost.FakeFrontend;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * Programs that write and wait for the disk: each writes 4 KiB to a file of its own, then has it
 * synced, again and again, so many of them at a time over one queue. The same against our daemon
 * without options and with a pool of 4, and against virtiofsd without and with one, in turns.
 */
public final class Syncs {
    private static final int[] DEPTHS = {1, 4, 32};
    private static final int ROUNDS = 5;
    private static final long ROUND_NANOS = TimeUnit.MILLISECONDS.toNanos(1_000);
    private static final int HEADER = 40; // struct fuse_in_header
    private static final int OUT_HEADER = 16; // struct fuse_out_header
    private static final int BLOCK = 4096;
    private static final int O_RDWR = 2; // asm-generic/fcntl.h

    /** A daemon, and its requests, ready to be made available. */
    private static final class Contender implements AutoCloseable {
        private final Daemon daemon;
        private final FakeFrontend frontend;
        private final FakeDriver queue;
        private final byte[][] writes;
        private final byte[][] syncs;

        Contender(Daemon daemon, int files) throws IOException {
            this.daemon = daemon;
            frontend = new FakeFrontend(daemon.socket());
            frontend.negotiate(FakeFrontend.FEATURES, 0, 1, FakeDriver.memoryBytes(2));
            frontend.start(1, 256);
            FuseClient fuse = new FuseClient(frontend, 1);
            fuse.init(0);
            writes = new byte[files][];
            syncs = new byte[files][];
            for (int i = 0; i < files; i++) {
                long node = fuse.lookup(FuseClient.ROOT, "f" + i).nodeId();
                long fh = fuse.open(node, O_RDWR);
                writes[i] =
                        request(16, node, 40 + BLOCK).putLong(fh).putLong(0).putInt(BLOCK).array();
                syncs[i] = request(20, node, 16).putLong(fh).array();
            }
            queue = frontend.queue(1).slots(files);
        }

        private static ByteBuffer request(int opcode, long node, int arguments) {
            ByteBuffer request =
                    ByteBuffer.allocate(HEADER + arguments).order(ByteOrder.LITTLE_ENDIAN);
            request.putInt(request.capacity()).putInt(opcode).putLong(2).putLong(node);
            return request.position(HEADER);
        }

        /** How many files are synced in a second, {@code depth} at a time. */
        double run(int depth) {
            boolean[] syncing = new boolean[depth];
            for (int i = 0; i < depth; i++) {
                queue.submit(i, writes[i], writes[i].length, OUT_HEADER + 8);
            }
            long begin = System.nanoTime();
            long synced = 0;
            int left = depth;
            while (left > 0) {
                int used = queue.await();
                int slot = queue.lastSlot();
                int error = ByteBuffer.wrap(queue.answer(slot, used)).getInt(4);
                if (error != 0) {
                    throw new IllegalStateException("error " + Integer.reverseBytes(error));
                }
                synced += syncing[slot] ? 1 : 0;
                syncing[slot] = !syncing[slot];
                if (!syncing[slot] && System.nanoTime() - begin > ROUND_NANOS) {
                    left--;
                    continue;
                }
                byte[] next = syncing[slot] ? syncs[slot] : writes[slot];
                queue.submit(slot, next, next.length, OUT_HEADER + 8);
            }
            return synced * 1e9 / (System.nanoTime() - begin);
        }

        @Override
        public void close() throws IOException {
            frontend.close();
            daemon.close();
        }
    }

    private Syncs() {}

    /**
     * @param args a folder on the disk that is to be measured; none for that of temporary files
     */
    public static void main(String[] args) throws Exception {
        Path folder =
                args.length == 0
                        ? Processes.temporaryFolder()
                        : Processes.temporaryFolder(Path.of(args[0]));
        Path share = Files.createDirectory(folder.resolve("share"));
        int files = Arrays.stream(DEPTHS).max().orElseThrow();
        for (int i = 0; i < files; i++) {
            Files.write(share.resolve("f" + i), new byte[BLOCK]);
        }
        GuestKit kit = GuestKit.get();
        Map<String, Contender> all = new LinkedHashMap<>();
        all.put("ours", of(Daemon.start(share, folder.resolve("a")), files));
        all.put("ours, 0", of(start(share, folder.resolve("b"), 0), files));
        all.put("ours, 4", of(start(share, folder.resolve("c"), 4), files));
        all.put("virtiofsd", of(Daemon.startPeer(kit, share, folder.resolve("d")), files));
        all.put(
                "virtiofsd, 4",
                of(
                        Daemon.startPeer(kit, share, folder.resolve("e"), "--thread-pool-size=4"),
                        files));
        System.out.println("writes of 4 KiB with fsync a second, median of " + ROUNDS + " rounds");
        for (int depth : DEPTHS) {
            Map<String, double[]> figures = new LinkedHashMap<>();
            all.keySet().forEach(name -> figures.put(name, new double[ROUNDS]));
            for (int round = 0; round < ROUNDS; round++) {
                for (Map.Entry<String, Contender> contender : all.entrySet()) {
                    figures.get(contender.getKey())[round] = contender.getValue().run(depth);
                }
            }
            figures.forEach(
                    (name, rates) -> {
                        Arrays.sort(rates);
                        System.out.printf(
                                "%2d at a time  %-12s %8.0f  (%.0f..%.0f)%n",
                                depth, name, rates[ROUNDS / 2], rates[0], rates[ROUNDS - 1]);
                    });
        }
        for (Contender contender : all.values()) {
            contender.close();
        }
    }

    private static Contender of(Daemon daemon, int files) throws IOException {
        return new Contender(daemon, files);
    }

    private static Daemon start(Path share, Path socket, int pool) {
        return Daemon.start(share, socket, "--thread-pool-size=" + pool);
    }
}
