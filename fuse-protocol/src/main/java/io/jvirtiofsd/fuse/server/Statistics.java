package io.jvirtiofsd.fuse.server;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;

/** Counters per operation; owned by the {@link FuseServer}. <i>Thread-safe.</i> */
final class Statistics {
    private static final Opcode[] OPCODES = Opcode.values();

    private final Counters[] byOrdinal = new Counters[OPCODES.length];
    private final Counters unknown = new Counters();

    private static final class Counters {
        final LongAdder requests = new LongAdder();
        final LongAdder errors = new LongAdder();
        final LongAdder bugs = new LongAdder();

        OperationCounts sum(String operation) {
            return new OperationCounts(operation, requests.sum(), errors.sum(), bugs.sum());
        }
    }

    Statistics() {
        for (int i = 0; i < byOrdinal.length; i++) {
            byOrdinal[i] = new Counters();
        }
    }

    /** Counts a request; {@code opcode} is null for an unknown one. */
    void count(Opcode opcode, boolean failed) {
        Counters counters = of(opcode);
        counters.requests.increment();
        if (failed) {
            counters.errors.increment();
        }
    }

    void countBug(Opcode opcode) {
        of(opcode).bugs.increment();
    }

    private Counters of(Opcode opcode) {
        return opcode == null ? unknown : byOrdinal[opcode.ordinal()];
    }

    /** The operations that were asked for at least once, in the order of the table. */
    List<OperationCounts> counts() {
        List<OperationCounts> counts = new ArrayList<>();
        for (Opcode opcode : OPCODES) {
            counts.add(of(opcode).sum(opcode.name()));
        }
        counts.add(unknown.sum("UNKNOWN"));
        counts.removeIf(count -> count.requests() == 0);
        return List.copyOf(counts);
    }
}
