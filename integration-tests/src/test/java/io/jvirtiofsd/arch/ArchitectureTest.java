package io.jvirtiofsd.arch;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.equivalentTo;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.simpleName;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import io.jvirtiofsd.guest.GuestKit;
import io.jvirtiofsd.linux.JnrSyscalls;
import io.jvirtiofsd.linux.NativeMemory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Holds the code to the picture in ARCHITECTURE.md and to the house rules. */
@AnalyzeClasses(packages = "io.jvirtiofsd", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
    private static final String FUSE = "io.jvirtiofsd.fuse..";
    private static final String LINUX = "io.jvirtiofsd.linux..";
    private static final String SHMEM = "io.jvirtiofsd.shmem..";
    private static final String DAX = "io.jvirtiofsd.dax..";
    private static final String VIRTIO = "io.jvirtiofsd.virtio..";
    private static final String VHOST = "io.jvirtiofsd.vhost..";
    private static final String PASSTHROUGH = "io.jvirtiofsd.passthrough..";
    private static final String NIO = "io.jvirtiofsd.nio..";
    private static final String JAVA = "java..";
    private static final String SLF4J = "org.slf4j..";

    private static final Pattern UNFINISHED = Pattern.compile("TO" + "DO|FIX" + "ME|XX" + "X");

    private static ArchRule mayImport(String who, String... whom) {
        return classes()
                .that()
                .resideInAPackage(who)
                .should()
                .onlyDependOnClassesThat(
                        resideInAnyPackage(whom)
                                .or(resideInAnyPackage(who, JAVA, SLF4J))
                                .or(equivalentTo(Object.class)));
    }

    @ArchTest static final ArchRule fuseKnowsNothingElse = mayImport(FUSE);

    @ArchTest
    static final ArchRule linuxKnowsNothingElse = mayImport(LINUX, "jnr.ffi..", "com.kenai.jffi..");

    @ArchTest static final ArchRule shmemKnowsLinux = mayImport(SHMEM, LINUX);

    @ArchTest static final ArchRule daxKnowsLinux = mayImport(DAX, LINUX);

    @ArchTest static final ArchRule virtioKnowsMemory = mayImport(VIRTIO, LINUX, SHMEM);

    @ArchTest static final ArchRule vhostKnowsNoFuse = mayImport(VHOST, VIRTIO, LINUX, SHMEM, DAX);

    @ArchTest
    static final ArchRule passthroughKnowsNoVirtio =
            mayImport(PASSTHROUGH, FUSE, LINUX, DAX, "com.github.benmanes.caffeine..");

    @ArchTest static final ArchRule nioIsPureJava = mayImport(NIO, FUSE);

    @ArchTest
    static final ArchRule oneNativeDoor =
            noClasses()
                    .that(not(equivalentTo(JnrSyscalls.class).or(simpleName("JnrFileCalls"))))
                    .should()
                    .dependOnClassesThat(resideInAPackage("jnr.."));

    @ArchTest
    static final ArchRule oneMemoryDoor =
            noClasses()
                    .that(not(equivalentTo(NativeMemory.class)))
                    .should()
                    .dependOnClassesThat(resideInAnyPackage("com.kenai..", "sun.misc.."));

    private static List<Path> sources() throws IOException {
        try (Stream<Path> all = Files.walk(GuestKit.home())) {
            return all.filter(path -> path.toString().matches(".*/src/(main|test)/java/.*\\.java"))
                    .toList();
        }
    }

    @Test
    void nothingIsLeftUnfinished() throws IOException {
        for (Path file : sources()) {
            List<String> lines = Files.readAllLines(file);
            assertEquals(
                    List.of(),
                    lines.stream().filter(line -> UNFINISHED.matcher(line).find()).toList(),
                    file.toString());
        }
    }

    @Test
    void packagesSayWhereToStartReading() throws IOException {
        for (Path file : sources()) {
            Path folder = file.getParent();
            if (folder.toString().contains("/src/main/")) {
                assertEquals(true, Files.exists(folder.resolve("package-info.java")), "" + folder);
            }
        }
    }
}
