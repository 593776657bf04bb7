/**
 * The device for programs: joins the transport to the FUSE server, and exports a file system.
 *
 * <p>Read first {@link io.jvirtiofsd.backend.BackEnd}, which another Java program can use as well,
 * then {@link io.jvirtiofsd.backend.VirtioFsDevice}, the device as the transport sees it, then
 * {@code FuseChainHandler}, which makes a FUSE request of a chain. These two are the only classes
 * that know both virtqueues and FUSE.
 *
 * <p>A {@code BackEnd} owns the DAX window, the file system and the server of the socket, and
 * closes them in reverse order. It makes the transport's control thread, for which the caller
 * waits. Each thread that serves a queue has a {@code FuseChainHandler} of its own.
 */
package io.jvirtiofsd.backend;
