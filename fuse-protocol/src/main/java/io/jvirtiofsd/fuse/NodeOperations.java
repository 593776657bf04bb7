package io.jvirtiofsd.fuse;

/** Operations on nodes and their attributes. */
final class NodeOperations {
    private static final int ITEMS_AT_ONCE = 64;

    private NodeOperations() {}

    static void lookup(Request request) throws ErrnoException {
        Entry entry =
                request.fileSystem().lookup(request.header(), request.nodeId(), request.name());
        if (entry.nodeId() == 0 && entry.entryValidNanos() == 0) {
            throw ErrnoException.of(Errno.ENOENT);
        }
        putEntry(request, entry);
    }

    /** Encodes an entry; an answer the guest would choke on is a bug of the file system. */
    static void putEntry(Request request, Entry entry) {
        if (entry.nodeId() == 0) {
            EntryOut.writeNegative(request.body(), entry);
            return;
        }
        requireValid(entry.attributes());
        EntryOut.write(request.body(), entry, request.session().attrFlags());
    }

    private static void requireValid(Attributes attributes) {
        if (!Attr.isValid(attributes)) {
            throw new IllegalStateException(
                    "attributes of no file: mode 0%o, size %d"
                            .formatted(attributes.mode(), attributes.size()));
        }
    }

    private static void putAttributes(Request request, Attributes attributes) {
        requireValid(attributes);
        AttrOut.write(request.body(), attributes, request.session().attrFlags());
    }

    static void forget(Request request) {
        ForgetIn in = ForgetIn.read(request.arguments());
        request.fileSystem().forget(request.nodeId(), in.nlookup());
    }

    static void batchForget(Request request) {
        BatchForgetIn in = BatchForgetIn.read(request.arguments());
        long wanted = Integer.toUnsignedLong(in.count());
        long left = Math.min(wanted, request.dataBytes() / ForgetOne.BYTES);
        while (left > 0) {
            int items = (int) Math.min(left, ITEMS_AT_ONCE);
            WireReader copy = request.copyData(items * ForgetOne.BYTES);
            for (int i = 0; i < items; i++) {
                ForgetOne one = ForgetOne.read(copy);
                request.fileSystem().forget(one.nodeid(), one.nlookup());
            }
            left -= items;
        }
    }

    static void getattr(Request request) throws ErrnoException {
        GetattrIn in = GetattrIn.read(request.arguments());
        boolean hasHandle = (in.getattrFlags() & GetattrIn.GETATTR_FH) != 0;
        putAttributes(
                request,
                request.fileSystem()
                        .getattr(request.header(), request.nodeId(), hasHandle, in.fh()));
    }

    static void setattr(Request request) throws ErrnoException {
        SetattrIn in = SetattrIn.read(request.arguments());
        if (in.has(SetattrIn.FATTR_SIZE) && in.size() < 0) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        putAttributes(
                request, request.fileSystem().setattr(request.header(), request.nodeId(), in));
    }

    static void readlink(Request request) throws ErrnoException {
        byte[] target = request.fileSystem().readlink(request.header(), request.nodeId());
        if (target.length > Names.TARGET_BYTES || target.length > request.room()) {
            throw ErrnoException.of(Errno.ENAMETOOLONG);
        }
        request.body().put(target, 0, target.length);
    }

    static void statfs(Request request) throws ErrnoException {
        Kstatfs.write(
                request.body(), request.fileSystem().statfs(request.header(), request.nodeId()));
    }

    static void access(Request request) throws ErrnoException {
        AccessIn in = AccessIn.read(request.arguments());
        request.fileSystem().access(request.header(), request.nodeId(), in.mask());
    }
}
