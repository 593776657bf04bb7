package io.jvirtiofsd.cli;

import io.jvirtiofsd.fuse.FeatureMode;
import io.jvirtiofsd.passthrough.XattrOptions;
import io.jvirtiofsd.passthrough.rules.XattrMap;
import picocli.CommandLine;
import picocli.CommandLine.Option;

/** The part of the command line that is about extended attributes; a part of {@link Options}. */
final class XattrArguments {
    @Option(names = "--xattr", description = "Let the guest use extended attributes.")
    private boolean xattr;

    @Option(
            names = "--xattrmap",
            paramLabel = "RULES",
            converter = MapConverter.class,
            description =
                    "Give extended attributes other names on the host, for example "
                            + ":map::user.virtiofs.: (implies --xattr).")
    private XattrMap map;

    @Option(
            names = "--posix-acl",
            paramLabel = "never|auto|always",
            arity = "0..1",
            defaultValue = "never",
            fallbackValue = "always",
            converter = ModeConverter.class,
            description =
                    "Interpret access control lists: never, if the guest can (auto), or refuse "
                            + "guests that cannot (default: ${DEFAULT-VALUE}; implies --xattr).")
    private FeatureMode posixAcl;

    @Option(
            names = "--security-label",
            paramLabel = "never|auto|always",
            arity = "0..1",
            defaultValue = "never",
            fallbackValue = "always",
            converter = ModeConverter.class,
            description =
                    "Label what the guest makes at once, as its SELinux says: never, if the guest"
                        + " can (auto), or refuse guests that cannot (default: ${DEFAULT-VALUE};"
                        + " implies --xattr).")
    private FeatureMode securityLabel;

    /** Applies what {@code -o} says: "xattr" or "no_xattr". */
    void setXattr(boolean on) {
        xattr = on;
    }

    /** Applies what {@code -o} says: "xattrmap=RULES". */
    void setMap(XattrMap map) {
        this.map = map;
    }

    /** Applies what {@code -o} says: "posix_acl" or "no_posix_acl". */
    void setPosixAcl(boolean on) {
        posixAcl = on ? FeatureMode.ALWAYS : FeatureMode.NEVER;
    }

    /** Applies what {@code -o} says: "security_label" or "no_security_label". */
    void setSecurityLabel(boolean on) {
        securityLabel = on ? FeatureMode.ALWAYS : FeatureMode.NEVER;
    }

    XattrOptions options() {
        boolean implied =
                map != null || posixAcl != FeatureMode.NEVER || securityLabel != FeatureMode.NEVER;
        return new XattrOptions(
                xattr || implied, map != null ? map : XattrMap.identity(), posixAcl, securityLabel);
    }

    /** Reads never, auto or always. */
    static final class ModeConverter implements CommandLine.ITypeConverter<FeatureMode> {
        @Override
        public FeatureMode convert(String value) {
            return Options.byName(FeatureMode.values(), value);
        }
    }

    /** Reads the rules of a map. */
    static final class MapConverter implements CommandLine.ITypeConverter<XattrMap> {
        @Override
        public XattrMap convert(String value) {
            try {
                return XattrMap.parse(value);
            } catch (IllegalArgumentException e) {
                throw new CommandLine.TypeConversionException(e.getMessage());
            }
        }
    }
}
