package io.jvirtiofsd.ivshmem;

import io.jvirtiofsd.linux.NativeMemory;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;

/** Doubles what others ask for: {@code DoublingPeer /run/ivshmem.sock}. */
public final class DoublingPeer {
    private static final int ASKER = 0; // its id; it rings when this and the question are there
    private static final int QUESTION = 8;
    private static final int ANSWER = 16;

    private DoublingPeer() {}

    /** Answers until the server ends. */
    public static void main(String[] args) throws IOException {
        try (IvshmemPeer peer = IvshmemPeer.join(Path.of(args[0]), 1, Duration.ofSeconds(10))) {
            NativeMemory page = peer.memory(0, 4096);
            while (peer.hasServer()) {
                if (peer.await(0, Duration.ofSeconds(1)) > 0) {
                    int asker = page.getIntAcquire(ASKER);
                    page.putLongRelease(ANSWER, 2 * page.getLong(QUESTION));
                    peer.ring(asker, 0); // nothing happens if it has left
                }
            }
        }
    }
}
