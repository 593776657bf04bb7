package io.jvirtiofsd.fuse.server;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Logs exceptions that nobody meant to throw, the first of each kind only, so that a guest cannot
 * flood the log. Owned by the server.
 *
 * <p><i>Thread-safe.</i>
 */
final class Bugs {
    private static final Logger LOG = LoggerFactory.getLogger(Bugs.class);

    private final Set<String> seen = ConcurrentHashMap.newKeySet();
    private final AtomicBoolean outOfMemory = new AtomicBoolean();

    void report(Opcode opcode, Throwable cause) {
        StackTraceElement[] stack = cause.getStackTrace();
        String place = stack.length > 0 ? stack[0].toString() : "";
        if (seen.add(opcode + " " + cause.getClass().getName() + " " + place)) {
            Object what = opcode == null ? "a request" : opcode;
            LOG.error("{} failed unexpectedly (logged once)", what, cause);
        }
    }

    void reportOutOfMemory(Opcode opcode) {
        if (outOfMemory.compareAndSet(false, true)) {
            try {
                LOG.warn("out of memory: {} gets ENOMEM (logged once)", opcode);
            } catch (OutOfMemoryError e) {
                // the guest is told, which matters more
            }
        }
    }
}
