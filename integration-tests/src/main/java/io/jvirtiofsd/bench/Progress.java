package io.jvirtiofsd.bench;

import java.util.Locale;

/** Says on the terminal how far a run is: in one line, or a line a step if it goes to a file. */
final class Progress {
    private static final double NANOS_PER_MINUTE = 60e9;

    private final boolean terminal = System.console() != null;
    private final int steps;
    private final long start = System.nanoTime();
    private int step;

    Progress(int steps) {
        this.steps = steps;
    }

    /** The next step begins. */
    void next(String what) {
        String left = "";
        if (step > 0) {
            double minutes = (System.nanoTime() - start) / NANOS_PER_MINUTE;
            left = String.format(Locale.ROOT, "%.1f min left", minutes / step * (steps - step));
        }
        step++;
        say(String.format(Locale.ROOT, "%3d/%d  %-13s %s", step, steps, left, what));
    }

    void say(String line) {
        System.err.print(terminal ? "\r\033[K" + line : line + "\n");
        System.err.flush();
    }

    /** Takes the line away. */
    void end() {
        if (terminal) {
            System.err.print("\r\033[K");
        }
    }
}
