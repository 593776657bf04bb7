/**
 * The device for programs: joins the transport to the FUSE server, and exports a file system.
 *
 * <p>Start reading at {@link io.jvirtiofsd.backend.BackEnd}, which another Java program can use as
 * well, then {@link io.jvirtiofsd.backend.VirtioFsDevice}, the only class besides {@code
 * FuseChainHandler} that knows both virtqueues and FUSE.
 */
package io.jvirtiofsd.backend;
