package io.jvirtiofsd.fake;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/** Makes, gives away and looks at files as many users; a line says what came of each. */
final class IdentityScenario {
    private static final int[] IDS = {0, 5, 15, 25, 100, 1005, 1015, 2005, 65534};
    private static final int SET_UID = 2; // fuse.h FATTR_UID
    private static final int SET_GID = 4; // fuse.h FATTR_GID

    private final FuseClient fuse;
    private final Path share;
    private final List<String> lines = new ArrayList<>();

    /** Borrows {@code fuse}; {@code share} is the directory on the host, empty. */
    IdentityScenario(FuseClient fuse, Path share) {
        this.fuse = fuse;
        this.share = share;
    }

    private static String owner(FuseClient.Node node) {
        return node.uid() + ":" + node.gid();
    }

    private String onHost(String name) throws IOException {
        Path path = share.resolve(name);
        if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
            return "absent";
        }
        var all = Files.readAttributes(path, "unix:uid,gid", LinkOption.NOFOLLOW_LINKS);
        return all.get("uid") + ":" + all.get("gid");
    }

    private void line(String what, Supplier<String> answer, String name) throws IOException {
        String text;
        try {
            text = answer.get();
        } catch (FuseErrorException e) {
            text = e.getMessage();
        }
        lines.add(what + " -> " + text + ", on the host " + onHost(name));
    }

    List<String> run() throws IOException {
        fuse.setattr(FuseClient.ROOT, 1, 040777, 0, 0, 0);
        for (int id : IDS) {
            fuse.as(id, id);
            String n = "" + id;
            line("create " + id, () -> owner(create("f" + n)), "f" + n);
            line("mkdir " + id, () -> owner(fuse.mkdir(FuseClient.ROOT, "d" + n, 0755)), "d" + n);
            line(
                    "symlink " + id,
                    () -> owner(fuse.symlink(FuseClient.ROOT, "l" + n, "x")),
                    "l" + n);
            line(
                    "mknod " + id,
                    () -> owner(fuse.mknod(FuseClient.ROOT, "p" + n, 010600, 0)),
                    "p" + n);
            fuse.as(0, 0);
            line(
                    "group of " + id,
                    () -> owner(fuse.as(id, 0).mkdir(FuseClient.ROOT, "u" + n, 0700)),
                    "u" + n);
            fuse.as(0, 0);
        }
        for (int id : IDS) {
            Path made = Files.createFile(share.resolve("h" + id));
            Files.setAttribute(made, "unix:uid", id);
            Files.setAttribute(made, "unix:gid", id);
            FuseClient.Node node = fuse.lookup(FuseClient.ROOT, "h" + id);
            line(
                    "host's " + id,
                    () -> owner(node) + " " + owner(fuse.getattr(node.nodeId())),
                    "h" + id);
            fuse.setattr(node.nodeId(), 1, 0640, 0, 0, 0);
            for (int who : IDS) {
                fuse.as(who, who);
                line("access " + id + " as " + who, () -> access(node.nodeId()), "h" + id);
                fuse.as(0, 0);
            }
        }
        long node = fuse.lookup(FuseClient.ROOT, "h0").nodeId();
        for (int id : IDS) {
            line("chown " + id, () -> owner(fuse.setattr(node, SET_UID, 0, id, 0, 0)), "h0");
            line("chgrp " + id, () -> owner(fuse.setattr(node, SET_GID, 0, 0, id, 0)), "h0");
            line(
                    "both " + id,
                    () -> owner(fuse.setattr(node, SET_UID | SET_GID, 0, id, id, 0)),
                    "h0");
        }
        return lines;
    }

    private FuseClient.Node create(String name) {
        FuseClient.Created made = fuse.create(FuseClient.ROOT, name, 2, 0100640);
        fuse.release(made.node().nodeId(), made.fh());
        return made.node();
    }

    private String access(long node) {
        StringBuilder allowed = new StringBuilder();
        for (int mask : new int[] {4, 2, 1}) {
            try {
                fuse.access(node, mask);
                allowed.append(mask);
            } catch (FuseErrorException e) {
                allowed.append('-');
            }
        }
        return allowed.toString();
    }
}
