/**
 * Memory shared with the guest: the guest's own, as regions mapped here.
 *
 * <ul>
 *   <li>{@link io.jvirtiofsd.shmem.GuestMemory}: the table; start reading here
 *   <li>{@link io.jvirtiofsd.shmem.GuestRegion}: one mapped region
 * </ul>
 */
package io.jvirtiofsd.shmem;
