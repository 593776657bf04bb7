package io.jvirtiofsd.cli;

/**
 * What the {@link Doctor} says of one thing. <i>Immutable.</i>
 *
 * @param what the thing, in a word or two
 * @param detail what it is, or what is missing and what to do about it; one sentence
 */
record Finding(State state, String what, String detail) {
    /** From well to ill. */
    enum State {
        OK("ok"),
        /** The daemon serves, but less well, or with less. */
        LESS("less"),
        /** The daemon does not serve. */
        MISSING("MISSING");

        private final String word;

        State(String word) {
            this.word = word;
        }
    }

    static Finding ok(String what, String detail) {
        return new Finding(State.OK, what, detail);
    }

    static Finding less(String what, String detail) {
        return new Finding(State.LESS, what, detail);
    }

    static Finding missing(String what, String detail) {
        return new Finding(State.MISSING, what, detail);
    }

    @Override
    public String toString() {
        return "%-8s%-17s%s".formatted(state.word, what, detail);
    }
}
