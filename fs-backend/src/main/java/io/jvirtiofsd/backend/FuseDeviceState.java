package io.jvirtiofsd.backend;

import io.jvirtiofsd.fuse.server.FuseServer;
import io.jvirtiofsd.vhost.DeviceState;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;

/**
 * A guest's session as it goes from one process to another: what says that it is one, and of which
 * version; what the {@link FuseServer} writes; a mark of the end. Owned by the device; borrows the
 * server.
 *
 * <p><i>Confined to one transfer at a time.</i> Source: docs/migration.md.
 */
final class FuseDeviceState implements DeviceState {
    private static final long MAGIC = 0x4a56_4653_5354_4154L; // "JVFSSTAT"
    private static final int VERSION = 1;
    private static final int END = 0x454e_4421; // "END!"
    private static final int BUFFER_BYTES = 64 << 10;

    private final FuseServer server;

    FuseDeviceState(FuseServer server) {
        this.server = server;
    }

    @Override
    public void save(OutputStream out) throws IOException {
        DataOutputStream data = new DataOutputStream(new BufferedOutputStream(out, BUFFER_BYTES));
        data.writeLong(MAGIC);
        data.writeShort(VERSION);
        server.save(data);
        data.writeInt(END);
        data.flush();
    }

    @Override
    public void load(InputStream in) throws IOException {
        DataInputStream data = new DataInputStream(new BufferedInputStream(in, BUFFER_BYTES));
        boolean whole = false;
        try {
            if (data.readLong() != MAGIC) {
                throw new IOException("this is no state of a share");
            }
            int version = data.readUnsignedShort();
            if (version != VERSION) {
                throw new IOException(
                        "the state is of version %d, and this back-end reads version %d"
                                .formatted(version, VERSION));
            }
            server.load(data);
            if (data.readInt() != END || data.read() >= 0) {
                throw new IOException("the state does not end where it should");
            }
            whole = true;
        } catch (EOFException e) {
            throw new IOException("the state is not complete", e);
        } finally {
            if (!whole) {
                server.reset();
            }
        }
    }
}
