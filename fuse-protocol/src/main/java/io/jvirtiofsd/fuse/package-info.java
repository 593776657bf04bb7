/**
 * FUSE as a virtio-fs device speaks it, without any idea of virtio or of native code.
 *
 * <ul>
 *   <li>{@link io.jvirtiofsd.fuse.FuseServer}: a file system being served; start reading here
 *   <li>{@link io.jvirtiofsd.fuse.FuseWorker}: one thread's way of serving requests
 *   <li>{@code Opcode}: the table of operations, one row each; {@code NodeOperations}, {@code
 *       NameOperations}, {@code FileOperations}, {@code DirectoryOperations}, {@code
 *       SessionOperations}: its handlers
 *   <li>{@code Request}: the private copy of what was asked, and the answer being made
 *   <li>{@code ...In}, {@code ...Out}: one record for each C structure
 *   <li>{@code Negotiated}, {@code InitFlag}: what INIT agrees on
 *   <li>{@link io.jvirtiofsd.fuse.OperationCounts}: how often what was asked for; {@code
 *       Statistics} counts, {@code Bugs} logs what should not happen
 *   <li>{@link io.jvirtiofsd.fuse.FileSystem}: what an exported file system implements
 *   <li>{@link io.jvirtiofsd.fuse.RequestReader}, {@link io.jvirtiofsd.fuse.ReplyWriter}, {@link
 *       io.jvirtiofsd.fuse.GuestData}: what the transport supplies
 * </ul>
 */
package io.jvirtiofsd.fuse;
