package io.jvirtiofsd.fuse;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Counts requests that ended with an exception nobody meant to throw, and logs the first of each
 * kind, so that a guest cannot flood the log. Owned by the server.
 *
 * <p><i>Thread-safe.</i>
 */
final class Bugs {
    private static final Logger LOG = LoggerFactory.getLogger(Bugs.class);

    private final Set<String> seen = ConcurrentHashMap.newKeySet();
    private final LongAdder count = new LongAdder();

    void report(Opcode opcode, Throwable cause) {
        count.increment();
        StackTraceElement[] stack = cause.getStackTrace();
        String place = stack.length > 0 ? stack[0].toString() : "";
        if (seen.add(opcode + " " + cause.getClass().getName() + " " + place)) {
            LOG.error("{} failed by a bug; the guest gets EIO", opcode, cause);
        }
    }

    long count() {
        return count.sum();
    }
}
