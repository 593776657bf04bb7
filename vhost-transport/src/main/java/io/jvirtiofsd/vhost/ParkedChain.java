package io.jvirtiofsd.vhost;

/**
 * A descriptor chain that is given back when its answer is there. Owned by the queue it was taken
 * from.
 *
 * <p><i>Thread-safe.</i>
 */
public interface ParkedChain {
    /** Gives it back with {@code reply}, on any thread; to be called once. */
    void answer(byte[] reply);
}
