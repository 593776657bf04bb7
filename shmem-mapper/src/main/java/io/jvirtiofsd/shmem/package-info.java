/**
 * Memory shared with the guest: the guest's own, as regions mapped here.
 *
 * <p>Read first {@link io.jvirtiofsd.shmem.GuestMemory}, the table of regions, which finds the
 * memory behind an address of the guest or of the front-end's process. Then {@link
 * io.jvirtiofsd.shmem.GuestRegion}, one region with its mapping.
 *
 * <p>The session's {@code MemoryRegions} makes the regions and owns them, on the control thread. A
 * table never changes: a change of the memory is another table. The threads that serve queues use
 * the table that their ring was found in. A region that has left the table is retired, and unmapped
 * when no request can be using it.
 *
 * <p>What the front-end shows as memory of the DAX window is one region, too, made of the window's
 * mirror: so a buffer that lies in the window is found like any other.
 */
package io.jvirtiofsd.shmem;
