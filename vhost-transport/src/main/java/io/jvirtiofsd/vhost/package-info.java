/**
 * The back-end side of vhost-user: messages, the session's state, and the threads that serve
 * queues.
 *
 * <ul>
 *   <li>{@link io.jvirtiofsd.vhost.VhostUserServer}: the socket, one session after another; start
 *       reading here
 *   <li>{@code VhostUserSession}: which message is served when, and its answer; {@code Vrings},
 *       {@code MemoryRegions}, {@code WindowLink}: what the messages are about
 *   <li>{@code Endpoint}, {@code MessageType}, {@code Message}: framing and the table of messages
 *   <li>{@code Vring}: a queue as configured; {@code QueueWorker}: the thread that serves it,
 *       helped by a {@code WorkerPool}; {@code ParkedChains}: what is answered later
 *   <li>{@link io.jvirtiofsd.vhost.VirtioDevice}, {@link io.jvirtiofsd.vhost.ChainHandler}: what a
 *       device supplies
 * </ul>
 */
package io.jvirtiofsd.vhost;
