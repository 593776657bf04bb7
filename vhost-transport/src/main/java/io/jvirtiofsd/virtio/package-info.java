/**
 * The device side of virtio: virtqueues, split and packed, and the chains of buffers taken from
 * them.
 *
 * <ul>
 *   <li>{@link io.jvirtiofsd.virtio.Virtqueue}: a running queue; start reading here, and go on with
 *       {@link io.jvirtiofsd.virtio.SplitVirtqueue}
 *   <li>{@link io.jvirtiofsd.virtio.Ring}: its three areas in guest memory
 *   <li>{@link io.jvirtiofsd.virtio.ChainHead}: what is kept of a chain until it is given back
 *   <li>{@link io.jvirtiofsd.virtio.DescriptorChain}: one request's buffers, a reusable slot
 *   <li>{@link io.jvirtiofsd.virtio.GuestBuffers}: one direction of them, which is what a device
 *       sees
 *   <li>{@link io.jvirtiofsd.virtio.InflightRegion}: which chains were taken and not given back,
 *       for a process that follows
 * </ul>
 *
 * <p>A queue keeps positions only; the ring is passed to each call, since the front-end may replace
 * the memory behind it between two calls. The thread that serves a queue owns it and a chain. Other
 * threads that serve surplus chains have a chain of their own, and push under a lock of the
 * caller's.
 *
 * <p>All that is read here was written by the driver, which may be hostile and may go on writing.
 * So each field is read once, checked, and every walk has a limit. A broken rule is a {@link
 * io.jvirtiofsd.virtio.RingException}, after which the queue is not used any more. Source: virtio
 * 1.3, 2.7 and 2.8.
 */
package io.jvirtiofsd.virtio;
