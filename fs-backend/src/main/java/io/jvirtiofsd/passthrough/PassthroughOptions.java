package io.jvirtiofsd.passthrough;

/**
 * How a directory is shared.
 *
 * @param cachePolicy what the guest may cache
 * @param readOnly whether every change is refused with EROFS
 * @param maxDescriptors how many descriptors may be open for inodes that can be reopened
 */
public record PassthroughOptions(CachePolicy cachePolicy, boolean readOnly, int maxDescriptors) {}
