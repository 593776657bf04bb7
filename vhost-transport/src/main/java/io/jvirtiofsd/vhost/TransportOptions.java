package io.jvirtiofsd.vhost;

import java.util.function.Consumer;

/**
 * How the transport serves, the same for all sessions.
 *
 * @param threadPoolSize threads that help when requests pile up in a queue; 0 for none; {@link
 *     #AUTO_POOL} for a few that are started for requests which take long
 * @param pollMicros how long a request queue that has run empty is looked at before its thread
 *     sleeps; {@link #AUTO_POLL} for as long as it pays, 0 for not at all
 * @param keepListening whether the next front-end is served when one disconnects
 * @param trace where a line for each message goes, or null
 */
public record TransportOptions(
        int threadPoolSize, int pollMicros, boolean keepListening, Consumer<String> trace) {
    /** The {@link #threadPoolSize} of who leaves that to the requests. */
    public static final int AUTO_POOL = -1;

    /** The {@link #pollMicros} of who leaves that to each queue. */
    public static final int AUTO_POLL = -1;
}
