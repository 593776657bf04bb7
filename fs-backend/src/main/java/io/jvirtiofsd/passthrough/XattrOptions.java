package io.jvirtiofsd.passthrough;

/**
 * What of extended attributes a guest may use; part of {@link PassthroughOptions}.
 * <i>Immutable.</i>
 *
 * @param enabled whether there are any; else the guest is told never to ask
 * @param map other names for them on the host
 */
public record XattrOptions(boolean enabled, XattrMap map) {
    /** None at all. */
    public static XattrOptions off() {
        return new XattrOptions(false, XattrMap.identity());
    }

    /** All, by their own names. */
    public static XattrOptions on() {
        return new XattrOptions(true, XattrMap.identity());
    }

    public XattrOptions withMap(XattrMap value) {
        return new XattrOptions(enabled, value);
    }
}
