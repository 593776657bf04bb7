package io.jvirtiofsd.fake;

import static io.jvirtiofsd.fake.FuseRig.assertErrno;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.jvirtiofsd.fake.FuseClient.DirEntry;
import io.jvirtiofsd.linux.AlteredSyscalls;
import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.linux.Scratch;
import io.jvirtiofsd.linux.Syscalls;
import io.jvirtiofsd.vhost.FakeFrontend;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A listing has each name once, whatever happens on the way. */
class ListingTest {
    private static final int EINVAL = 22;

    // struct linux_dirent64
    private static final int RECLEN = 16;
    private static final int NAME = 19;

    @TempDir Path folder;

    /** The names from {@code offset} on, each asked for with room for one. */
    private static List<String> oneByOne(FuseClient fuse, long fh, long offset, boolean plus) {
        List<String> names = new ArrayList<>();
        long at = offset;
        while (true) {
            List<DirEntry> next = fuse.readdir(FuseClient.ROOT, fh, at, plus ? 448 : 320, plus);
            if (next.isEmpty()) {
                return names;
            }
            next.forEach(entry -> names.add(entry.name()));
            at = next.get(next.size() - 1).offset();
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void listingGoesOnAfterABufferThatWasTooSmall(boolean plus) throws Exception {
        try (FuseRig rig = new FuseRig(folder)) {
            for (int i = 0; i < 7; i++) {
                Files.createFile(rig.share().resolve("n".repeat(200) + i));
            }
            FuseClient fuse = rig.fuse();
            long fh = fuse.opendir(FuseClient.ROOT);
            List<DirEntry> all = fuse.readdir(FuseClient.ROOT, fh, 0, 4096, plus);
            assertEquals(9, all.size());
            for (int first = 0; first < all.size(); first++) {
                long from = first == 0 ? 0 : all.get(first - 1).offset();
                assertErrno(EINVAL, () -> fuse.readdir(FuseClient.ROOT, fh, from, 16, plus));
                List<String> rest =
                        all.subList(first, all.size()).stream().map(DirEntry::name).toList();
                assertEquals(rest, oneByOne(fuse, fh, from, plus));
            }
        }
    }

    @Test
    void nameTooLongForAGuestIsNotListedAsAnother() throws Exception {
        String mark = "l".repeat(255);
        // No file system of this machine has such names: one grows into the padding of its record.
        Syscalls syscalls =
                AlteredSyscalls.after(
                        (call, arguments) -> {
                            if (call.equals("getdents64")) {
                                lengthen((long) arguments[1], mark);
                            }
                        });
        Path share = Files.createDirectory(folder.resolve("share"));
        Files.createFile(share.resolve(mark));
        Files.createFile(share.resolve("short"));
        try (InProcess backEnd = new InProcess(syscalls, share, folder, o -> o);
                FakeFrontend frontend = FuseRig.connect(backEnd, FuseRig.FEATURES)) {
            FuseClient fuse = new FuseClient(frontend, 1);
            fuse.init(0);
            long fh = fuse.opendir(FuseClient.ROOT);
            Set<String> names = new TreeSet<>(oneByOne(fuse, fh, 0, false));
            assertEquals(Set.of(".", "..", "short"), names);
        }
    }

    private static void lengthen(long address, String mark) {
        NativeMemory block = Scratch.get().directory();
        assertEquals(block.address(), address);
        int at = 0;
        int length;
        while ((length = block.getShort(at + RECLEN) & 0xffff) != 0) {
            if (length == (NAME + mark.length() + 1 + 7 & -8) && block.getByte(at + NAME) == 'l') {
                block.putByte(at + NAME + mark.length(), (byte) 'l');
                block.putByte(at + NAME + mark.length() + 1, (byte) 0);
            }
            at += length;
        }
    }
}
