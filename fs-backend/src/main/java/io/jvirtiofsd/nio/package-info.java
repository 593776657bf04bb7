/**
 * A tree of any {@code java.nio.file} file system for the guest: an archive, memory, whatever has a
 * provider.
 *
 * <p>Read first {@link io.jvirtiofsd.nio.NioFileSystem}, then {@link io.jvirtiofsd.nio.NodeTree},
 * which says what a nodeId means where there are only paths, then {@link
 * io.jvirtiofsd.nio.NioFiles}, the operations on open files. {@link
 * io.jvirtiofsd.nio.AttributeViews} says what is known of a file, {@link
 * io.jvirtiofsd.nio.NioErrno} what a failure means to the guest.
 *
 * <p>The server begins and closes a session, which owns the nodes and what is open. Requests run on
 * whatever thread serves the queue, several at a time.
 *
 * <p>Pure Java: no system calls. So a path is resolved by the provider, which follows symbolic
 * links on the way to the last name. The guest cannot make use of that: nodes mirror the tree, a
 * directory is used only if it still is the object that was looked up, and names of directories do
 * not change while a path is in use. Another program of the host that puts a link in a directory's
 * place at the very moment could; share a directory of the host itself with {@code --shared-dir}.
 */
package io.jvirtiofsd.nio;
