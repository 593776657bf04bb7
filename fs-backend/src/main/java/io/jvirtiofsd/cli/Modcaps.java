package io.jvirtiofsd.cli;

import java.io.IOException;
import java.util.List;
import java.util.Locale;

/**
 * What {@code --modcaps} asks for: capabilities to give up and to insist on. <i>Immutable.</i>
 *
 * <p>Every thread has capabilities of its own, and a JVM has threads before it runs a line of ours.
 * So the launcher gives them up before there is one; here is checked that it has.
 *
 * @param dropped bits of those given up
 * @param wanted bits of those insisted on
 */
record Modcaps(long dropped, long wanted) {
    static final Modcaps NONE = new Modcaps(0, 0);

    // Each at its number. Source: linux/capability.h.
    private static final List<String> NAMES =
            List.of(
                    "chown",
                    "dac_override",
                    "dac_read_search",
                    "fowner",
                    "fsetid",
                    "kill",
                    "setgid",
                    "setuid",
                    "setpcap",
                    "linux_immutable",
                    "net_bind_service",
                    "net_broadcast",
                    "net_admin",
                    "net_raw",
                    "ipc_lock",
                    "ipc_owner",
                    "sys_module",
                    "sys_rawio",
                    "sys_chroot",
                    "sys_ptrace",
                    "sys_pacct",
                    "sys_admin",
                    "sys_boot",
                    "sys_nice",
                    "sys_resource",
                    "sys_time",
                    "sys_tty_config",
                    "mknod",
                    "lease",
                    "audit_write",
                    "audit_control",
                    "setfcap",
                    "mac_override",
                    "mac_admin",
                    "syslog",
                    "wake_alarm",
                    "block_suspend",
                    "audit_read",
                    "perfmon",
                    "bpf",
                    "checkpoint_restore");
    private static final String PREFIX = "cap_";

    /**
     * Reads "+NAME:-NAME:...", in whatever case; what is said last of a capability holds.
     *
     * @throws IllegalArgumentException if it is something else; the message is one sentence
     */
    static Modcaps parse(String list) {
        long dropped = 0;
        long wanted = 0;
        for (String entry : list.split(":", -1)) {
            char sign = entry.isEmpty() ? 0 : entry.charAt(0);
            if (sign != '+' && sign != '-') {
                throw new IllegalArgumentException("'" + entry + "' is not +NAME or -NAME");
            }
            long bit = bit(entry.substring(1));
            dropped = sign == '-' ? dropped | bit : dropped & ~bit;
            wanted = sign == '+' ? wanted | bit : wanted & ~bit;
        }
        return new Modcaps(dropped, wanted);
    }

    private static long bit(String name) {
        String lower = name.toLowerCase(Locale.ROOT);
        int number =
                NAMES.indexOf(lower.startsWith(PREFIX) ? lower.substring(PREFIX.length()) : lower);
        if (number < 0) {
            throw new IllegalArgumentException("'" + name + "' is no capability");
        }
        return 1L << number;
    }

    boolean drops(String name) {
        return (dropped & bit(name)) != 0;
    }

    /**
     * Compares with what this process has.
     *
     * @param root whether it is root's: who is not has no capabilities to modify, but for those
     *     that a program's file or a starter gives
     * @throws IOException if there is a difference; the message is one sentence
     */
    void check(boolean root) throws IOException {
        if ((dropped | wanted) == 0) {
            return;
        }
        long has =
                ProcessStatus.set("CapPrm")
                        | ProcessStatus.set("CapInh")
                        | ProcessStatus.set("CapAmb")
                        | (root ? ProcessStatus.set("CapBnd") : 0);
        refuse(dropped & has, "this process still has %s: start it by the launcher, jvirtiofsd");
        refuse(root ? wanted & ~ProcessStatus.set("CapEff") : 0, "this process has no %s");
    }

    private static void refuse(long bits, String message) throws IOException {
        if (bits != 0) {
            String name = NAMES.get(Long.numberOfTrailingZeros(bits));
            throw new IOException("--modcaps: " + message.formatted(name));
        }
    }
}
