package io.jvirtiofsd.nio;

import java.io.IOException;

/** What the guest has open, by fh. Owned by the session's table of handles. */
sealed interface NioHandle extends AutoCloseable permits OpenFile, OpenDirectory {
    /** What it is open of. */
    Node node();

    /** Ends it; requests that still use it fail or finish. */
    @Override
    void close() throws IOException;
}
