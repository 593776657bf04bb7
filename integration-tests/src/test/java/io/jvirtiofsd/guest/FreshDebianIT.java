package io.jvirtiofsd.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** On a Debian with nothing in it the package has all it needs, to the first guest of libvirt's. */
class FreshDebianIT {
    private static final String ELSEWHERE = "\n...\n"; // what a block leaves out

    @TempDir Path shared;

    @Test
    void onePackageIsAllItTakes() throws Exception {
        Files.setPosixFilePermissions(shared, PosixFilePermissions.fromString("rwxr-xr-x"));
        Path packages = Files.createDirectories(shared.resolve("target/packages"));
        Path made = DebianPackage.file();
        Files.copy(made, packages.resolve(made.getFileName()));
        Files.copy(GuestKit.get().kernel(), shared.resolve("vmlinuz"));
        String install =
                DocumentBlock.under("README.md", "Install")
                        .get(0)
                        .text()
                        .lines()
                        .filter(line -> line.startsWith("apt "))
                        .findFirst()
                        .orElseThrow();
        Files.writeString(shared.resolve("install"), install);
        String[] domain =
                DocumentBlock.under("README.md", "With libvirt").get(0).text().split(ELSEWHERE);
        Files.writeString(shared.resolve("memory.xml"), domain[0]);
        Files.writeString(shared.resolve("filesystem.xml"), domain[1]);

        ExecResult result = BareRoot.run(shared, ShareRig.script("fresh.sh"));
        String said = result.text();
        said.lines().filter(line -> line.contains(" after ")).forEach(System.out::println);
        assertEquals(0, result.exitCode(), said);
        String[] parts = said.split("without pivot_root\n", 2);
        assertTrue(parts[0].contains("ok      sandbox "), said);
        assertTrue(parts[0].contains("ok      system calls "), said);
        assertTrue(parts[0].contains("share /mnt virtiofs rw,"), said);
        assertTrue(parts[0].contains("/copy 1234:1234\n"), said);
        assertFalse(parts[0].matches("(?s).*(WARN|ERROR|no sandbox|no capability).*"), said);
        assertTrue(parts[1].contains("jvirtiofsd: --sandbox=namespace: there is no "), said);
        assertTrue(parts[1].contains("jvirtiofsd: no sandbox: there is no "), said);
        assertTrue(said.endsWith("left:"), said);
    }
}
