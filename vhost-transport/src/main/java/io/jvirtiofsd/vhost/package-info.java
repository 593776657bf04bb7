/**
 * The back-end side of vhost-user: messages, the session's state, and the threads that serve
 * queues.
 *
 * <ul>
 *   <li>{@link io.jvirtiofsd.vhost.VhostUserServer}: the socket, one session after another; start
 *       reading here
 *   <li>{@code VhostUserSession}: the state machine, one method per message
 *   <li>{@code Endpoint}, {@code MessageType}, {@code Message}: framing and the table of messages
 *   <li>{@code Vring}: a queue as configured; {@code QueueWorker}: the thread that serves it
 *   <li>{@link io.jvirtiofsd.vhost.VirtioDevice}, {@link io.jvirtiofsd.vhost.ChainHandler}: what a
 *       device supplies
 * </ul>
 */
package io.jvirtiofsd.vhost;
