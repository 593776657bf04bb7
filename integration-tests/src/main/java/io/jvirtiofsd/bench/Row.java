package io.jvirtiofsd.bench;

import java.io.IOException;

/**
 * An operation that is measured.
 *
 * @param name as on the command line
 * @param bytes of data that an operation moves, 0 if that is not its point
 * @param chain has a back-end do it
 * @param bare the system calls that a program makes for it without any back-end
 */
record Row(String name, int bytes, ChainMaker chain, BareMaker bare) {
    /** Whether it makes and removes files. */
    boolean makesFiles() {
        return name.equals("create");
    }

    /** Makes one of {@code count} chains, in a slot of its own. */
    interface ChainMaker {
        Chain of(Contender side, Contender.Slot slot, int index, int count) throws IOException;
    }

    /** Makes the operation on a share's directory itself. */
    interface BareMaker {
        BareCalls.Operation of(BareCalls calls);
    }
}
