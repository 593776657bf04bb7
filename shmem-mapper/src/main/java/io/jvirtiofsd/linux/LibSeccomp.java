package io.jvirtiofsd.linux;

/**
 * The functions of libseccomp that {@link SeccompFilter} uses, bound by jnr-ffi. Contexts, names
 * and arrays are addresses; each call returns a value &ge; 0, or a negated errno. Source: seccomp.h
 * of libseccomp 2.5.
 */
public interface LibSeccomp {
    /** A context with the action for calls without a rule; 0 if there is no memory. */
    long seccomp_init(int otherwise);

    int seccomp_attr_set(long context, int attribute, int value);

    int seccomp_syscall_resolve_name(long name);

    int seccomp_rule_add_array(long context, int action, int call, int conditions, long array);

    int seccomp_load(long context);

    void seccomp_release(long context);
}
