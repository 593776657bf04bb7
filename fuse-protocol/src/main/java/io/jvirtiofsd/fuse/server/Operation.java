package io.jvirtiofsd.fuse.server;

import io.jvirtiofsd.fuse.ErrnoException;

/** One FUSE operation: decodes its arguments, asks the file system, encodes the answer. */
@FunctionalInterface
interface Operation {
    void run(Request request) throws ErrnoException;
}
