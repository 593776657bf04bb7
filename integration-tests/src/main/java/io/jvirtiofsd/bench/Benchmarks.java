package io.jvirtiofsd.bench;

import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;

/** Runs all JMH benchmarks, with bytes allocated per operation ({@code gc.alloc.rate.norm}). */
public final class Benchmarks {
    private Benchmarks() {}

    /**
     * @param args pattern of the benchmarks to run; none for all
     */
    public static void main(String[] args) throws RunnerException {
        OptionsBuilder options = new OptionsBuilder();
        for (String pattern : args) {
            options.include(pattern);
        }
        new Runner(
                        options.forks(1)
                                .warmupIterations(3)
                                .warmupTime(TimeValue.seconds(2))
                                .measurementIterations(3)
                                .measurementTime(TimeValue.seconds(2))
                                .addProfiler(GCProfiler.class)
                                .jvmArgsAppend("-XX:+UseSerialGC")
                                .build())
                .run();
    }
}
