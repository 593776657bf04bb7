package io.jvirtiofsd.posix;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.common.jimfs.Configuration;
import com.google.common.jimfs.Jimfs;
import io.jvirtiofsd.fake.FuseRig;
import io.jvirtiofsd.guest.NativePrograms;
import io.jvirtiofsd.linux.Syscalls;
import java.nio.file.FileSystem;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The same checks on a directory of the host, on one that is shared, and on a shared Jimfs: what
 * differs is a row of docs/semantics.md, and every row differs.
 */
class PosixChecksTest {
    private static final int FEWEST_CHECKS = 60;

    @TempDir Path folder;

    private Map<String, String> ofTheHost() throws Exception {
        Path program = NativePrograms.build(folder, "calls");
        Path control = Files.createDirectory(folder.resolve("control"));
        try (SystemCalls calls = SystemCalls.start(program, control)) {
            return Checks.run(new LinuxPosix(calls));
        }
    }

    private Map<String, String> ofAShare(Path share) throws Exception {
        try (FuseRig rig = new FuseRig(share, folder)) {
            return Checks.run(new FusePosix(new RingNodes(rig.fuse())));
        }
    }

    @Test
    void whatDiffersFromTheHostIsWrittenDown() throws Exception {
        Syscalls syscalls = Syscalls.load();
        assumeTrue(syscalls.geteuid() == 0, "owners are for root");
        Map<String, String> host = ofTheHost();
        assertTrue(host.size() >= FEWEST_CHECKS, host.size() + " checks");
        Configuration unix = Configuration.unix().toBuilder().setAttributeViews("unix").build();
        int umask = syscalls.umask(0);
        try (FileSystem memory = Jimfs.newFileSystem(unix)) {
            Map<String, String> shared = ofAShare(folder.resolve("share"));
            Map<String, String> jimfs = ofAShare(memory.getPath("/share"));
            assertEquals(
                    Checks.documented("## Checks that differ"),
                    Checks.different(List.of(host, shared, jimfs)));
        } finally {
            syscalls.umask(umask);
        }
    }
}
