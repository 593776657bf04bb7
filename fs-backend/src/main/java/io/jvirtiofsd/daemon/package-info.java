/**
 * The program: options, main, and the device that joins the transport to the FUSE server.
 *
 * <p>Start reading at {@link io.jvirtiofsd.daemon.Main}, then {@link
 * io.jvirtiofsd.daemon.VirtioFsDevice}, the only class that knows both virtqueues and FUSE.
 */
package io.jvirtiofsd.daemon;
