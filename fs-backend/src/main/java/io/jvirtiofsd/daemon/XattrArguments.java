package io.jvirtiofsd.daemon;

import io.jvirtiofsd.passthrough.XattrMap;
import io.jvirtiofsd.passthrough.XattrOptions;
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
            description = {
                "Give extended attributes other names on the host, for example",
                ":map::user.virtiofs.: (implies --xattr)."
            })
    private XattrMap map;

    /** Applies what {@code -o} says: "xattr" or "no_xattr". */
    void setXattr(boolean on) {
        xattr = on;
    }

    /** Applies what {@code -o} says: "xattrmap=RULES". */
    void setMap(XattrMap map) {
        this.map = map;
    }

    XattrOptions options() {
        return new XattrOptions(xattr || map != null, map != null ? map : XattrMap.identity());
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
