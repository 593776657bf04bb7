package io.jvirtiofsd.vhost;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.concurrent.Semaphore;

/** A device state of some bytes. Owned by the test; <i>thread-safe</i>. */
class FakeState implements DeviceState {
    /** Has one for each load that has read its first byte. */
    final Semaphore begun = new Semaphore(0);

    private volatile byte[] bytes = new byte[0];
    private volatile Throwable failure;
    private volatile int most = Integer.MAX_VALUE;

    byte[] bytes() {
        return bytes;
    }

    void put(byte[] bytes) {
        this.bytes = bytes;
    }

    /** From now on saving and loading fail, after something was written or read. */
    void failWith(Throwable failure) {
        this.failure = failure;
    }

    /** From now on loading reads no more than so many bytes. */
    void readNoMoreThan(int most) {
        this.most = most;
    }

    private void fail() throws IOException {
        Throwable thrown = failure;
        if (thrown instanceof IOException e) {
            throw e;
        } else if (thrown instanceof RuntimeException e) {
            throw e;
        } else if (thrown instanceof Error e) {
            throw e;
        }
    }

    @Override
    public void save(OutputStream out) throws IOException {
        int half = bytes.length / 2;
        for (int i = 0; i < Math.min(half, 100); i++) {
            out.write(bytes[i]);
        }
        fail();
        int done = Math.min(half, 100);
        out.write(bytes, done, bytes.length - done);
    }

    @Override
    public void load(InputStream in) throws IOException {
        int first = in.read();
        begun.release();
        fail();
        byte[] rest = first < 0 ? new byte[0] : in.readNBytes(most - 1);
        byte[] all = new byte[first < 0 ? 0 : 1 + rest.length];
        if (first >= 0) {
            all[0] = (byte) first;
            System.arraycopy(rest, 0, all, 1, rest.length);
        }
        bytes = all;
    }
}
