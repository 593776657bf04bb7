package io.jvirtiofsd.passthrough;

import io.jvirtiofsd.fuse.FeatureMode;
import io.jvirtiofsd.passthrough.rules.XattrMap;

/**
 * What of extended attributes a guest may use; part of {@link PassthroughOptions}.
 * <i>Immutable.</i>
 *
 * @param enabled whether there are any; else the guest is told never to ask
 * @param map other names for them on the host
 * @param posixAcl whether guest and host interpret access control lists
 * @param securityLabel whether what is made gets the guest's security label at once
 */
public record XattrOptions(
        boolean enabled, XattrMap map, FeatureMode posixAcl, FeatureMode securityLabel) {
    /** No extended attributes at all. */
    public static XattrOptions off() {
        return new XattrOptions(false, XattrMap.identity(), FeatureMode.NEVER, FeatureMode.NEVER);
    }

    /** All extended attributes but access control lists, by their own names. */
    public static XattrOptions on() {
        return new XattrOptions(true, XattrMap.identity(), FeatureMode.NEVER, FeatureMode.NEVER);
    }

    /** These, with other names on the host. */
    public XattrOptions withMap(XattrMap value) {
        return new XattrOptions(enabled, value, posixAcl, securityLabel);
    }

    /** These, but for {@link #posixAcl}. */
    public XattrOptions withPosixAcl(FeatureMode value) {
        return new XattrOptions(enabled, map, value, securityLabel);
    }

    /** These, but for {@link #securityLabel}. */
    public XattrOptions withSecurityLabel(FeatureMode value) {
        return new XattrOptions(enabled, map, posixAcl, value);
    }
}
