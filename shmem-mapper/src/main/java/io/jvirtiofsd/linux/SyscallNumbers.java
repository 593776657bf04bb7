package io.jvirtiofsd.linux;

/**
 * Numbers of the system calls that are made without libc's wrapper.
 *
 * <p><i>Immutable.</i> Source: asm/unistd_64.h and asm-generic/unistd.h of the kernel.
 */
record SyscallNumbers(
        int openTree,
        int openat2,
        int setresuid,
        int setresgid,
        int setgroups,
        int getgroups,
        int capget,
        int capset,
        int geteuid,
        int getegid,
        int gettid,
        int tgkill,
        int schedSetattr,
        int schedGetattr) {

    private static final SyscallNumbers X86_64 =
            new SyscallNumbers(
                    428, 437, 117, 119, 116, 115, 125, 126, 107, 108, 186, 234, 314, 315);
    private static final SyscallNumbers AARCH64 =
            new SyscallNumbers(428, 437, 147, 149, 159, 158, 90, 91, 175, 177, 178, 131, 274, 275);

    static SyscallNumbers ofThisMachine() {
        return Architecture.IS_AARCH64 ? AARCH64 : X86_64;
    }
}
