/**
 * How ids and names of extended attributes are told to the guest where it is not as the host has
 * them, and which flags of files it may change: pure functions, without any file.
 *
 * <p>Read first {@link io.jvirtiofsd.passthrough.rules.IdMap}: user or group ids, in both
 * directions, by ranges. Then {@link io.jvirtiofsd.passthrough.rules.XattrMap}: names of extended
 * attributes, by rules of which the first that fits decides.
 *
 * <p>What has a state here is made once, from the command line, and never changes. The file system
 * owns them and every thread that serves requests uses them. The syntax is that of virtiofsd's
 * options of the same name; docs/options.md has it.
 */
package io.jvirtiofsd.passthrough.rules;
