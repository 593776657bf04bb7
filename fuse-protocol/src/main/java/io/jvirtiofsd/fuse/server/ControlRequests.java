package io.jvirtiofsd.fuse.server;

import io.jvirtiofsd.fuse.Errno;
import io.jvirtiofsd.fuse.ErrnoException;
import java.util.Arrays;

/** IOCTL, of which a few are let through, and POLL. Source: ioctl_iflags(2), poll(2). */
final class ControlRequests {
    /**
     * FUSE_IOCTL: {@code struct fuse_ioctl_in}, 32 bytes (fuse.h); {@code inSize} bytes follow.
     *
     * @param cmd the command's number, with direction and size as ioctl(2) has it
     * @param arg the caller's address, which means nothing here
     * @param outSize bytes of data to answer, unsigned
     */
    record IoctlIn(long fh, int flags, int cmd, long arg, int inSize, int outSize) {
        static final int BYTES = 32;

        static IoctlIn read(WireReader in) {
            return new IoctlIn(in.u64(), in.u32(), in.u32(), in.u64(), in.u32(), in.u32());
        }
    }

    /** Answer to FUSE_IOCTL: {@code struct fuse_ioctl_out}, 16 bytes (fuse.h); data may follow. */
    record IoctlOut(int result, int flags, int inIovs, int outIovs) {
        static final int BYTES = 16;

        /** Success, with nothing to be tried again. */
        static void write(WireWriter out) {
            out.zero(BYTES);
        }

        static IoctlOut read(WireReader in) {
            return new IoctlOut(in.u32(), in.u32(), in.u32(), in.u32());
        }
    }

    /** FUSE_POLL: {@code struct fuse_poll_in}, 24 bytes (fuse.h). */
    record PollIn(long fh, long kh, int flags, int events) {
        static final int BYTES = 24;

        static PollIn read(WireReader in) {
            return new PollIn(in.u64(), in.u64(), in.u32(), in.u32());
        }
    }

    /** Answer to FUSE_POLL: {@code struct fuse_poll_out}, 8 bytes (fuse.h). */
    record PollOut(int revents) {
        static final int BYTES = 8;

        static void write(WireWriter out, int revents) {
            out.u32(revents);
            out.zero(4); // padding
        }

        static PollOut read(WireReader in) {
            int revents = in.u32();
            in.skip(4); // padding
            return new PollOut(revents);
        }
    }

    /** What a guest may ask for: the attributes of files that chattr and project quotas use. */
    private enum Command {
        // spotless:off
        GETFLAGS  (0x8008_6601, 4,  false), // linux/fs.h FS_IOC_GETFLAGS; an int, whatever it says
        SETFLAGS  (0x4008_6602, 4,  true),  // linux/fs.h FS_IOC_SETFLAGS
        FSGETXATTR(0x801c_581f, 28, false), // linux/fs.h FS_IOC_FSGETXATTR: struct fsxattr
        FSSETXATTR(0x401c_5820, 28, true);  // linux/fs.h FS_IOC_FSSETXATTR
        // spotless:on

        private final int code;
        private final int bytes;
        private final boolean setting;

        Command(int code, int bytes, boolean setting) {
            this.code = code;
            this.bytes = bytes;
            this.setting = setting;
        }

        static Command of(int code) throws ErrnoException {
            for (Command command : values()) {
                if (command.code == code) {
                    return command;
                }
            }
            throw ErrnoException.of(Errno.ENOTTY);
        }
    }

    private static final int MAX_DATA_BYTES = 64; // more than any of the commands has

    private ControlRequests() {}

    static void ioctl(Request request) throws ErrnoException {
        IoctlIn in = IoctlIn.read(request.arguments());
        Command command = Command.of(in.cmd());
        if (in.inSize() != request.dataBytes() || in.inSize() > MAX_DATA_BYTES) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        byte[] data = new byte[in.inSize()];
        request.data(data.length).get(0, data, 0, data.length);
        if (command.setting) {
            if (data.length < command.bytes) {
                throw ErrnoException.of(Errno.EINVAL);
            }
            byte[] value = Arrays.copyOf(data, command.bytes);
            request.session().controls().ioctlSet(request.nodeId(), in.fh(), in.cmd(), value);
            IoctlOut.write(request.body());
            return;
        }
        int room = Math.min(request.room() - IoctlOut.BYTES, MAX_DATA_BYTES);
        if (in.outSize() < command.bytes || in.outSize() > room) { // a huge one is negative
            throw ErrnoException.of(Errno.EINVAL);
        }
        byte[] value =
                request.session()
                        .controls()
                        .ioctlGet(request.nodeId(), in.fh(), in.cmd(), command.bytes);
        if (value.length != command.bytes) {
            throw new IllegalStateException("answer of " + value.length + " bytes");
        }
        IoctlOut.write(request.body());
        request.body().put(value, 0, value.length);
        request.body().zero(in.outSize() - value.length); // the guest expects what it asked for
    }

    static void poll(Request request) throws ErrnoException {
        PollIn in = PollIn.read(request.arguments());
        int ready = request.session().controls().poll(request.nodeId(), in.fh(), in.events());
        PollOut.write(request.body(), ready);
    }
}
