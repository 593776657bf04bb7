/**
 * Benchmarks: {@link io.jvirtiofsd.bench.Benchmarks} by JMH inside one process, {@link
 * io.jvirtiofsd.bench.PeerRatio} of two daemons side by side.
 */
package io.jvirtiofsd.bench;
