package io.jvirtiofsd.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import io.jvirtiofsd.linux.Syscalls;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class CompilerThreadsTest {
    private static final int NICE = 18; // fields of stat after the name's bracket: proc(5), 19

    /** How nice threads are whose names begin so, or do not. */
    private static List<Integer> nice(String name, boolean soNamed) throws IOException {
        List<Integer> all = new ArrayList<>();
        try (Stream<Path> threads = Files.list(Path.of("/proc/self/task"))) {
            for (Path thread : threads.toList()) {
                String stat;
                try {
                    stat = Files.readString(thread.resolve("stat"));
                } catch (IOException e) {
                    continue; // it has ended
                }
                if (stat.substring(stat.indexOf('(') + 1).startsWith(name) == soNamed) {
                    String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
                    all.add(Integer.parseInt(fields[NICE - 2]));
                }
            }
        }
        return all;
    }

    @Test
    void theSlowCompilerGivesWayAndNobodyElse() throws IOException {
        List<Integer> others = nice("C2 ", false);
        CompilerThreads.giveWay(Syscalls.load());
        List<Integer> compilers = nice("C2 ", true);
        assertFalse(compilers.isEmpty());
        for (int nice : compilers) {
            assertEquals(10, nice);
        }
        assertFalse(others.contains(10));
        assertFalse(nice("C2 ", false).contains(10));
    }
}
