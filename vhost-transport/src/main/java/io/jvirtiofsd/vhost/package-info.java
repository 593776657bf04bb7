/**
 * The back-end side of vhost-user: messages, the session's state, and the threads that serve
 * queues.
 *
 * <pre>
 *  VhostUserServer ── Listener: where front-ends come from
 *    └─ VhostUserSession ── Endpoint: framing of messages (Message, MessageType)
 *         ├─ MemoryRegions: the guest's memory
 *         ├─ Migration ── StateTransfer: the thread that saves or loads (StateChannel)
 *         ├─ WindowLink ── BackendChannel: requests of ours (BackendMessageType)
 *         └─ Vrings ── WorkerPool: help when chains pile up; InflightRegions: what survives a crash
 *              └─ Vring: a queue as configured
 *                   └─ QueueWorker: the thread that serves it ── ParkedChains: what is answered later
 * </pre>
 *
 * <p>The picture says who owns whom. Read first {@link io.jvirtiofsd.vhost.VhostUserServer}, then
 * {@code VhostUserSession}, which message is served when and with what answer, then {@code Vring}
 * and {@code QueueWorker}. {@link io.jvirtiofsd.vhost.VirtioDevice} and {@link
 * io.jvirtiofsd.vhost.ChainHandler} are what a device supplies, and {@link
 * io.jvirtiofsd.vhost.DeviceState} if it can be migrated.
 *
 * <p>The control thread accepts, reads messages and configures, one message at a time. It touches
 * no memory of the guest, and never waits for the peer, but for the end of a transfer of the
 * device's state that the front-end asks for: ten seconds at most. Each running ring has a thread;
 * the pool's threads, which are there on demand unless somebody has said how many, serve any of the
 * request queues.
 */
package io.jvirtiofsd.vhost;
