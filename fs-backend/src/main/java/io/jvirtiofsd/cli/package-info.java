/**
 * The program: its command line, its start and its end.
 *
 * <p>Read first {@link io.jvirtiofsd.cli.Main}, from the arguments to the exit status, then {@code
 * Options}, whose parts are the {@code ...Arguments}: one class for the options of one topic, each
 * of which makes its share of {@code BackEndOptions}. {@code SharedTree} finds the tree that is to
 * be shared.
 *
 * <p>All of it runs on the main thread, and nearly all before a back-end is opened. Two things have
 * threads of their own: {@code Termination}, which waits for signals, and {@code LastResort}, which
 * ends the process on whatever thread fails.
 */
package io.jvirtiofsd.cli;
