package io.jvirtiofsd.fuse;

/** What CREATE answers: the new node, counted as one lookup, and its open handle. */
public record CreateReply(Entry entry, OpenReply open) {}
