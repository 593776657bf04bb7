/**
 * Linux as the project sees it: system calls and the things they give out.
 *
 * <ul>
 *   <li>{@link io.jvirtiofsd.linux.Syscalls}: the native door; start reading here
 *   <li>{@link io.jvirtiofsd.linux.NativeMemory}: bounds-checked memory outside the heap
 *   <li>{@link io.jvirtiofsd.linux.Fd}, {@link io.jvirtiofsd.linux.Mapping}, {@link
 *       io.jvirtiofsd.linux.EventFd}, {@link io.jvirtiofsd.linux.Poller}: things with an owner
 *   <li>{@link io.jvirtiofsd.linux.Reclaimer}: when such a thing may be closed while requests run
 *   <li>{@link io.jvirtiofsd.linux.SocketMessages}: bytes and descriptors over a unix socket
 * </ul>
 */
package io.jvirtiofsd.linux;
