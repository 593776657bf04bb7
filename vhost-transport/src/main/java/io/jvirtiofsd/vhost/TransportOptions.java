package io.jvirtiofsd.vhost;

import java.util.function.Consumer;

/**
 * How the transport serves, the same for all sessions.
 *
 * @param threadPoolSize threads that help when requests pile up in a queue; 0 for none
 * @param keepListening whether the next front-end is served when one disconnects
 * @param trace where a line for each message goes, or null
 */
public record TransportOptions(int threadPoolSize, boolean keepListening, Consumer<String> trace) {}
