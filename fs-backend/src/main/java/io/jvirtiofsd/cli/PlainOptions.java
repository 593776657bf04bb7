package io.jvirtiofsd.cli;

import java.lang.reflect.Field;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Fills {@link Options} from a plain command line without picocli, whose reading of annotations
 * takes longer than all the rest of a start.
 *
 * <p>Picocli's annotations are what options are; this has of them where a value goes. Whatever is
 * not plain (help, {@code -o}, a value that may be an option, any mistake) is left to picocli, so
 * that all that is said to people is said in one place. {@code PlainOptionsTest} compares the table
 * with the annotations, and what both make of command lines. <i>Stateless.</i>
 */
final class PlainOptions {
    /**
     * A line for each name: the field that it sets, and to what. {@code value}, {@code bytes} and
     * {@code seconds} follow the name; {@code ?X} may, and is X if it does not; true and false are
     * what the name means.
     */
    static final String TABLE =
            """
            --shared-dir sharedDir value
            --source source value
            --nio-uri nioUri value
            --socket-path socketPath value
            --socket socketPath value
            --socket-group socketGroup value
            --fd fd value
            --tag tag value
            --cache cache.policy value
            --writeback cache.writeback true
            --no-writeback cache.writeback false
            --allow-direct-io cache.directIo true
            --no-allow-direct-io cache.directIo false
            --allow-mmap cache.sharedMmap true
            --no-readdirplus cache.noReaddirplus true
            --readdirplus cache.noReaddirplus false
            --negative-timeout cache.negativeNanos seconds
            --readonly readOnly true
            --inode-file-handles inodes.handles value
            --rlimit-nofile inodes.descriptors value
            --max-inodes inodes.maxInodes value
            --preserve-noatime inodes.preserveNoatime true
            --announce-submounts inodes.announceSubmounts true
            --no-announce-submounts inodes.announceSubmounts false
            --posix-lock posixLock true
            --no-posix-lock posixLock false
            --flock flock true
            --no-flock flock false
            --xattr xattrs.xattr true
            --no-xattr xattrs.xattr false
            --xattrmap xattrs.map value
            --posix-acl xattrs.posixAcl ?always
            --security-label xattrs.securityLabel ?always
            --translate-uid identity.translateUid value
            --translate-gid identity.translateGid value
            --uid-map identity.uidMap value
            --gid-map identity.gidMap value
            --killpriv-v2 identity.killpriv true
            --no-killpriv-v2 identity.killpriv false
            --allow-project-ids identity.projectIds true
            --sandbox containment.sandbox value
            --seccomp containment.seccomp value
            --modcaps containment.modcaps value
            --migration-mode containment.migrationMode value
            --migration-on-error containment.migrationOnError value
            --migration-verify-handles containment.migrationVerifyHandles true
            --migration-confirm-paths containment.migrationConfirmPaths true
            --thread-pool-size threadPoolSize value
            --keep-listening keepListening true
            --dax dax.mode value
            --dax-window dax.windowBytes bytes
            --dax-threshold dax.threshold bytes
            --dax-guard dax.guard value
            --trace trace true
            --log-level logLevel value
            -d debug true
            --syslog syslog true
            -f foreground true
            """;

    /**
     * @param part the field of {@link Options} that has the field, or null if it is one itself
     */
    private record Row(String part, String field, String kind) {}

    private static final Map<String, Row> ROWS = new HashMap<>();

    static {
        for (String line : TABLE.split("\n")) {
            String[] words = line.split(" ");
            int dot = words[1].indexOf('.');
            String part = dot < 0 ? null : words[1].substring(0, dot);
            ROWS.put(words[0], new Row(part, words[1].substring(dot + 1), words[2]));
        }
    }

    private PlainOptions() {}

    /** False if {@code args} are not plain: then {@code options} may be half filled. */
    static boolean read(Options options, String... args) {
        try {
            int next = 0;
            while (next < args.length) {
                String word = args[next++];
                int end = word.indexOf('=');
                Row row = ROWS.get(end < 0 ? word : word.substring(0, end));
                if (row == null) {
                    return false;
                }
                boolean follows = next < args.length && !args[next].startsWith("-");
                String value = end < 0 ? null : word.substring(end + 1);
                switch (row.kind.charAt(0)) {
                    case 't', 'f' -> {
                        if (value != null) {
                            return false;
                        }
                        value = row.kind;
                    }
                    case '?' -> {
                        if (value == null && follows) {
                            return false; // it may be the value
                        }
                        value = value == null ? row.kind.substring(1) : value;
                    }
                    default -> {
                        if (value == null && !follows) {
                            return false;
                        }
                        value = value == null ? args[next++] : value;
                    }
                }
                if (value.isEmpty()) {
                    return false;
                }
                set(options, row, value);
            }
            return true;
        } catch (IllegalArgumentException e) {
            return false;
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void set(Options options, Row row, String value)
            throws ReflectiveOperationException {
        Object owner = row.part == null ? options : field(options, row.part).get(options);
        Field field = field(owner, row.field);
        if (field.getType() == List.class) {
            @SuppressWarnings("unchecked") // picocli would not fill a list of others
            List<String> list = (List<String>) field.get(owner);
            list.add(value);
        } else {
            field.set(owner, convert(row.kind, field.getType(), value));
        }
    }

    private static Field field(Object owner, String name) throws NoSuchFieldException {
        Field field = owner.getClass().getDeclaredField(name);
        field.setAccessible(true);
        return field;
    }

    /**
     * @throws IllegalArgumentException if {@code value} is none of {@code type}
     */
    private static Object convert(String kind, Class<?> type, String value) {
        if (kind.equals("bytes")) {
            return DaxArguments.bytes(value);
        } else if (kind.equals("seconds")) {
            return CacheArguments.nanos(value);
        } else if (type == boolean.class) {
            return value.equals("true");
        } else if (type == String.class) {
            return value;
        } else if (type == Path.class) {
            return Path.of(value);
        } else if (type.isEnum()) {
            return Options.byName(type.getEnumConstants(), value);
        }
        return Integer.valueOf(value); // int or Integer
    }
}
