package io.jvirtiofsd.posix;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.fake.FuseErrorException;
import io.jvirtiofsd.fuse.Errno;
import io.jvirtiofsd.guest.GuestKit;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Runs checks on a tree, and compares what came of them with the tables of docs/semantics.md. */
final class Checks {
    private static final List<Class<?>> FOR_ANY = List.of(PosixChecks.class, AttributeChecks.class);

    private static final List<Class<?>> FOR_KERNELS =
            List.of(
                    OpenFileChecks.class,
                    MappingChecks.class,
                    NameChecks.class,
                    PermissionChecks.class);

    private static final List<Class<?>> FOR_XATTRS = List.of(XattrChecks.class);

    private Checks() {}

    private static List<Method> methodsOf(List<Class<?>> owners, Class<?> tree) {
        Class<?>[] oneTree = {tree};
        return owners.stream()
                .flatMap(owner -> Arrays.stream(owner.getDeclaredMethods()))
                .filter(method -> Modifier.isStatic(method.getModifiers()))
                .filter(method -> !Modifier.isPrivate(method.getModifiers()))
                .filter(method -> method.getReturnType() == String.class)
                .filter(method -> Arrays.equals(method.getParameterTypes(), oneTree))
                .sorted(Comparator.comparing(Method::getName))
                .toList();
    }

    /** What came of each check that any tree is asked, by its name. */
    static Map<String, String> run(Posix tree) throws Exception {
        return run(tree, methodsOf(FOR_ANY, Posix.class));
    }

    /** The same, and of those that only a kernel can be asked. */
    static Map<String, String> runByKernel(LinuxPosix tree) throws Exception {
        Map<String, String> outcomes = run(tree);
        outcomes.putAll(run(tree, methodsOf(FOR_KERNELS, LinuxPosix.class)));
        return outcomes;
    }

    /** The same, extended attributes and access lists included. */
    static Map<String, String> runAll(LinuxPosix tree) throws Exception {
        Map<String, String> outcomes = runByKernel(tree);
        outcomes.putAll(run(tree, methodsOf(FOR_XATTRS, LinuxPosix.class)));
        return outcomes;
    }

    private static Map<String, String> run(Posix tree, List<Method> checks) throws Exception {
        Map<String, String> outcomes = new TreeMap<>();
        for (Method check : checks) {
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

    /** The rows below {@code heading}: outcomes by the check's name, without the reason. */
    static String documented(String heading) throws IOException {
        String text = Files.readString(GuestKit.home().resolve("docs/semantics.md"));
        int start = text.indexOf(heading + "\n");
        assertTrue(start >= 0, heading);
        int end = text.indexOf("\n#", start + 1);
        StringBuilder rows = new StringBuilder();
        for (String line : text.substring(start, end < 0 ? text.length() : end).split("\n")) {
            int reason = line.lastIndexOf("| ");
            if (line.startsWith("| `")) {
                assertTrue(line.length() - reason > 12, "no reason: " + line);
                rows.append(line, 0, reason + 1).append('\n');
            }
        }
        return rows.toString();
    }

    /**
     * A row for each check that did not end alike everywhere, in the order of {@code trees}; one
     * that was not asked of a tree would have ended as on the first.
     */
    static String different(List<Map<String, String>> trees) {
        StringBuilder rows = new StringBuilder();
        for (Map.Entry<String, String> first : trees.get(0).entrySet()) {
            String name = first.getKey();
            List<String> outcomes =
                    trees.stream().map(tree -> tree.getOrDefault(name, first.getValue())).toList();
            if (outcomes.stream().distinct().count() > 1) {
                rows.append("| `").append(name).append("` |");
                outcomes.forEach(outcome -> rows.append(" `").append(outcome).append("` |"));
                rows.append('\n');
            }
        }
        return rows.toString();
    }
}
