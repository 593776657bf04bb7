package io.jvirtiofsd.passthrough;

/**
 * What of extended attributes a guest may use; part of {@link PassthroughOptions}.
 * <i>Immutable.</i>
 *
 * @param enabled whether there are any; else the guest is told never to ask
 */
public record XattrOptions(boolean enabled) {
    /** None at all. */
    public static XattrOptions off() {
        return new XattrOptions(false);
    }

    public XattrOptions withEnabled(boolean value) {
        return new XattrOptions(value);
    }
}
