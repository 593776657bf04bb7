package io.jvirtiofsd.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.cli.Finding.State;
import io.jvirtiofsd.linux.Syscalls;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Each line of the doctor's, with what it tells of there and missing. */
class DoctorTest {
    @TempDir Path folder;
    private final Syscalls syscalls = Syscalls.load();

    private static Finding one(String what, List<Finding> all) {
        return all.stream().filter(f -> f.what().equals(what)).findFirst().orElseThrow();
    }

    private static void assertFinding(State state, String detail, Finding finding) {
        assertEquals(state, finding.state(), finding.toString());
        assertTrue(finding.detail().contains(detail), finding.toString());
    }

    private void makeProgram(String name, String script) throws IOException {
        Path program = Files.writeString(folder.resolve(name), "#!/bin/sh\n" + script);
        Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    private List<Finding> ofHost() {
        return new HostCheck(syscalls, List.of(folder)).findings();
    }

    private List<Finding> ofShare(Path directory) throws IOException {
        return new ShareCheck(syscalls, directory).findings();
    }

    @Test
    void lineHasTheStateFirst() {
        assertEquals("less    QEMU             none", Finding.less("QEMU", "none").toString());
        assertEquals("MISSING share            none", Finding.missing("share", "none").toString());
    }

    @ParameterizedTest
    @CsvSource({
        "5.10.0-30-amd64, LESS",
        "6.13.9, LESS",
        "6.14.0-rc1, OK",
        "6.18.44+, OK",
        "7.0, OK",
        "10, OK"
    })
    void kernelIsComparedByItsNumbers(String release, State state) {
        assertFinding(state, release, HostCheck.kernel(release));
    }

    @Test
    void oldJvmsAndLowLimitsAreTold() {
        assertFinding(State.LESS, "25 starts", HostCheck.jvm(17));
        assertFinding(State.OK, "Java 25", HostCheck.jvm(25));
        assertFinding(State.LESS, "1024", HostCheck.descriptors(1024));
        assertFinding(State.OK, "1000000", HostCheck.descriptors(1_000_000));
    }

    @Test
    void programsThatAreNotThereAreNamed() throws Exception {
        makeProgram("unshare", "");
        Finding sandbox = one("sandbox", ofHost());
        assertFinding(State.LESS, "no mount, umount, pivot_root, setpriv, nsenter", sandbox);
        assertFinding(State.LESS, "none in the PATH", one("QEMU", ofHost()));
    }

    @Test
    void qemuIsAskedForItsDevices() throws Exception {
        String program =
                "case $1 in --version) echo QEMU 1;; *) printf 'name \"%%s\"\\n' %s;; esac";
        makeProgram("qemu-kvm", program.formatted("virtio-net"));
        assertFinding(State.LESS, "no vhost-user-fs-pci", one("QEMU", ofHost()));
        makeProgram("qemu-kvm", program.formatted("vhost-user-fs-pci"));
        assertFinding(State.LESS, "no DAX window", one("QEMU", ofHost()));
        makeProgram("qemu-kvm", program.formatted("vhost-user-fs-pci vhost-user-test-device-pci"));
        assertFinding(State.OK, folder + "/qemu-kvm: QEMU 1", one("QEMU", ofHost()));
        makeProgram("qemu-kvm", "exit 1");
        assertFinding(State.LESS, "does not run", one("QEMU", ofHost()));
    }

    @Test
    void landlockIsAmongTheModulesOrNot() throws Exception {
        Path modules = Files.writeString(folder.resolve("lsm"), "capability,landlock,yama");
        assertFinding(State.OK, "", HostCheck.landlock(modules));
        assertFinding(State.LESS, "none", HostCheck.landlock(folder.resolve("none")));
    }

    @Test
    void whatCannotBeSharedIsMissing() throws Exception {
        Path file = Files.createFile(folder.resolve("file"));
        assertFinding(State.MISSING, "file", one("share", ofShare(file)));
        assertFinding(State.MISSING, "none", one("share", ofShare(folder.resolve("none"))));
    }

    @Test
    void shareIsOpenedAndLeftAsItWas() throws Exception {
        Files.createFile(folder.resolve("file"));
        List<Finding> all = ofShare(folder);
        assertFinding(State.OK, folder.toString(), one("share", all));
        assertEquals(
                List.of("share", "file handles", "attributes", "access lists", "DAX"),
                all.stream().map(Finding::what).toList());
        try (Stream<Path> names = Files.list(folder)) {
            assertEquals(List.of(folder.resolve("file")), names.toList());
        }
    }

    @Test
    void fileSystemWithoutAttributesIsTold() throws Exception {
        assertFinding(State.LESS, "--xattr", one("attributes", ofShare(Path.of("/proc"))));
        assertFinding(State.LESS, "--dax=never", one("DAX", ofShare(Path.of("/proc"))));
    }
}
