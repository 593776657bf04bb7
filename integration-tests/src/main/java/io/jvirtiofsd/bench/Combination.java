package io.jvirtiofsd.bench;

import java.util.Locale;

/**
 * What is compared in one stretch.
 *
 * @param depth requests in flight in each queue
 * @param sleeping whether the driver sleeps until it is interrupted, as guests do, or polls
 */
record Combination(Row row, int depth, int queues, boolean sleeping) {
    String driver() {
        return sleeping ? "sleeps" : "polls";
    }

    int chains() {
        return depth * queues;
    }

    @Override
    public String toString() {
        return String.format(
                Locale.ROOT, "%-11s %5d %6d %-6s", row.name(), depth, queues, driver());
    }
}
