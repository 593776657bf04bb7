package io.jvirtiofsd.fuse;

/** A range of the DAX window, in bytes; nothing is checked yet. <i>Immutable.</i> */
public record WindowRange(long offset, long length) {}
