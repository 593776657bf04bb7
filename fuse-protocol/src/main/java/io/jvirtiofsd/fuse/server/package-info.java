/**
 * FUSE as a virtio-fs device speaks it, without any idea of virtio or of native code: bytes in,
 * bytes out.
 *
 * <p>Read first {@link io.jvirtiofsd.fuse.server.FuseServer}, a file system being served, then
 * {@link io.jvirtiofsd.fuse.server.FuseWorker}, one thread's way of serving requests, then {@code
 * Opcode}, the table of operations, one row each, and any of its handlers.
 *
 * <ul>
 *   <li>{@code NodeRequests}, {@code NameRequests}, {@code FileRequests}, {@code
 *       DirectoryRequests}, {@code XattrRequests}, {@code LockRequests}, {@code MappingRequests},
 *       {@code ControlRequests}, {@code SessionRequests}: the handlers, each with the C structures
 *       of its topic as records; {@code AttributeWire}: those of attributes
 *   <li>{@code Request}: the private copy of what was asked, and the answer being made
 *   <li>{@code Negotiated}, {@code InitFlag}: what INIT agrees on
 *   <li>{@link io.jvirtiofsd.fuse.server.OperationCounts}: how often each operation was asked for;
 *       {@code Statistics} counts, {@code Bugs} logs what should not happen
 *   <li>{@link io.jvirtiofsd.fuse.server.RequestReader}, {@link
 *       io.jvirtiofsd.fuse.server.ReplyWriter}, {@link io.jvirtiofsd.fuse.GuestData}: what the
 *       transport supplies
 * </ul>
 *
 * <p>The server is shared by all threads that serve queues. Each of these has a {@code FuseWorker}
 * with a {@code Request} of its own, used again for every request. INIT begins a session of the
 * file system, DESTROY or the end of the connection ends it.
 */
package io.jvirtiofsd.fuse.server;
