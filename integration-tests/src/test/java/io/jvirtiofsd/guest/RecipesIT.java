package io.jvirtiofsd.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.ivshmem.IvshmemPeer;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What the documents tell to type does what they say: their blocks are run, those for QEMU as one
 * machine with all their devices, those for other programs in the root of the clients.
 */
class RecipesIT {
    private static final String PAGE = "docs/recipes.md";

    private static final String TEAM = "One directory for many guests";
    private static final String TOOLS = "Tools that guests only read";
    private static final String USER = "An ordinary user";
    private static final String JAVA = "A Java file system";
    private static final List<String> OF_QEMU =
            List.of("QEMU", "Several queues", "DAX", USER, TOOLS, TEAM, JAVA);

    private static final String MEMORY = "Memory between machines";

    private static final String SERVICE = "A service of systemd";
    private static final String LIBVIRT = "libvirt";
    private static final String VMSPAWN = "systemd-vmspawn";
    private static final String VIRTME = "virtme-ng";
    private static final List<String> OF_OTHERS = List.of(SERVICE, LIBVIRT, VMSPAWN, VIRTME);

    /** For DocumentsTest: what it is for is not here. */
    private static final String NIX = "NixOS";

    private static final String ELSEWHERE = "..."; // what a block leaves out

    @TempDir static Path folder;

    private static final Map<String, Recipe> RECIPES = new LinkedHashMap<>();
    private static Guest guest;

    @BeforeAll
    static void boot() throws IOException {
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
        start("README", DocumentBlock.under("README.md", "With QEMU").get(0));
        start("README, DAX", DocumentBlock.under("README.md", "DAX").get(0));
        start("dax.md", DocumentBlock.of("docs/dax.md").get(0));
        start("README, memory", DocumentBlock.under("README.md", MEMORY).get(0));
        start("ivshmem.md", DocumentBlock.of("docs/ivshmem.md").get(0));
        start("ivshmem.md, file", DocumentBlock.of("docs/ivshmem.md").get(1));
        for (String heading : OF_QEMU) {
            start(heading, DocumentBlock.under(PAGE, heading).get(0));
        }
        GuestBuilder machine = new GuestBuilder(GuestKit.get(), folder).memoryByArguments();
        Set<List<String>> arguments = new LinkedHashSet<>(); // all have the same memory
        for (Recipe recipe : RECIPES.values()) {
            arguments.addAll(recipe.machine());
            if (recipe.machine().isEmpty()) {
                recipe.sockets().forEach(s -> machine.fsDevice(s, tag(s), 1, 128));
            }
        }
        arguments.forEach(pair -> machine.arguments(pair.toArray(String[]::new)));
        guest = machine.boot();
    }

    private static String tag(Path socket) {
        return socket.getFileName().toString().replace(".sock", "");
    }

    private static void start(String name, DocumentBlock block) throws IOException {
        Path root = Files.createDirectory(folder.resolve("" + RECIPES.size()));
        Path tools = Files.createDirectories(root.resolve("srv/tools"));
        Files.writeString(tools.resolve("tool"), "of-the-host\n");
        try (OutputStream file = Files.newOutputStream(root.resolve("srv/archive.zip"));
                ZipOutputStream zip = new ZipOutputStream(file)) {
            zip.putNextEntry(new ZipEntry("member"));
        }
        String setting =
                block.heading().equals(USER)
                        ? OrdinaryUser.withRange(Files.createDirectory(root.resolve("ids")))
                        : "exec";
        RECIPES.put(name, Recipe.run(block, root, setting));
    }

    @AfterAll
    static void end() {
        if (guest != null) {
            guest.close();
        }
        RECIPES.values().forEach(Recipe::close);
    }

    /** A failed test leaves its mount to nobody. */
    @AfterEach
    void unmountAnyway() {
        guest.check("! mountpoint -q /mnt || umount -l /mnt");
    }

