/**
 * Memory that machines share, and doorbells between them: QEMU's inter-VM shared memory.
 *
 * <pre>
 *  IvshmemServer ── Listener: where peers come from
 *    ├─ IvshmemMemory: the file that all of them map
 *    ├─ PeerIds: which number is the next one's
 *    └─ ConnectedPeer: a client's socket, its doorbells, what it has not been told yet (Notice)
 *
 *  IvshmemPeer: a client, for programs
 * </pre>
 *
 * <p>The picture says who owns whom. Read first {@link io.jvirtiofsd.ivshmem.IvshmemServer}. A
 * <i>peer</i> is a machine, or a program, that has joined; a <i>vector</i> is one of the doorbells
 * by which it is rung, an eventfd each. The server hands descriptors out and tells who comes and
 * goes; peers touch the memory and ring each other without it.
 *
 * <p>The server has one thread, which waits for no peer. Source: QEMU's ivshmem-spec.rst, version 0
 * of the protocol between server and client.
 */
package io.jvirtiofsd.ivshmem;
