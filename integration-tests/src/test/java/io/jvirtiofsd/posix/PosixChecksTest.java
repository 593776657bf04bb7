package io.jvirtiofsd.posix;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.common.jimfs.Configuration;
import com.google.common.jimfs.Jimfs;
import io.jvirtiofsd.fake.FuseErrorException;
import io.jvirtiofsd.fake.FuseRig;
import io.jvirtiofsd.fuse.Errno;
import io.jvirtiofsd.guest.GuestKit;
import io.jvirtiofsd.linux.JnrSyscalls;
import io.jvirtiofsd.linux.Syscalls;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.file.FileSystem;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The same checks on a directory of the host, on one that is shared, and on a shared Jimfs: what
 * differs is a row of docs/semantics.md, and every row differs.
 */
class PosixChecksTest {
    private static final String HEADING = "## Checks that differ";
    private static final int FEWEST_CHECKS = 60;

    @TempDir Path folder;

    private static List<Method> checks() {
        return Stream.of(PosixChecks.class, AttributeChecks.class)
                .flatMap(owner -> Arrays.stream(owner.getDeclaredMethods()))
                .filter(method -> Modifier.isStatic(method.getModifiers()))
                .filter(method -> !Modifier.isPrivate(method.getModifiers()))
                .filter(method -> method.getReturnType() == String.class)
                .filter(method -> Arrays.equals(method.getParameterTypes(), ONE_TREE))
                .sorted(Comparator.comparing(Method::getName))
                .toList();
    }

    private static final Class<?>[] ONE_TREE = {Posix.class};

    /** What came of each check, by its name. */
    private static Map<String, String> run(Posix tree) throws Exception {
        Map<String, String> outcomes = new TreeMap<>();
        for (Method check : checks()) {
            outcomes.put(check.getName(), run(tree, check));
            clear(tree, "");
        }
        return outcomes;
    }

    private static String run(Posix tree, Method check) throws Exception {
        try {
            return (String) check.invoke(null, tree);
        } catch (InvocationTargetException e) {
            if (e.getCause() instanceof FuseErrorException error) {
                return "fails with " + Errno.name(error.errno());
            }
            throw e;
        }
    }

    private static void clear(Posix tree, String directory) {
        for (String entry : tree.list(directory)) {
            String name = entry.substring(0, entry.lastIndexOf(':'));
            String path = directory.isEmpty() ? name : directory + "/" + name;
            if (entry.endsWith(":4")) {
                clear(tree, path);
                tree.rmdir(path);
            } else {
                tree.unlink(path);
            }
        }
    }

    /** The rows of the document, by name: host, shared directory, Jimfs. */
    private static Map<String, List<String>> documented() throws Exception {
        Map<String, List<String>> rows = new TreeMap<>();
        String text = Files.readString(GuestKit.home().resolve("docs/semantics.md"));
        assertTrue(text.contains(HEADING));
        for (String line : text.substring(text.indexOf(HEADING)).split("\n")) {
            String[] cells = line.split("\\|");
            if (line.startsWith("| `") && cells.length >= 6) {
                List<String> outcomes =
                        Stream.of(cells[2], cells[3], cells[4])
                                .map(cell -> cell.trim().replace("`", ""))
                                .toList();
                rows.put(cells[1].trim().replace("`", ""), outcomes);
                assertTrue(cells[5].trim().length() > 10, "no reason: " + line);
            }
        }
        return rows;
    }

    @Test
    void whatDiffersFromTheHostIsWrittenDown() throws Exception {
        Syscalls syscalls = JnrSyscalls.load();
        assumeTrue(syscalls.geteuid() == 0, "owners are for root");
        int umask = syscalls.umask(0);
        Map<String, String> host;
        Map<String, String> shared;
        Map<String, String> memory;
        Path control = Files.createDirectory(folder.resolve("control"));
        try (HostPosix posix = new HostPosix(syscalls, control);
                FuseRig rig = new FuseRig(folder.resolve("share"), folder)) {
            host = run(posix);
            shared = run(new FusePosix(new RingNodes(rig.fuse())));
        } finally {
            syscalls.umask(umask);
        }
        Configuration unix = Configuration.unix().toBuilder().setAttributeViews("unix").build();
        try (FileSystem files = Jimfs.newFileSystem(unix);
                FuseRig rig = new FuseRig(files.getPath("/share"), folder)) {
            memory = run(new FusePosix(new RingNodes(rig.fuse())));
        }
        assertTrue(host.size() >= FEWEST_CHECKS, host.size() + " checks");
        Map<String, List<String>> different = new TreeMap<>();
        host.forEach(
                (name, outcome) -> {
                    List<String> all = List.of(outcome, shared.get(name), memory.get(name));
                    if (all.stream().distinct().count() > 1) {
                        different.put(name, all);
                    }
                });
        assertEquals(rows(documented()), rows(different));
    }

    private static String rows(Map<String, List<String>> rows) {
        StringBuilder text = new StringBuilder();
        rows.forEach(
                (name, outcomes) ->
                        text.append(
                                "| `%s` | `%s` | `%s` | `%s` |%n"
                                        .formatted(
                                                name,
                                                outcomes.get(0),
                                                outcomes.get(1),
                                                outcomes.get(2))));
        return text.toString();
    }
}
