/**
 * The program: its command line, its start and its end.
 *
 * <p>Start reading at {@link io.jvirtiofsd.cli.Main}, then {@code Options}, whose parts are the
 * {@code ...Arguments}.
 */
package io.jvirtiofsd.cli;
