package io.jvirtiofsd.linux;

import java.util.ArrayDeque;
import java.util.Deque;

/**
 * What an object that is being made has opened so far: closed, last first, unless all of it could
 * be opened. <i>Confined to the constructor.</i>
 */
public final class Parts implements AutoCloseable {
    private final Deque<Resource> open = new ArrayDeque<>();

    /** Adds what was opened just now; gives it back. */
    public <R extends Resource> R add(R part) {
        open.push(part);
        return part;
    }

    /** Ends the making: from now on the object owns its parts. */
    public void complete() {
        open.clear();
    }

    @Override
    public void close() {
        open.forEach(Resource::close);
    }
}
