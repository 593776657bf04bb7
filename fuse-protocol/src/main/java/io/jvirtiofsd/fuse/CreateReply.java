package io.jvirtiofsd.fuse;

/**
 * What CREATE answers: the new node, counted as one lookup, and its open handle. The entry dies as
 * any {@link Entry} does.
 */
public record CreateReply(Entry entry, OpenReply open) {}
