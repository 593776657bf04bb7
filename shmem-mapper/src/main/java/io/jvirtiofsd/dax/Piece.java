package io.jvirtiofsd.dax;

import io.jvirtiofsd.linux.FileId;

/**
 * One mapping that the front-end was asked for. <i>Immutable.</i>
 *
 * @param windowOffset where it begins in the window
 * @param length bytes
 * @param file what is mapped
 * @param fileOffset where it begins in the file
 * @param epoch of the device's life in which it was mapped
 */
record Piece(long windowOffset, long length, FileId file, long fileOffset, int epoch) {
    /** What a memory region is recognized by that the front-end announces for a piece. */
    record Key(FileId file, long fileOffset, long length) {}

    Key key() {
        return new Key(file, fileOffset, length);
    }

    long end() {
        return windowOffset + length;
    }
}
