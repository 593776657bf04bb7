package io.jvirtiofsd.bench;

import io.jvirtiofsd.linux.NativeMemory;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.UserDefinedFileAttributeView;
import java.util.List;

/**
 * What a directory holds that is shared to be measured, and how its bytes are told from others:
 *
 * <pre>
 *   read       128 MiB, each 8 bytes of which say where they are
 *   written    as long, for what is written
 *   synced     a page, for what is synced; has user.bench if the file system can
 *   many/      10,000 empty files
 *   work/      what is made, removed and renamed
 * </pre>
 *
 * <i>Immutable.</i>
 */
record BenchShare(Path folder, int names, int fileBytes, boolean hasAttributes) {
    static final int FILE_BYTES = 128 << 20;
    static final int NAMES = 10_000;
    static final int PAGE_BYTES = 4096;
    static final String ATTRIBUTE = "user.bench";
    static final byte[] ATTRIBUTE_VALUE = {'m', 'e', 'a', 's', 'u', 'r', 'e', 'd'};

    private static final int CHUNK_BYTES = 1 << 20;
    private static final long GOLDEN = 0x9e3779b97f4a7c15L; // spreads small numbers over 64 bits

    /**
     * Makes {@code folder}, with {@code names} files in many/.
     *
     * @param fileBytes how long files for reading and writing are, a multiple of 1 MiB
     */
    static BenchShare create(Path folder, int names, int fileBytes) throws IOException {
        Files.createDirectories(folder.resolve("work"));
        Path many = Files.createDirectory(folder.resolve("many"));
        for (int i = 0; i < names; i++) {
            Files.createFile(many.resolve(nameOf(i)));
        }
        try (FileChannel read = writable(folder.resolve("read"));
                FileChannel written = writable(folder.resolve("written"))) {
            ByteBuffer chunk = buffer(CHUNK_BYTES);
            ByteBuffer zeros = buffer(CHUNK_BYTES);
            for (long at = 0; at < fileBytes; at += CHUNK_BYTES) {
                for (int i = 0; i < CHUNK_BYTES; i += Long.BYTES) {
                    chunk.putLong(i, word(0, at + i));
                }
                read.write(chunk.clear());
                written.write(zeros.clear());
            }
        }
        Path synced = Files.write(folder.resolve("synced"), new byte[PAGE_BYTES]);
        return new BenchShare(folder, names, fileBytes, setAttribute(synced));
    }

    /** Has the kernel write to the disk what it would else while something is measured. */
    void settle() throws IOException {
        for (String name : List.of("read", "written")) {
            try (FileChannel file = writable(folder.resolve(name))) {
                file.force(true);
            }
        }
    }

    private static boolean setAttribute(Path file) {
        try {
            Files.getFileAttributeView(file, UserDefinedFileAttributeView.class)
                    .write(ATTRIBUTE.substring("user.".length()), ByteBuffer.wrap(ATTRIBUTE_VALUE));
            return true;
        } catch (IOException | UnsupportedOperationException e) {
            return false;
        }
    }

    private static FileChannel writable(Path file) throws IOException {
        return FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    }

    private static ByteBuffer buffer(int bytes) {
        return ByteBuffer.allocateDirect(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    static String nameOf(int index) {
        return "file-%05d".formatted(index);
    }

    /** What 8 bytes at a multiple of 8 are, in the data that {@code salt} stands for. */
    static long word(long salt, long offset) {
        long mixed = (salt + offset) * GOLDEN;
        return mixed ^ mixed >>> 29;
    }

    /** Puts the data of a salt into memory. */
    static void fill(NativeMemory memory, int at, int bytes, long salt) {
        for (int i = 0; i < bytes; i += Long.BYTES) {
            memory.putLong(at + i, word(salt, i));
        }
    }

    /** Wants the first bytes of a file of the share to be the data of a salt. */
    void verify(Path file, long from, int bytes, long salt) throws IOException {
        try (FileChannel channel = FileChannel.open(file)) {
            verify(channel, from, buffer(bytes), salt);
        }
    }

    /** Wants a whole block of a file to be the data of a salt. */
    static void verify(FileChannel channel, long from, ByteBuffer block, long salt)
            throws IOException {
        block.clear();
        while (block.hasRemaining() && channel.read(block, from + block.position()) > 0) {
            continue; // until all is there
        }
        Chain.require(!block.hasRemaining(), "a file that was written is too short");
        for (int i = 0; i < block.capacity(); i += Long.BYTES) {
            if (block.getLong(i) != word(salt, i)) {
                throw new IllegalStateException("byte " + (from + i) + " is not what was written");
            }
        }
    }
}
