package io.jvirtiofsd.cli;

import io.jvirtiofsd.fuse.FeatureMode;
import io.jvirtiofsd.passthrough.XattrOptions;
import io.jvirtiofsd.passthrough.rules.XattrMap;
import picocli.CommandLine.Option;

/**
 * The part of the command line that is about extended attributes; a part of {@link Options}, and
 * <i>confined to the main thread</i> as these are.
 */
final class XattrArguments {
    @Option(
            names = "--xattr",
            negatable = true,
            description = "Let the guest use extended attributes.")
    boolean xattr;

    @Option(
            names = "--xattrmap",
            paramLabel = "RULES",
            description =
                    "Give extended attributes other names on the host, for example "
                            + ":map::user.virtiofs.: (implies --xattr).")
    String map;

    @Option(
            names = "--posix-acl",
            paramLabel = "never|auto|always",
            arity = "0..1",
            defaultValue = "never",
            fallbackValue = "always",
            description =
                    "Interpret access control lists: never, if the guest can (auto), or refuse "
                            + "guests that cannot (default: ${DEFAULT-VALUE}; implies --xattr).")
    FeatureMode posixAcl = FeatureMode.NEVER;

    @Option(
            names = "--security-label",
            paramLabel = "never|auto|always",
            arity = "0..1",
            defaultValue = "never",
            fallbackValue = "always",
            description =
                    "Label what the guest makes at once, as its SELinux says: never, if the guest"
                        + " can (auto), or refuse guests that cannot (default: ${DEFAULT-VALUE};"
                        + " implies --xattr).")
    FeatureMode securityLabel = FeatureMode.NEVER;

    /**
     * What they mean together.
     *
     * @throws IllegalArgumentException if that is nothing; the message is one sentence for people
     */
    XattrOptions options() {
        boolean implied =
                map != null || posixAcl != FeatureMode.NEVER || securityLabel != FeatureMode.NEVER;
        return new XattrOptions(
                xattr || implied,
                map == null
                        ? XattrMap.identity()
                        : Options.read("--xattrmap", XattrMap::parse, map),
                posixAcl,
                securityLabel);
    }
}
