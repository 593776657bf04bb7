/**
 * A host directory as a {@link io.jvirtiofsd.fuse.FileSystem}.
 *
 * <p>Read first {@link io.jvirtiofsd.passthrough.PassthroughFileSystem}, the file system, then
 * {@code HostSession}, what the guest knows between INIT and DESTROY, then {@code Inode} and {@code
 * Lookups}: how a name becomes an inode. After that each operation can be read by itself.
 *
 * <ul>
 *   <li>{@code HostDirectory}: the directory, and what is asked of the host by descriptors alone;
 *       {@code HostWindow}: what the DAX window is for its files
 *   <li>{@code InodeTable}: host objects by nodeId and by identity
 *   <li>{@code PathDescriptors}: the bounded cache of their descriptors; {@code DescriptorAgeing}
 *       has them closed when they are not in use; {@code SpareDescriptors} are held to be closed
 *   <li>{@code Mounts}: the mounts they are on, for which their file handles are good
 *   <li>{@code HostHandle}: what the guest has open
 *   <li>{@code HostNodes}, {@code HostNames}, {@code HostFiles}, {@code HostDirectories}, {@code
 *       HostXattrs}, {@code HostLocks}, {@code HostMappings}, {@code HostControls}: the operations,
 *       the parts of a session
 *   <li>{@code Creation}: how objects are made for the guest; {@code Credentials}: acting as the
 *       guest's caller
 *   <li>{@code SessionSaver}, {@code SessionLoader}: a session's way into another process; {@code
 *       InodePaths}: where its inodes are found
 *   <li>{@link io.jvirtiofsd.passthrough.rules.IdMap}, {@link
 *       io.jvirtiofsd.passthrough.rules.XattrMap}: what is translated on the way
 * </ul>
 *
 * <p>The file system owns the directory. The server begins and closes a session, which owns inodes,
 * handles and descriptors. Requests run on whatever thread serves the queue, several at a time. A
 * descriptor that leaves a table is retired, not closed: another request may be using it.
 */
package io.jvirtiofsd.passthrough;
