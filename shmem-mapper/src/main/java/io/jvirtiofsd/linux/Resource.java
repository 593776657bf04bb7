package io.jvirtiofsd.linux;

/** Something with one owner, who closes it exactly once; closing does not fail. */
@FunctionalInterface
public interface Resource extends AutoCloseable {
    @Override
    void close();
}
