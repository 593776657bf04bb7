package io.jvirtiofsd.linux;

import java.util.ArrayDeque;
import java.util.Deque;

/**
 * What an object that is being made has opened so far: closed, last first, unless all of it could
 * be opened. Confined to the constructor.
 */
public final class Parts implements AutoCloseable {
    /** Closes without a checked exception. */
    @FunctionalInterface
    public interface Part extends AutoCloseable {
        @Override
        void close();
    }

    private final Deque<Part> open = new ArrayDeque<>();

    public <P extends Part> P add(P part) {
        open.push(part);
        return part;
    }

    /** From now on they are the object's. */
    public void complete() {
        open.clear();
    }

    @Override
    public void close() {
        open.forEach(Part::close);
    }
}
