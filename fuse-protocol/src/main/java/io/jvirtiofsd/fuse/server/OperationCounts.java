package io.jvirtiofsd.fuse.server;

/**
 * How often one operation was asked for since the server began. <i>Immutable.</i>
 *
 * @param operation its name as in fuse.h, without prefix; "UNKNOWN" for numbers without one
 * @param requests all of them
 * @param errors those answered with an error
 * @param bugs those that failed by an unexpected exception
 */
public record OperationCounts(String operation, long requests, long errors, long bugs) {}
