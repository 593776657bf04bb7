package io.jvirtiofsd.vhost;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;

/** A device state of some bytes. Owned by the test; <i>confined to one transfer at a time</i>. */
class FakeState implements DeviceState {
    private volatile byte[] bytes = new byte[0];

    byte[] bytes() {
        return bytes;
    }

    void put(byte[] bytes) {
        this.bytes = bytes;
    }

    @Override
    public void save(OutputStream out) throws IOException {
        out.write(bytes);
    }

    @Override
    public void load(InputStream in) throws IOException {
        bytes = in.readAllBytes();
    }
}
