/**
 * FUSE as a virtio-fs device speaks it, without any idea of virtio or of native code: bytes in,
 * bytes out.
 *
 * <ul>
 *   <li>{@link io.jvirtiofsd.fuse.server.FuseServer}: a file system being served; start reading
 *       here
 *   <li>{@link io.jvirtiofsd.fuse.server.FuseWorker}: one thread's way of serving requests
 *   <li>{@code Opcode}: the table of operations, one row each; {@code NodeRequests}, {@code
 *       NameRequests}, {@code FileRequests}, {@code DirectoryRequests}, {@code XattrRequests},
 *       {@code LockRequests}, {@code MappingRequests}, {@code ControlRequests}, {@code
 *       SessionRequests}: its handlers, each with the C structures of its topic as records; {@code
 *       AttributeWire}: those of attributes
 *   <li>{@code Request}: the private copy of what was asked, and the answer being made
 *   <li>{@code Negotiated}, {@code InitFlag}: what INIT agrees on
 *   <li>{@link io.jvirtiofsd.fuse.server.OperationCounts}: how often what was asked for; {@code
 *       Statistics} counts, {@code Bugs} logs what should not happen
 *   <li>{@link io.jvirtiofsd.fuse.server.RequestReader}, {@link
 *       io.jvirtiofsd.fuse.server.ReplyWriter}, {@link io.jvirtiofsd.fuse.GuestData}: what the
 *       transport supplies
 * </ul>
 */
package io.jvirtiofsd.fuse.server;
