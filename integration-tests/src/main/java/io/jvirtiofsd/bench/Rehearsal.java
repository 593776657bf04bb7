package io.jvirtiofsd.bench;

import io.jvirtiofsd.fake.FuseClient;
import io.jvirtiofsd.guest.Daemon;
import io.jvirtiofsd.guest.Processes;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntSupplier;

/**
 * Has a daemon do for some seconds what daemons do, for its JVM to note what that takes: which
 * classes, and which methods are worth compiling.
 */
public final class Rehearsal {
    private static final int REQUESTS = 20_000;
    private static final int RARE_REQUESTS = 500;
    private static final int FILES = 1000;
    private static final int MIGRATIONS = 10;
    private static final int O_RDWR = 2; // asm-generic/fcntl.h
    private static final int FILE_MODE = 0644;
    private static final int DIRECTORY_MODE = 0755;
    private static final int LISTING_BYTES = 4096;
    private static final int FATTR_MODE = 1; // linux/fuse.h

    private Rehearsal() {}

    /**
     * @param args the command that starts the daemon, but for the share and the socket
     */
    public static void main(String[] args) throws Exception {
        Path folder = Processes.temporaryFolder();
        Path share = Files.createDirectory(folder.resolve("share"));
        Path socket = folder.resolve("s");
        Side.prepare(share);
        List<String> command = new ArrayList<>(List.of(args));
        command.addAll(List.of("--shared-dir=" + share, "--socket-path=" + socket));
        try (Daemon daemon = Daemon.startAs(command, socket)) {
            Side side = new Side(daemon);
            for (String name : Side.REQUESTS) {
                IntSupplier request = side.request(name);
                for (int i = 0; i < REQUESTS; i++) {
                    request.getAsInt();
                }
            }
            for (int i = 0; i < RARE_REQUESTS; i++) {
                rareRequests(side.fuse());
            }
            for (int i = 0; i < FILES; i++) {
                side.fuse().create(FuseClient.ROOT, "made" + i, O_RDWR, FILE_MODE);
            }
            for (int i = 0; i < MIGRATIONS; i++) {
                side.migrate(folder);
            }
            side.disconnect();
            daemon.awaitEnd(); // by itself: it has to write down what it noted
        }
    }

    private static void rareRequests(FuseClient fuse) {
        FuseClient.Node folder = fuse.mkdir(FuseClient.ROOT, "folder", DIRECTORY_MODE);
        FuseClient.Node link = fuse.symlink(folder.nodeId(), "link", "file");
        fuse.readlink(link.nodeId());
        long listing = fuse.opendir(folder.nodeId());
        fuse.readdir(folder.nodeId(), listing, 0, LISTING_BYTES, true);
        fuse.readdir(folder.nodeId(), listing, 0, LISTING_BYTES, false);
        fuse.releasedir(folder.nodeId(), listing);
        fuse.rename(folder.nodeId(), "link", FuseClient.ROOT, "link");
        fuse.unlink(FuseClient.ROOT, "link");
        fuse.rmdir(FuseClient.ROOT, "folder");
        fuse.batchForget(folder.nodeId(), link.nodeId());
        fuse.setattr(FuseClient.ROOT, FATTR_MODE, DIRECTORY_MODE, 0, 0, 0);
        fuse.statfs();
    }
}
