package io.jvirtiofsd.arch;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.equivalentTo;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.simpleName;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.type;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static java.util.stream.Collectors.counting;
import static java.util.stream.Collectors.groupingBy;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.kenai.jffi.MemoryIO;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.core.importer.Location;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.linux.Syscalls;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Holds the code to the picture in ARCHITECTURE.md and to the house rules. */
@AnalyzeClasses(packages = "io.jvirtiofsd", importOptions = ArchitectureTest.MainCode.class)
class ArchitectureTest {
    /** Leaves out tests, and what they lend to those of other modules. */
    static final class MainCode implements ImportOption {
        private final ImportOption noTests = new DoNotIncludeTests();

        @Override
        public boolean includes(Location location) {
            return noTests.includes(location) && !location.contains("-tests.jar");
        }
    }

    private static final String FUSE = "io.jvirtiofsd.fuse";
    private static final String SERVER = "io.jvirtiofsd.fuse.server";
    private static final String LINUX = "io.jvirtiofsd.linux..";
    private static final String SHMEM = "io.jvirtiofsd.shmem..";
    private static final String DAX = "io.jvirtiofsd.dax..";
    private static final String VIRTIO = "io.jvirtiofsd.virtio..";
    private static final String VHOST = "io.jvirtiofsd.vhost..";
    private static final String IVSHMEM = "io.jvirtiofsd.ivshmem..";
    private static final String PASSTHROUGH = "io.jvirtiofsd.passthrough";
    private static final String RULES = "io.jvirtiofsd.passthrough.rules";
    private static final String NIO = "io.jvirtiofsd.nio..";
    private static final String BACKEND = "io.jvirtiofsd.backend..";
    private static final String CLI = "io.jvirtiofsd.cli..";
    private static final String JAVA = "java..";
    private static final String SLF4J = "org.slf4j..";

    /** Types of a package; more of them are two packages. */
    private static final int MOST_TYPES = 45;

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

    @ArchTest static final ArchRule serverKnowsFileSystems = mayImport(SERVER, FUSE);

    @ArchTest
    static final ArchRule linuxKnowsNothingElse = mayImport(LINUX, "jnr.ffi..", "com.kenai.jffi..");

    @ArchTest static final ArchRule shmemKnowsLinux = mayImport(SHMEM, LINUX);

    @ArchTest static final ArchRule daxKnowsLinux = mayImport(DAX, LINUX);

    @ArchTest static final ArchRule virtioKnowsMemory = mayImport(VIRTIO, LINUX, SHMEM);

    @ArchTest static final ArchRule vhostKnowsNoFuse = mayImport(VHOST, VIRTIO, LINUX, SHMEM, DAX);

    @ArchTest static final ArchRule ivshmemKnowsLinux = mayImport(IVSHMEM, LINUX);

    @ArchTest
    static final ArchRule passthroughKnowsNoVirtio =
            mayImport(PASSTHROUGH, RULES, FUSE, LINUX, DAX, "com.github.benmanes.caffeine..");

    @ArchTest static final ArchRule rulesArePureJava = mayImport(RULES, FUSE);

    @ArchTest static final ArchRule nioIsPureJava = mayImport(NIO, FUSE);

    @ArchTest
    static final ArchRule programsNeedNoCommandLine =
            noClasses()
                    .that()
                    .resideInAPackage(BACKEND)
                    .should()
                    .dependOnClassesThat(resideInAPackage(CLI));

    @ArchTest
    static final ArchRule packagesHaveNoCycles =
            slices().matching("io.jvirtiofsd.(**)").should().beFreeOfCycles();

    @ArchTest
    static void namesStandForOneType(JavaClasses classes) {
        Map<String, JavaClass> known = new HashMap<>();
        for (JavaClass type : outer(classes)) {
            JavaClass other = known.put(type.getSimpleName(), type);
            assertNull(other, () -> type.getName() + " and " + other.getName());
        }
    }

    @ArchTest
    static void packagesAreChapters(JavaClasses classes) {
        Map<String, Long> sizes =
                outer(classes).stream().collect(groupingBy(JavaClass::getPackageName, counting()));
        sizes.forEach((name, size) -> assertTrue(size <= MOST_TYPES, name + ": " + size));
    }

    private static List<JavaClass> outer(JavaClasses classes) {
        return classes.stream()
                .filter(type -> !type.isNestedClass())
                .filter(type -> !type.getSimpleName().equals("package-info"))
                .toList();
    }

    @ArchTest
    static final ArchRule oneNativeDoor =
            noClasses()
                    .that(not(equivalentTo(Syscalls.class)))
                    .and(not(simpleName("JffiLibrary")))
                    .should()
                    .dependOnClassesThat(
                            resideInAnyPackage("jnr..", "com.kenai..")
                                    .and(not(type(MemoryIO.class))));

    @ArchTest
    static final ArchRule oneMemoryDoor =
            noClasses()
                    .that(not(equivalentTo(NativeMemory.class)))
                    .should()
                    .dependOnClassesThat(type(MemoryIO.class).or(resideInAPackage("sun.misc..")));

    @Test
    void nothingIsLeftUnfinished() throws IOException {
        for (Path file : Sources.all()) {
            List<String> lines = Files.readAllLines(file);
            assertEquals(
                    List.of(),
                    lines.stream().filter(line -> UNFINISHED.matcher(line).find()).toList(),
                    file.toString());
        }
    }

    @Test
    void packagesSayWhereToStartReading() throws IOException {
        for (Path file : Sources.all()) {
            Path folder = file.getParent();
            if (folder.toString().contains("/src/main/")) {
                assertEquals(true, Files.exists(folder.resolve("package-info.java")), "" + folder);
            }
        }
    }
}
