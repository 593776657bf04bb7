/**
 * The device side of virtio: split virtqueues and the chains of buffers taken from them.
 *
 * <ul>
 *   <li>{@link io.jvirtiofsd.virtio.Virtqueue}: a running queue; start reading here
 *   <li>{@link io.jvirtiofsd.virtio.SplitRing}: its three areas in guest memory
 *   <li>{@link io.jvirtiofsd.virtio.DescriptorChain}: one request's buffers, a reusable slot
 *   <li>{@link io.jvirtiofsd.virtio.GuestBuffers}: one direction of them, which is what a device
 *       sees
 * </ul>
 */
package io.jvirtiofsd.virtio;
