/**
 * Linux as the project sees it: system calls and the things they give out.
 *
 * <ul>
 *   <li>{@link io.jvirtiofsd.linux.Syscalls}: the native door; start reading here
 *   <li>{@link io.jvirtiofsd.linux.NativeMemory}: bounds-checked memory outside the heap; {@link
 *       io.jvirtiofsd.linux.Scratch}: a thread's own blocks of it, for arguments and results
 *   <li>{@link io.jvirtiofsd.linux.Fd}, {@link io.jvirtiofsd.linux.Mapping}, {@link
 *       io.jvirtiofsd.linux.EventFd}, {@link io.jvirtiofsd.linux.Poller}: things with an owner
 *   <li>{@link io.jvirtiofsd.linux.Reclaimer}: when such a thing may be closed while requests run
 *   <li>{@link io.jvirtiofsd.linux.SocketMessages}: bytes and descriptors over a unix socket;
 *       {@link io.jvirtiofsd.linux.Listener}: the socket that peers connect to
 * </ul>
 *
 * <p>A system call returns a negated errno and throws nothing; the caller makes an exception of it
 * where failure is the exception. Any thread may make any call. A thing with an owner is closed by
 * its owner, once; if requests may be using it, by way of the {@code Reclaimer}.
 *
 * <p>Three words say what becomes of a descriptor that is passed. One that is <i>taken</i> belongs
 * to the callee; one that is <i>borrowed</i> stays the caller's; one that is <i>given</i> is the
 * caller's from now on.
 */
package io.jvirtiofsd.linux;
