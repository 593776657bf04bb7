/**
 * A host directory as a {@link io.jvirtiofsd.fuse.FileSystem}.
 *
 * <ul>
 *   <li>{@link io.jvirtiofsd.passthrough.PassthroughFileSystem}: the file system; start reading
 *       here
 *   <li>{@code HostDirectory}: the directory, and what is asked of the host by descriptors alone;
 *       {@code HostWindow}: what the DAX window is for its files
 *   <li>{@code HostSession}: what the guest knows between INIT and DESTROY
 *   <li>{@code Inode}, {@code InodeTable}: host objects by nodeId and by identity
 *   <li>{@code PathDescriptors}: the bounded cache of their descriptors; {@code DescriptorAgeing}
 *       has them closed when they are not in use
 *   <li>{@code Mounts}: the mounts they are on, for which their file handles are good
 *   <li>{@code Lookups}: from a name to an inode
 *   <li>{@code HostHandle}: what the guest has open
 *   <li>{@code HostNodes}, {@code HostNames}, {@code HostFiles}, {@code HostDirectories}, {@code
 *       HostXattrs}, {@code HostLocks}, {@code HostMappings}, {@code HostControls}: the operations,
 *       the parts of a session
 *   <li>{@code Creation}: how objects are made for the guest
 *   <li>{@link io.jvirtiofsd.passthrough.rules.IdMap}, {@link
 *       io.jvirtiofsd.passthrough.rules.XattrMap}: what is translated on the way
 *   <li>{@code Credentials}: acting as the guest's caller
 * </ul>
 */
package io.jvirtiofsd.passthrough;
