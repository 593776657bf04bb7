package io.jvirtiofsd.vhost;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;

/**
 * What a device holds that goes with its guest to another process. Owned by the device; used by one
 * transfer at a time, on a thread of the transfer's. No request runs meanwhile, and the device is
 * not reset.
 *
 * <p>A transfer may be cancelled: its stream then throws at the next look at it, also where it has
 * come to its end, and its thread is interrupted. The end of the session waits for the call's, so
 * what takes long looks at one of both now and then.
 */
public interface DeviceState {
    /**
     * Writes all of it; the device stays as it is, since the migration may still fail. The stream
     * is not to be closed, and collects what is written in small pieces.
     *
     * @throws IOException one sentence for people, if it cannot be written; or what {@code out}
     *     threw
     */
    void save(OutputStream out) throws IOException;

    /**
     * Takes it over, in place of all that the device holds, from a stream that may come from a
     * hostile source, and reads to its end.
     *
     * @throws IOException one sentence for people, if it cannot be used, or what {@code in} threw:
     *     then the device is as after a reset
     */
    void load(InputStream in) throws IOException;
}