    @Test
    void everyRecipeIsRun() {
        Set<String> run = new TreeSet<>(List.of(NIX));
        run.addAll(OF_QEMU);
        run.addAll(OF_OTHERS);
        List<String> there =
                DocumentBlock.of(PAGE).stream().map(DocumentBlock::heading).sorted().toList();
        assertEquals(List.copyOf(run), there);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"README", "README, DAX", "dax.md", "QEMU", "Several queues", "DAX", USER})
    void guestWritesWhatTheHostReads(String name) throws Exception {
        Recipe recipe = RECIPES.get(name);
        guest.check(recipe.block().ofGuest());
        guest.check("echo of-the-guest >/mnt/answer; grep ' /mnt virtiofs ' /proc/mounts");
        Path answer;
        try (Stream<Path> files = Files.walk(recipe.root())) {
            answer = files.filter(file -> file.endsWith("answer")).findAny().orElseThrow();
        }
        assertEquals("of-the-guest\n", Files.readString(answer));
        boolean maps = guest.check("cat /proc/mounts").contains("/mnt virtiofs rw,relatime,dax");
        assertEquals(name.toLowerCase().contains("dax"), maps);
        if (name.equals("Several queues")) { // one for each of the two processors
            assertTrue(recipe.threads().contains("queue-2"), recipe.threads());
        }
        if (name.equals(USER)) {
            assertEquals(OrdinaryUser.ID, Files.getAttribute(answer, "unix:uid"));
        }
        if (name.equals(USER) && OrdinaryUser.mayUnshare()) {
            guest.check("chown 5 /mnt/answer");
            assertEquals(OrdinaryUser.RANGE + 4, Files.getAttribute(answer, "unix:uid"));
        }
    }

    @Test
    void machinesHaveTheMemoryTheirRecipesSay() throws Exception {
        assertEquals(
                "4", // the file is that of a plain device, too
                guest.check("cat /sys/bus/pci/devices/*/device | grep -c 0x1110"));
        for (String name : List.of("README, memory", "ivshmem.md", "ivshmem.md, file")) {
            Path socket = RECIPES.get(name).sockets().get(0);
            try (IvshmemPeer peer = IvshmemPeer.join(socket, 2, Duration.ofSeconds(20))) {
                assertEquals(4 << 20, peer.memoryBytes());
                assertEquals(Set.of(0), peer.peers());
            }
        }
    }

    @Test
    void toolsAreReadOnly() {
        guest.check(RECIPES.get(TOOLS).block().ofGuest());
        assertEquals("of-the-host", guest.check("cat /mnt/tool"));
        String refused = guest.check("mount -o remount,rw /mnt; touch /mnt/x 2>&1 || true");
        assertTrue(refused.contains("Read-only file system"), refused);
    }

    @Test
    void locksHoldBetweenGuestsOfOneDirectory() {
        guest.check(
                """
                mkdir /tmp/other
                mount -t virtiofs team-1 /mnt
                mount -t virtiofs team-2 /tmp/other
                exec 3>/mnt/lock
                flock -n 3
                flock -n /tmp/other/lock true && exit 1
                exec 3>&-
                flock -w 20 /tmp/other/lock true
                umount /tmp/other
                """);
    }

    @Test
    void archiveIsWrittenWhenTheDaemonEnds() throws Exception {
        Recipe recipe = RECIPES.get(JAVA);
        guest.check(recipe.block().ofGuest());
        guest.check("set -e; cat /mnt/member; echo of-the-guest >/mnt/answer; umount /mnt");
        recipe.close();
        try (FileSystem zip = FileSystems.newFileSystem(recipe.root().resolve("srv/archive.zip"))) {
            assertEquals("of-the-guest\n", Files.readString(zip.getPath("/answer")));
        }
    }

    @Test
    void otherProgramsFindTheDaemon() throws Exception {
        Path shared = Files.createDirectory(folder.resolve("shared"));
        Path blocks = Files.createDirectory(shared.resolve("blocks"));
        String install =
                DocumentBlock.under("README.md", "Install").stream()
                        .map(DocumentBlock::text)
                        .filter(text -> text.contains("systemctl"))
                        .collect(Collectors.joining());
        Files.writeString(blocks.resolve("Install"), install);
        Files.writeString(blocks.resolve("service"), only(SERVICE));
        Files.writeString(
                blocks.resolve(VMSPAWN),
                only(VMSPAWN)
                                .strip()
                                .replace(
                                        ELSEWHERE,
                                        "--kvm=no --vsock=no --register=no --keep-unit --tpm=no"
                                                + " --firmware=none --pass-ssh-key=no --ram=512M"
                                                + " --cpus=1 --console=read-only --linux="
                                                + ClientsRoot.KERNEL)
                        + " init=/sbin/init\n");
        Files.writeString(
                blocks.resolve(VIRTME),
                only(VIRTME)
                        .replace(
                                ELSEWHERE,
                                ClientsRoot.KERNEL
                                        + " --disable-kvm --memory 1G --cpus 1 --user root")
                        .replace(
                                "/proc/mounts'",
                                "/proc/mounts; cat /root/file;"
                                        + " echo answer-of-the-guest >/root/answer'"));
        List<String> devices = new ArrayList<>();
        Set<String> memory = new LinkedHashSet<>();
        for (String text :
                List.of(
                        only(LIBVIRT),
                        DocumentBlock.under("README.md", "With libvirt").get(0).text())) {
            String[] parts = text.split("\\.\\.\\.\n");
            memory.add(parts[0]);
            devices.add(parts[1]);
        }
        Files.writeString(blocks.resolve("libvirt-memory"), String.join("", memory));
        Files.writeString(blocks.resolve("libvirt-devices"), String.join("", devices));
        ExecResult result =
                ClientsRoot.run(shared, ShareRig.script("recipes.sh", ClientsRoot.KERNEL));
        Path file = shared.resolve("said");
        String said = result.text() + (Files.exists(file) ? Files.readString(file) : "");
        assertEquals(0, result.exitCode(), said);
        for (String tag : List.of("home", "share", "site")) {
            assertTrue(
                    said.contains(
                            "%1$s/mounts-of-the-guest:%1$s /mnt/%1$s virtiofs".formatted(tag)),
                    said);
        }
        // Not 9p, which virtme-ng falls back to without a word.
        assertTrue(said.contains(" / virtiofs "), said);
        assertTrue(said.contains("file-of-the-host\n"), said);
        assertTrue(said.contains("answer-of-the-guest"), said);
    }

    private static String only(String heading) {
        return DocumentBlock.under(PAGE, heading).get(0).text();
    }
}
