package io.jvirtiofsd.hostile;

/**
 * One row of a table. <i>Immutable.</i>
 *
 * @param name what is sent
 * @param act sends it, and tells what came of it
 * @param expected what must come of it
 */
record HostileCase(String name, Act act, Consequence expected) {
    /** Something that a peer may do to a {@link HostileRig}, which is fresh. */
    @FunctionalInterface
    interface Act {
        Consequence on(HostileRig rig) throws Exception;
    }
}
