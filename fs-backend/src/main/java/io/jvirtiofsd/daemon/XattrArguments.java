package io.jvirtiofsd.daemon;

import io.jvirtiofsd.passthrough.XattrOptions;
import picocli.CommandLine.Option;

/** The part of the command line that is about extended attributes; a part of {@link Options}. */
final class XattrArguments {
    @Option(names = "--xattr", description = "Let the guest use extended attributes.")
    private boolean xattr;

    /** Applies what {@code -o} says: "xattr" or "no_xattr". */
    void setXattr(boolean on) {
        xattr = on;
    }

    XattrOptions options() {
        return new XattrOptions(xattr);
    }
}
