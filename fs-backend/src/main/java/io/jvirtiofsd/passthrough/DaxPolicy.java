package io.jvirtiofsd.passthrough;

import io.jvirtiofsd.dax.DaxWindow;

/**
 * Which files the guest is to map in the DAX window. <i>Immutable.</i>
 *
 * @param window where; borrowed
 * @param threshold smallest file, in bytes, that is marked for it; a guest that mounts with {@code
 *     dax=always} does not ask
 */
public record DaxPolicy(DaxWindow window, long threshold) {}
