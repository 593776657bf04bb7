/**
 * What a file system is to its server: nothing here knows how requests come over the wire.
 *
 * <p>Read first {@link io.jvirtiofsd.fuse.FileSystem} and the {@link io.jvirtiofsd.fuse.Session} it
 * gives to a guest: what an exported file system implements. Then {@link
 * io.jvirtiofsd.fuse.NodeOperations}, one part of a session, as an example of all.
 *
 * <ul>
 *   <li>{@link io.jvirtiofsd.fuse.NodeOperations}, {@link io.jvirtiofsd.fuse.NameOperations},
 *       {@link io.jvirtiofsd.fuse.FileOperations}, {@link io.jvirtiofsd.fuse.DirectoryOperations},
 *       {@link io.jvirtiofsd.fuse.XattrOperations}, {@link io.jvirtiofsd.fuse.LockOperations},
 *       {@link io.jvirtiofsd.fuse.MappingOperations}, {@link io.jvirtiofsd.fuse.ControlOperations}:
 *       the parts of a session
 *   <li>{@link io.jvirtiofsd.fuse.Caller}: who asks; {@link io.jvirtiofsd.fuse.Name}: a checked
 *       name
 *   <li>{@link io.jvirtiofsd.fuse.AttributeChange}, {@link io.jvirtiofsd.fuse.NewFile}, {@link
 *       io.jvirtiofsd.fuse.CopyRequest}, {@link io.jvirtiofsd.fuse.LockRequest}: what is asked for,
 *       checked
 *   <li>{@link io.jvirtiofsd.fuse.Entry}, {@link io.jvirtiofsd.fuse.Attributes}, {@link
 *       io.jvirtiofsd.fuse.OpenReply}, {@link io.jvirtiofsd.fuse.Statfs}: answers
 *   <li>{@link io.jvirtiofsd.fuse.GuestData}: data of READ and WRITE, in the guest's memory; {@link
 *       io.jvirtiofsd.fuse.DirectorySink}: where a listing goes
 *   <li>{@link io.jvirtiofsd.fuse.SlotTable}: numbers for nodes and handles, none of which ever
 *       means another object
 *   <li>{@link io.jvirtiofsd.fuse.ErrnoException}: how an operation fails
 * </ul>
 *
 * <p>The server owns the file system's sessions, one at a time. Requests of one session run on
 * several threads at once, so every part of a session is thread-safe. Names and data that are
 * passed to an operation are good until it returns.
 */
package io.jvirtiofsd.fuse;
