package io.jvirtiofsd.cli;

import io.jvirtiofsd.linux.Syscalls;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * {@code jvirtiofsd doctor [DIR]}: a line for each thing that the daemon can use, whether it is
 * there, and what to do if it is not. The launcher starts it, with no sandbox. <i>Stateless.</i>
 */
public final class Doctor {
    private static final int WELL = 0;
    private static final int ILL = 1;
    private static final int USAGE = 2;

    private Doctor() {}

    /**
     * Ends with status 0 if the daemon can serve, with 1 if something that it needs is missing, and
     * with 2 for more than one argument.
     */
    public static void main(String[] args) throws IOException {
        System.setProperty("org.slf4j.simpleLogger.defaultLogLevel", "off");
        if (args.length > 1) {
            System.err.println("jvirtiofsd: doctor takes one directory");
            System.exit(USAGE);
        }
        Syscalls syscalls = Syscalls.load();
        String path = System.getenv().getOrDefault("PATH", "");
        List<Finding> all = new ArrayList<>(HostCheck.in(syscalls, path).findings());
        Path directory = Path.of(args.length == 0 ? "." : args[0]);
        all.addAll(new ShareCheck(syscalls, directory).findings());
        all.forEach(System.out::println);
        System.exit(
                all.stream().anyMatch(one -> one.state() == Finding.State.MISSING) ? ILL : WELL);
    }
}
