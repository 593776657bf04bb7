/**
 * How ids and names of extended attributes are told to the guest where it is not as the host has
 * them: pure functions, parsed from options, without any file.
 *
 * <ul>
 *   <li>{@link io.jvirtiofsd.passthrough.rules.IdMap}: user or group ids, both ways; start reading
 *       here
 *   <li>{@link io.jvirtiofsd.passthrough.rules.XattrMap}: names of extended attributes
 * </ul>
 */
package io.jvirtiofsd.passthrough.rules;
