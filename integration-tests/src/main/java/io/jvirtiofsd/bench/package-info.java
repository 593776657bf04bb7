/**
 * Benchmarks: {@link io.jvirtiofsd.bench.Bench} of two daemons side by side, {@link
 * io.jvirtiofsd.bench.Benchmarks} by JMH inside one process.
 *
 * <p>A <i>row</i> is an operation that is measured ({@link io.jvirtiofsd.bench.Rows}); a
 * <i>chain</i> does it over and over, one request after the other; a <i>lane</i> is a queue that
 * keeps several chains in flight; a <i>contender</i> is a daemon and what is open through it; a
 * <i>cell</i> is one turn of one of them.
 */
package io.jvirtiofsd.bench;
