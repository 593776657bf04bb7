package io.jvirtiofsd.fuse.server;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Says what a session has done when it ends, at most once a second: a guest can begin and end
 * sessions as fast as it likes. Owned by the {@link FuseServer} and <i>guarded by its monitor</i>.
 */
final class SessionLog {
    private static final Logger LOG = LoggerFactory.getLogger(FuseServer.class);
    private static final long INTERVAL_NANOS = 1_000_000_000;
    private static final int LISTED = 12;

    private final Map<String, Long> before = new HashMap<>();
    private long lastNanos = System.nanoTime() - INTERVAL_NANOS;

    /** Counts from here. */
    void begin(List<OperationCounts> counts) {
        before.clear();
        counts.forEach(count -> before.put(count.operation(), count.requests()));
    }

    /**
     * Tells what has been counted since.
     *
     * @param report what else there is to say, or empty
     */
    void end(List<OperationCounts> counts, String report) {
        if (System.nanoTime() - lastNanos < INTERVAL_NANOS) {
            return;
        }
        lastNanos = System.nanoTime();
        LOG.info("session ends, {}", requests(counts));
        if (!report.isEmpty()) {
            LOG.info("{}", report);
        }
    }

    private String requests(List<OperationCounts> counts) {
        List<OperationCounts> done = new ArrayList<>();
        long all = 0;
        for (OperationCounts count : counts) {
            long requests = count.requests() - before.getOrDefault(count.operation(), 0L);
            if (requests > 0) {
                done.add(new OperationCounts(count.operation(), requests, 0, 0));
                all += requests;
            }
        }
        done.sort(Comparator.comparingLong(OperationCounts::requests).reversed());
        StringBuilder text = new StringBuilder(all + " requests");
        for (int i = 0; i < Math.min(LISTED, done.size()); i++) {
            text.append(i == 0 ? ": " : ", ").append(done.get(i).operation());
            text.append(' ').append(done.get(i).requests());
        }
        return text.toString();
    }
}
