package io.jvirtiofsd.cli;

import io.jvirtiofsd.dax.GuardMode;
import io.jvirtiofsd.fuse.FeatureMode;
import io.jvirtiofsd.passthrough.CachePolicy;
import io.jvirtiofsd.passthrough.HandleMode;
import io.jvirtiofsd.passthrough.MigrationOptions;
import java.nio.file.Path;

/**
 * Fills {@link Options} from a plain command line without picocli, whose reading of annotations
 * takes longer than all the rest of a start.
 *
 * <p>Picocli's annotations are what options are; this has of them where a value goes. Whatever is
 * not plain (help, {@code -o}, a value that may be an option, any mistake) is left to picocli, so
 * that all that is said to people is said in one place. {@code PlainOptionsTest} compares what both
 * make of every option. <i>Confined to one thread.</i>
 */
final class PlainOptions {
    private final Options options;

    private PlainOptions(Options options) {
        this.options = options;
    }

    /** False if {@code args} are not plain: then {@code options} may be half filled. */
    static boolean read(Options options, String... args) {
        PlainOptions plain = new PlainOptions(options);
        try {
            int next = 0;
            while (next < args.length) {
                String word = args[next++];
                int end = word.indexOf('=');
                if (end < 0 && plain.takeFlag(word)) {
                    continue;
                }
                String name = end < 0 ? word : word.substring(0, end);
                String value = end < 0 ? null : word.substring(end + 1);
                if (value == null) {
                    boolean follows = next < args.length && !args[next].startsWith("-");
                    if (follows == plain.mayStandAlone(name)) {
                        return false; // what follows may be the value, or there is none
                    }
                    value = follows ? args[next++] : "always";
                }
                if (value.isEmpty() || !plain.takeValue(name, value)) {
                    return false;
                }
            }
            return true;
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    private boolean takeFlag(String name) {
        switch (name) {
            case "--writeback" -> options.cache.writeback = true;
            case "--no-writeback" -> options.cache.writeback = false;
            case "--allow-direct-io" -> options.cache.directIo = true;
            case "--no-allow-direct-io" -> options.cache.directIo = false;
            case "--allow-mmap" -> options.cache.sharedMmap = true;
            case "--no-readdirplus" -> options.cache.noReaddirplus = true;
            case "--readdirplus" -> options.cache.noReaddirplus = false;
            case "--readonly" -> options.readOnly = true;
            case "--preserve-noatime" -> options.inodes.preserveNoatime = true;
            case "--announce-submounts" -> options.inodes.announceSubmounts = true;
            case "--no-announce-submounts" -> options.inodes.announceSubmounts = false;
            case "--posix-lock" -> options.posixLock = true;
            case "--no-posix-lock" -> options.posixLock = false;
            case "--flock" -> options.flock = true;
            case "--no-flock" -> options.flock = false;
            case "--xattr" -> options.xattrs.xattr = true;
            case "--no-xattr" -> options.xattrs.xattr = false;
            case "--killpriv-v2" -> options.identity.killpriv = true;
            case "--no-killpriv-v2" -> options.identity.killpriv = false;
            case "--allow-project-ids" -> options.identity.projectIds = true;
            case "--migration-verify-handles" -> options.migration.verifyHandles = true;
            case "--migration-confirm-paths" -> options.migration.confirmPaths = true;
            case "--keep-listening" -> options.keepListening = true;
            case "--trace" -> options.trace = true;
            case "-d" -> options.debug = true;
            case "--syslog" -> options.syslog = true;
            case "-f" -> options.foreground = true;
            default -> {
                return false;
            }
        }
        return true;
    }

    /** Whether the option may have no value, and then means {@code always}. */
    private boolean mayStandAlone(String name) {
        return name.equals("--posix-acl") || name.equals("--security-label");
    }

    /**
     * @throws IllegalArgumentException if the option has no such value
     */
    private boolean takeValue(String name, String value) {
        switch (name) {
            case "--shared-dir" -> options.sharedDir = Path.of(value);
            case "--source" -> options.source = Path.of(value);
            case "--nio-uri" -> options.nioUri = value;
            case "--socket-path", "--socket" -> options.socketPath = Path.of(value);
            case "--socket-group" -> options.socketGroup = value;
            case "--fd" -> options.fd = Integer.valueOf(value);
            case "--tag" -> options.tag = value;
            case "--cache" -> options.cache.policy = Options.byName(CachePolicy.values(), value);
            case "--negative-timeout" -> options.cache.negativeNanos = CacheArguments.nanos(value);
            case "--inode-file-handles" ->
                    options.inodes.handles = Options.byName(HandleMode.values(), value);
            case "--rlimit-nofile" -> options.inodes.descriptors = Integer.valueOf(value);
            case "--max-inodes" -> options.inodes.maxInodes = Integer.valueOf(value);
            case "--xattrmap" -> options.xattrs.map = value;
            case "--posix-acl" ->
                    options.xattrs.posixAcl = Options.byName(FeatureMode.values(), value);
            case "--security-label" ->
                    options.xattrs.securityLabel = Options.byName(FeatureMode.values(), value);
            case "--translate-uid" -> options.identity.translateUid.add(value);
            case "--translate-gid" -> options.identity.translateGid.add(value);
            case "--uid-map" -> options.identity.uidMap.add(value);
            case "--gid-map" -> options.identity.gidMap.add(value);
            case "--sandbox" ->
                    options.containment.sandbox =
                            Options.byName(ContainmentArguments.Sandbox.values(), value);
            case "--seccomp" ->
                    options.containment.seccomp =
                            Options.byName(SystemCallPolicy.Mode.values(), value);
            case "--modcaps" -> options.containment.modcaps = value;
            case "--migration-mode" ->
                    options.migration.mode = Options.byName(MigrationOptions.Mode.values(), value);
            case "--migration-on-error" ->
                    options.migration.onError =
                            Options.byName(MigrationOptions.OnError.values(), value);
            case "--thread-pool-size" ->
                    options.queues.threadPoolSize = QueueArguments.threads(value);
            case "--poll" -> options.queues.pollMicros = QueueArguments.micros(value);
            case "--dax" -> options.dax.mode = Options.byName(DaxArguments.Mode.values(), value);
            case "--dax-window" -> options.dax.windowBytes = DaxArguments.bytes(value);
            case "--dax-threshold" -> options.dax.threshold = DaxArguments.bytes(value);
            case "--dax-guard" -> options.dax.guard = Options.byName(GuardMode.values(), value);
            case "--log-level" ->
                    options.logLevel = Options.byName(Options.LogLevel.values(), value);
            default -> {
                return false;
            }
        }
        return true;
    }
}
