package io.jvirtiofsd.fuse.server;

import io.jvirtiofsd.fuse.Caller;
import io.jvirtiofsd.fuse.SecurityContext;
import java.util.List;

/**
 * The header of each request, {@code struct fuse_in_header}, 40 bytes (fuse.h); owned and reused by
 * a {@link Request}, so that file systems can be told who asks without an object per request.
 *
 * <p><i>Confined to the request's thread.</i>
 */
final class InHeader implements Caller {
    static final int BYTES = 40;

    private int len;
    private int opcode;
    private long unique;
    private long nodeId;
    private int uid;
    private int gid;
    private int pid;
    private int totalExtlen;
    private Extensions extensions = Extensions.NONE;

    void read(WireReader in) {
        len = in.u32();
        opcode = in.u32();
        unique = in.u64();
        nodeId = in.u64();
        uid = in.u32();
        gid = in.u32();
        pid = in.u32();
        totalExtlen = in.u16();
        in.skip(2); // padding
        extensions = Extensions.NONE;
    }

    /** Bytes of the whole request, as the guest says. */
    int len() {
        return len;
    }

    int opcode() {
        return opcode;
    }

    @Override
    public long unique() {
        return unique;
    }

    long nodeId() {
        return nodeId;
    }

    @Override
    public int uid() {
        return uid;
    }

    @Override
    public int gid() {
        return gid;
    }

    @Override
    public int pid() {
        return pid;
    }

    void setExtensions(Extensions extensions) {
        this.extensions = extensions;
    }

    @Override
    public List<SecurityContext> securityContexts() {
        return extensions.contexts();
    }

    @Override
    public int supplementaryGroup() {
        return extensions.group();
    }

    /** Extension records at the end of the request, in units of 8 bytes (since 7.38). */
    int totalExtlen() {
        return totalExtlen;
    }
}
