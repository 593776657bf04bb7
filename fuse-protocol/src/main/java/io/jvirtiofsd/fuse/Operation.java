package io.jvirtiofsd.fuse;

/** One FUSE operation: decodes its arguments, asks the file system, encodes the answer. */
@FunctionalInterface
interface Operation {
    void run(Request request) throws ErrnoException;
}
