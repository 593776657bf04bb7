package io.jvirtiofsd.fake;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.jvirtiofsd.fuse.FeatureMode;
import io.jvirtiofsd.linux.JnrSyscalls;
import io.jvirtiofsd.passthrough.XattrOptions;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Umask, default access lists, labels and groups of what is made, as the host applies them. */
class CreationOverRingTest {
    static final XattrOptions OPTIONS =
            XattrOptions.on().withPosixAcl(FeatureMode.AUTO).withSecurityLabel(FeatureMode.AUTO);

    @TempDir Path folder;

    @Test
    void whatIsMadeIsAsTheHostWouldMakeIt() throws Exception {
        int umask = JnrSyscalls.load().umask(0); // as the program does
        try (FuseRig rig =
                new FuseRig(
                        folder,
                        options -> options.withFiles(files -> files.withXattrs(OPTIONS)),
                        FuseRig.FEATURES)) {
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
        } finally {
            JnrSyscalls.load().umask(umask);
        }
    }
}
