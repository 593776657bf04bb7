package io.jvirtiofsd.linux;

import java.nio.charset.StandardCharsets;

/**
 * A filter of the system calls of this process, built rule by rule and then put before all its
 * threads for good. Owned by whoever began it.
 *
 * <p><i>Confined to its thread.</i> Source: seccomp(2), seccomp_rule_add(3).
 */
public final class SeccompFilter implements AutoCloseable {
    /** What happens at a call. */
    public enum Action {
        ALLOW(0x7fff_0000), // linux/seccomp.h SECCOMP_RET_
        LOG(0x7ffc_0000),
        ENOSYS(0x0005_0000 | 38),
        TRAP(0x0003_0000),
        KILL(0x8000_0000);

        private final int value;

        Action(int value) {
            this.value = value;
        }
    }

    /**
     * What an argument of a call must be for a rule to hold.
     *
     * @param argument its index, from 0
     * @param operation SCMP_CMP_
     */
    public record Condition(int argument, int operation, long first, long second) {
        public static Condition is(int argument, long value) {
            return new Condition(argument, EQUAL, value, 0);
        }

        public static Condition isNot(int argument, long value) {
            return new Condition(argument, NOT_EQUAL, value, 0);
        }

        /** Those bits of the argument that are in {@code mask} are those of {@code value}. */
        public static Condition has(int argument, long mask, long value) {
            return new Condition(argument, MASKED_EQUAL, mask, value);
        }
    }

    // seccomp.h of libseccomp: scmp_filter_attr, scmp_compare, struct scmp_arg_cmp
    private static final int ATTRIBUTE_BAD_ARCHITECTURE = 2;
    private static final int ATTRIBUTE_ALL_THREADS = 4;
    private static final int ATTRIBUTE_OPTIMIZE = 8;
    private static final int BY_BINARY_SEARCH = 2;
    private static final int NOT_EQUAL = 1;
    private static final int EQUAL = 4;
    private static final int MASKED_EQUAL = 7;
    private static final int CONDITION_BYTES = 24; // arg@0 op@4 datum_a@8 datum_b@16

    private final NativeLibrary library;
    private final long attributeSet;
    private final long resolveName;
    private final long ruleAdd;
    private final long context;
    private final Action otherwise;

    private SeccompFilter(NativeLibrary library, long context, Action otherwise) {
        this.library = library;
        this.attributeSet = library.find("seccomp_attr_set");
        this.resolveName = library.find("seccomp_syscall_resolve_name");
        this.ruleAdd = library.find("seccomp_rule_add_array");
        this.context = context;
        this.otherwise = otherwise;
    }

    /**
     * Begins a filter that has no rules yet.
     *
     * @param otherwise what happens at calls that no rule speaks of
     * @throws LinkageError if there is no libseccomp
     */
    public static SeccompFilter begin(Action otherwise) throws LinuxException {
        NativeLibrary library = NativeLibrary.open("libseccomp.so.2");
        long context = library.call(library.find("seccomp_init"), otherwise.value);
        if (context == 0) {
            throw new LinuxException("seccomp_init", LinuxErrno.ENOMEM);
        }
        SeccompFilter filter = new SeccompFilter(library, context, otherwise);
        filter.set(ATTRIBUTE_BAD_ARCHITECTURE, Action.KILL.value);
        filter.set(ATTRIBUTE_ALL_THREADS, 1);
        filter.set(ATTRIBUTE_OPTIMIZE, BY_BINARY_SEARCH);
        return filter;
    }

    private void set(int attribute, int value) throws LinuxException {
        LinuxException.check(
                (int) library.call(attributeSet, context, attribute, value), "seccomp_attr_set");
    }

    /**
     * At {@code call}, if its arguments are as all of {@code conditions} say, {@code action}
     * happens. A call that libseccomp does not know is one without a rule.
     */
    public void add(Action action, String call, Condition... conditions) throws LinuxException {
        if (action == otherwise) {
            return; // libseccomp refuses what changes nothing
        }
        byte[] name = call.getBytes(StandardCharsets.US_ASCII);
        Scratch scratch = Scratch.get();
        int number = (int) library.call(resolveName, scratch.path(name, 0, name.length));
        if (number < 0) {
            return; // also those that this architecture does not have
        }
        NativeMemory array = scratch.small();
        for (int i = 0; i < conditions.length; i++) {
            array.putInt(i * CONDITION_BYTES, conditions[i].argument());
            array.putInt(i * CONDITION_BYTES + 4, conditions[i].operation());
            array.putLong(i * CONDITION_BYTES + 8, conditions[i].first());
            array.putLong(i * CONDITION_BYTES + 16, conditions[i].second());
        }
        LinuxException.check(
                (int)
                        library.call(
                                ruleAdd,
                                context,
                                action.value,
                                number,
                                conditions.length,
                                array.address()),
                "seccomp_rule_add " + call);
    }

    /** Puts the filter before all threads; no thread can get new privileges from then on. */
    public void install() throws LinuxException {
        LinuxException.check(
                (int) library.call(library.find("seccomp_load"), context), "seccomp_load");
    }

    @Override
    public void close() {
        library.call(library.find("seccomp_release"), context);
    }
}
