package io.jvirtiofsd.fake;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.fake.FuseClient.DirEntry;
import io.jvirtiofsd.passthrough.CacheOptions;
import io.jvirtiofsd.passthrough.CachePolicy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What PARALLEL_DIROPS lets a guest do: look up, make and list in one directory at once. */
class ParallelDirectoryTest {
    private static final long PARALLEL_DIROPS = 1L << 18; // fuse.h
    private static final long NO_OPENDIR_SUPPORT = 1L << 24; // fuse.h
    private static final long OFFER =
            PARALLEL_DIROPS | NO_OPENDIR_SUPPORT | 1L << 13 | 1L << 22; // DO_READDIRPLUS, MAX_PAGES
    private static final int NAMES = 300;
    private static final int S_IFREG = 0x8000;

    @TempDir Path folder;

    @ParameterizedTest
    @EnumSource(names = {"AUTO", "ALWAYS"})
    void namesThatStayAreListedOnceWhileOthersComeAndGo(CachePolicy policy) throws Exception {
        try (FuseRig rig =
                new FuseRig(
                        folder,
                        options -> options.cache(CacheOptions.of(policy)),
                        FuseRig.FEATURES)) {
            long agreed = rig.fuse().init(OFFER);
            assertTrue((agreed & PARALLEL_DIROPS) != 0);
            Path many = Files.createDirectory(rig.share().resolve("many"));
            Set<String> staying = new TreeSet<>();
            for (int i = 0; i < NAMES; i++) {
                staying.add(Files.createFile(many.resolve("stays" + i)).getFileName().toString());
            }
            long node = rig.fuse().lookup(FuseClient.ROOT, "many").nodeId();
            AtomicBoolean listed = new AtomicBoolean();
            FuseClient other = new FuseClient(rig.frontend(), 2);
            CompletableFuture<Void> changing =
                    CompletableFuture.runAsync(() -> change(other, node, listed));
            try {
                boolean opens = (agreed & NO_OPENDIR_SUPPORT) == 0;
                for (int round = 0; round < 20; round++) {
                    long fh = opens ? rig.fuse().opendir(node) : 0;
                    assertEquals(staying, list(rig.fuse(), node, fh));
                }
            } finally {
                listed.set(true);
            }
            changing.get(1, TimeUnit.MINUTES);
        }
    }

    private static void change(FuseClient fuse, long node, AtomicBoolean listed) {
        for (int i = 0; !listed.get(); i++) {
            assertTrue(fuse.lookup(node, "stays" + i % NAMES).nodeId() != 0);
            String name = "comes" + i % 7;
            fuse.mknod(node, name, S_IFREG | 0600, 0);
            fuse.unlink(node, name);
        }
    }

    /** The names that stay, each seen once. */
    private static Set<String> list(FuseClient fuse, long node, long fh) {
        Set<String> names = new TreeSet<>();
        long offset = 0;
        while (true) {
            List<DirEntry> entries = fuse.readdir(node, fh, offset, 4096, true);
            if (entries.isEmpty()) {
                return names;
            }
            for (DirEntry entry : entries) {
                if (entry.name().startsWith("stays")) {
                    assertTrue(names.add(entry.name()), entry.name());
                }
                offset = entry.offset();
            }
        }
    }
}
