package io.jvirtiofsd.fake;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.jvirtiofsd.fuse.FeatureMode;
import io.jvirtiofsd.linux.AlteredSyscalls;
import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.linux.Syscalls;
import io.jvirtiofsd.passthrough.XattrOptions;
import io.jvirtiofsd.vhost.FakeFrontend;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Umask, default access lists, labels and groups of what is made, as the host applies them. */
class CreationOverRingTest {
    static final XattrOptions OPTIONS =
            XattrOptions.on().withPosixAcl(FeatureMode.AUTO).withSecurityLabel(FeatureMode.AUTO);

    @TempDir Path folder;

    @Test
    void whatIsMadeIsAsTheHostWouldMakeIt() throws Exception {
        int umask = Syscalls.load().umask(077); // as the program does
        Set<String> groups = groupsOfThreads();
        try (FuseRig rig =
                new FuseRig(folder, options -> options.xattrs(OPTIONS), FuseRig.FEATURES)) {
            assertEquals(
                    CreationScenario.FLAGS,
                    rig.fuse().init(CreationScenario.FLAGS) & CreationScenario.FLAGS);
            List<String> expected =
                    List.of(
                            "mkdir under 022: mode 040755",
                            "mknod under 077: mode 0100600",
                            "create under 027: mode 0100640",
                            "create under 0: mode 0100666",
                            "symlink: mode 0120777",
                            "mkdir under acl: mode 040774",
                            "mknod under acl: mode 0100664",
                            "create under acl: mode 0100664",
                            "lists: [system.posix_acl_access][system.posix_acl_default]",
                            "inherited: 0200000001000600ffffffff02000700e8030000"
                                    + "04000500ffffffff10000600ffffffff20000400ffffffff",
                            "after: []",
                            "sgid kept: mode 0102775",
                            "sgid gone: mode 0100775",
                            "label label",
                            "label label",
                            "label label",
                            "label label",
                            "bad mkdir: errno 95",
                            "bad symlink: errno 95",
                            "bad create: errno 95",
                            "bad is gone: errno 2",
                            "stranger: mode 0100775",
                            "member: mode 0102775");
            assertEquals(
                    String.join("\n", expected),
                    String.join("\n", new CreationScenario(rig.fuse()).run()));
            assertEquals(groups, groupsOfThreads()); // also of the one that acted for others
            assertEquals(077, Syscalls.load().umask(077)); // what the JVM makes is nobody's else
        } finally {
            Syscalls.load().umask(umask);
        }
    }

    private static Set<String> groupsOfThreads() throws Exception {
        Set<String> found = new TreeSet<>();
        try (var threads = Files.newDirectoryStream(Path.of("/proc/self/task"))) {
            for (Path thread : threads) {
                try {
                    Files.readAllLines(thread.resolve("status")).stream()
                            .filter(line -> line.startsWith("Groups:"))
                            .forEach(found::add);
                } catch (java.io.IOException e) {
                    continue; // ended since it was listed
                }
            }
        }
        return found;
    }

    @ParameterizedTest
    @ValueSource(strings = {"setgroups", "setresgid", "setresuid"})
    void threadIsItselfAgainWhateverIsThrown(String call) throws Exception {
        AtomicBoolean thrown = new AtomicBoolean();
        Syscalls syscalls =
                AlteredSyscalls.after(
                        (name, arguments) -> {
                            if (name.equals(call) && thrown.compareAndSet(false, true)) {
                                throw new NoClassDefFoundError("on purpose");
                            }
                        });
        Path share = folder.resolve("share");
        NativeMemory foreign = NativeMemory.allocate(Integer.BYTES);
        foreign.putInt(0, 7);
        Syscalls.load().setgroups(1, foreign.address()); // or none would have to be put away
        try (InProcess backEnd = new InProcess(syscalls, share, folder, o -> o);
                FakeFrontend frontend = FuseRig.connect(backEnd, FuseRig.FEATURES)) {
            FuseClient fuse = new FuseClient(frontend, 1);
            fuse.init(0);
            FuseRig.assertErrno(5, () -> fuse.as(1000, 1000).mkdir(FuseClient.ROOT, "user", 0700));
            fuse.as(0, 0).mkdir(FuseClient.ROOT, "root", 0700);
            assertEquals(0, Files.getAttribute(share.resolve("root"), "unix:uid"));
            assertEquals(0, Files.getAttribute(share.resolve("root"), "unix:gid"));
        } finally {
            Syscalls.load().setgroups(0, foreign.address());
        }
    }
}
