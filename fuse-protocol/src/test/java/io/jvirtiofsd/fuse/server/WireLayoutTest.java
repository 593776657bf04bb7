package io.jvirtiofsd.fuse.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.jvirtiofsd.fuse.AttributeChange;
import io.jvirtiofsd.fuse.Attributes;
import io.jvirtiofsd.fuse.Name;
import io.jvirtiofsd.fuse.OpenReply;
import io.jvirtiofsd.fuse.WriteFlags;
import io.jvirtiofsd.fuse.server.AttributeWire.Attr;
import io.jvirtiofsd.fuse.server.AttributeWire.AttrOut;
import io.jvirtiofsd.fuse.server.AttributeWire.EntryOut;
import io.jvirtiofsd.fuse.server.AttributeWire.FuseStatx;
import io.jvirtiofsd.fuse.server.AttributeWire.StatxOut;
import io.jvirtiofsd.fuse.server.AttributeWire.SxTime;
import io.jvirtiofsd.fuse.server.ControlRequests.IoctlIn;
import io.jvirtiofsd.fuse.server.ControlRequests.IoctlOut;
import io.jvirtiofsd.fuse.server.ControlRequests.PollIn;
import io.jvirtiofsd.fuse.server.ControlRequests.PollOut;
import io.jvirtiofsd.fuse.server.FileRequests.CopyFileRangeIn;
import io.jvirtiofsd.fuse.server.FileRequests.CopyFileRangeOut;
import io.jvirtiofsd.fuse.server.FileRequests.CreateIn;
import io.jvirtiofsd.fuse.server.FileRequests.FallocateIn;
import io.jvirtiofsd.fuse.server.FileRequests.FlushIn;
import io.jvirtiofsd.fuse.server.FileRequests.FsyncIn;
import io.jvirtiofsd.fuse.server.FileRequests.LseekIn;
import io.jvirtiofsd.fuse.server.FileRequests.LseekOut;
import io.jvirtiofsd.fuse.server.FileRequests.OpenIn;
import io.jvirtiofsd.fuse.server.FileRequests.OpenOut;
import io.jvirtiofsd.fuse.server.FileRequests.ReadIn;
import io.jvirtiofsd.fuse.server.FileRequests.ReleaseIn;
import io.jvirtiofsd.fuse.server.FileRequests.WriteIn;
import io.jvirtiofsd.fuse.server.FileRequests.WriteOut;
import io.jvirtiofsd.fuse.server.LockRequests.LkIn;
import io.jvirtiofsd.fuse.server.LockRequests.LkOut;
import io.jvirtiofsd.fuse.server.NameRequests.LinkIn;
import io.jvirtiofsd.fuse.server.NameRequests.MkdirIn;
import io.jvirtiofsd.fuse.server.NameRequests.MknodIn;
import io.jvirtiofsd.fuse.server.NameRequests.Rename2In;
import io.jvirtiofsd.fuse.server.NameRequests.RenameIn;
import io.jvirtiofsd.fuse.server.NodeRequests.AccessIn;
import io.jvirtiofsd.fuse.server.NodeRequests.BatchForgetIn;
import io.jvirtiofsd.fuse.server.NodeRequests.ForgetIn;
import io.jvirtiofsd.fuse.server.NodeRequests.ForgetOne;
import io.jvirtiofsd.fuse.server.NodeRequests.GetattrIn;
import io.jvirtiofsd.fuse.server.NodeRequests.Kstatfs;
import io.jvirtiofsd.fuse.server.NodeRequests.SetattrIn;
import io.jvirtiofsd.fuse.server.NodeRequests.StatxIn;
import io.jvirtiofsd.fuse.server.NodeRequests.SyncfsIn;
import io.jvirtiofsd.fuse.server.SessionRequests.InitIn;
import io.jvirtiofsd.fuse.server.SessionRequests.InitOut;
import io.jvirtiofsd.fuse.server.SessionRequests.InterruptIn;
import io.jvirtiofsd.fuse.server.XattrRequests.GetxattrIn;
import io.jvirtiofsd.fuse.server.XattrRequests.GetxattrOut;
import io.jvirtiofsd.fuse.server.XattrRequests.SetxattrIn;
import java.io.IOException;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.lang.reflect.RecordComponent;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** Every wire record reads each member where a C compiler puts it. */
class WireLayoutTest {
    private static final LayoutTable TABLE = new LayoutTable();

    /** Members that no record has, for they mean nothing to us. */
    private static final Pattern MEANINGLESS =
            Pattern.compile("padding|dummy|unused\\d?|spare|backing_id|max_stack.*|request_.*");

    private static final Map<Class<? extends Record>, String> RECORDS =
            Map.ofEntries(
                    Map.entry(AccessIn.class, "fuse_access_in"),
                    Map.entry(Attr.class, "fuse_attr"),
                    Map.entry(AttrOut.class, "fuse_attr_out"),
                    Map.entry(BatchForgetIn.class, "fuse_batch_forget_in"),
                    Map.entry(CopyFileRangeIn.class, "fuse_copy_file_range_in"),
                    Map.entry(CreateIn.class, "fuse_create_in"),
                    Map.entry(EntryOut.class, "fuse_entry_out"),
                    Map.entry(FallocateIn.class, "fuse_fallocate_in"),
                    Map.entry(FlushIn.class, "fuse_flush_in"),
                    Map.entry(ForgetIn.class, "fuse_forget_in"),
                    Map.entry(ForgetOne.class, "fuse_forget_one"),
                    Map.entry(FsyncIn.class, "fuse_fsync_in"),
                    Map.entry(GetattrIn.class, "fuse_getattr_in"),
                    Map.entry(GetxattrIn.class, "fuse_getxattr_in"),
                    Map.entry(GetxattrOut.class, "fuse_getxattr_out"),
                    Map.entry(InitIn.class, "fuse_init_in"),
                    Map.entry(InitOut.class, "fuse_init_out"),
                    Map.entry(InterruptIn.class, "fuse_interrupt_in"),
                    Map.entry(Kstatfs.class, "fuse_kstatfs"),
                    Map.entry(LinkIn.class, "fuse_link_in"),
                    Map.entry(LkIn.class, "fuse_lk_in"),
                    Map.entry(LkOut.class, "fuse_lk_out"),
                    Map.entry(LseekIn.class, "fuse_lseek_in"),
                    Map.entry(LseekOut.class, "fuse_lseek_out"),
                    Map.entry(MkdirIn.class, "fuse_mkdir_in"),
                    Map.entry(MknodIn.class, "fuse_mknod_in"),
                    Map.entry(OpenIn.class, "fuse_open_in"),
                    Map.entry(OpenOut.class, "fuse_open_out"),
                    Map.entry(ReadIn.class, "fuse_read_in"),
                    Map.entry(ReleaseIn.class, "fuse_release_in"),
                    Map.entry(Rename2In.class, "fuse_rename2_in"),
                    Map.entry(RenameIn.class, "fuse_rename_in"),
                    Map.entry(SetattrIn.class, "fuse_setattr_in"),
                    Map.entry(SetxattrIn.class, "fuse_setxattr_in"),
                    Map.entry(IoctlIn.class, "fuse_ioctl_in"),
                    Map.entry(IoctlOut.class, "fuse_ioctl_out"),
                    Map.entry(PollIn.class, "fuse_poll_in"),
                    Map.entry(PollOut.class, "fuse_poll_out"),
                    Map.entry(SyncfsIn.class, "fuse_syncfs_in"),
                    Map.entry(SxTime.class, "fuse_sx_time"),
                    Map.entry(FuseStatx.class, "fuse_statx"),
                    Map.entry(StatxIn.class, "fuse_statx_in"),
                    Map.entry(StatxOut.class, "fuse_statx_out"),
                    Map.entry(CopyFileRangeOut.class, "fuse_copy_file_range_out"),
                    Map.entry(WriteIn.class, "fuse_write_in"),
                    Map.entry(WriteOut.class, "fuse_write_out"));

    @TestFactory
    Stream<DynamicTest> recordsReadMembersWhereTheCompilerPutsThem() {
        return RECORDS.entrySet().stream()
                .map(
                        entry ->
                                DynamicTest.dynamicTest(
                                        entry.getValue(),
                                        () -> checkRecord(entry.getKey(), entry.getValue())));
    }

    private static void checkRecord(Class<? extends Record> type, String struct)
            throws ReflectiveOperationException {
        int bytes = TABLE.bytes(struct);
        Field size = type.getDeclaredField("BYTES");
        size.setAccessible(true);
        assertEquals(bytes, size.getInt(null), "BYTES");
        WireReader reader = numbered(bytes);
        Method read = type.getDeclaredMethod("read", WireReader.class);
        read.setAccessible(true);
        Record record = (Record) read.invoke(null, reader);
        assertEquals(0, reader.remaining(), "bytes not consumed");
        checkComponents(record, struct, 0);
    }

    private static void checkComponents(Record record, String struct, int base)
            throws ReflectiveOperationException {
        Set<String> meant = new HashSet<>();
        for (LayoutTable.Member member : TABLE.members(struct)) {
            if (!MEANINGLESS.matcher(member.name()).matches()) {
                meant.add(member.name());
            }
        }
        for (RecordComponent component : record.getClass().getRecordComponents()) {
            String name = snake(component.getName());
            assertTrue(meant.remove(name), name);
            LayoutTable.Member member = TABLE.member(struct, name);
            component.getAccessor().setAccessible(true);
            Object value = component.getAccessor().invoke(record);
            if (value instanceof Record nested) {
                String inner = RECORDS.getOrDefault(nested.getClass(), "fuse_file_lock");
                checkComponents(nested, inner, base + member.offset());
            } else {
                assertEquals(number(base + member.offset(), member.bytes()), asLong(value), name);
            }
        }
        assertEquals(Set.of(), meant, "members without component");
    }

    @Test
    void headerReadsMembersWhereTheCompilerPutsThem() {
        String struct = "fuse_in_header";
        assertEquals(TABLE.bytes(struct), InHeader.BYTES);
        WireReader reader = numbered(InHeader.BYTES);
        InHeader header = new InHeader();
        header.read(reader);
        assertEquals(0, reader.remaining());
        assertEquals(number(struct, "len"), header.len());
        assertEquals(number(struct, "opcode"), header.opcode());
        assertEquals(number(struct, "unique"), header.unique());
        assertEquals(number(struct, "nodeid"), header.nodeId());
        assertEquals(number(struct, "uid"), header.uid());
        assertEquals(number(struct, "gid"), header.gid());
        assertEquals(number(struct, "pid"), header.pid());
        assertEquals(number(struct, "total_extlen"), header.totalExtlen());
    }

    @Test
    void directoryRecordsAreLaidOutAsTheCompilerDoes() {
        WireWriter out = new WireWriter(1024);
        DirectoryBuffer buffer = new DirectoryBuffer(out);
        buffer.begin(1024, true, Attributes.ATTR_DAX);
        assertTrue(buffer.add(FakeEntry.of(5, 0100644), 77, Name.of((byte) 'a')));
        int dirent = TABLE.member("fuse_direntplus", "dirent").offset();
        int nameAt = TABLE.member("fuse_dirent", "name").offset();
        WireReader reader = new WireReader();
        reader.reset(out.array(), 0, out.position());
        assertEquals(dirent + nameAt + 8, reader.remaining());
        assertEquals(5, EntryOut.read(reader).nodeid());
        reader.reset(out.array(), dirent + TABLE.member("fuse_dirent", "off").offset(), 1024);
        assertEquals(77, reader.u64());
        reader.reset(out.array(), dirent + TABLE.member("fuse_dirent", "namelen").offset(), 1024);
        assertEquals(1, reader.u32());
        reader.reset(out.array(), dirent + TABLE.member("fuse_dirent", "type").offset(), 1024);
        assertEquals(8, reader.u32());
        assertEquals('a', out.array()[dirent + nameAt]);
    }

    @Test
    void constantsHaveTheValuesOfTheHeader() throws ReflectiveOperationException {
        List<Class<?>> owners =
                List.of(
                        AttributeChange.class,
                        OpenReply.class,
                        WriteFlags.class,
                        ReadIn.class,
                        ReleaseIn.class,
                        GetattrIn.class,
                        FsyncIn.class,
                        CreateIn.class,
                        SetxattrIn.class,
                        Attributes.class);
        for (Map.Entry<String, Integer> constant : TABLE.numbers("constant").entrySet()) {
            assertEquals(
                    constant.getValue(),
                    valueIn(owners, constant.getKey().replaceFirst("^FUSE_", "")),
                    constant.getKey());
        }
    }

    private static int valueIn(List<Class<?>> owners, String name) throws IllegalAccessException {
        for (Class<?> owner : owners) {
            for (Field field : owner.getDeclaredFields()) {
                if (field.getName().equals(name)) {
                    field.setAccessible(true);
                    return field.getInt(null);
                }
            }
        }
        throw new AssertionError("no constant " + name);
    }

    @Test
    void initFlagsHaveTheBitsOfTheHeader() {
        Map<String, Integer> bits = TABLE.numbers("init");
        assertEquals(bits.size(), InitFlag.values().length);
        for (InitFlag flag : InitFlag.values()) {
            assertEquals(bits.get(flag.name()), flag.bit(), flag.name());
        }
    }

    @Test
    void compilerPrintsTheKeptTable(@TempDir Path directory) throws Exception {
        boolean mustRun = System.getenv("CI") != null; // which installs what is missing
        assumeTrue(mustRun || headerMinor() >= 38, "linux/fuse.h missing or older than 7.38");
        Path program = directory.resolve("fuse_layout");
        Path source = Path.of("src/test/c/fuse_layout.c");
        assumeTrue(
                mustRun
                        || Stream.of(System.getenv("PATH").split(":"))
                                .anyMatch(path -> Files.isExecutable(Path.of(path, "cc"))),
                "no C compiler");
        assertEquals("", output("cc", "-std=c11", "-o", program.toString(), source.toString()));
        assertEquals(LayoutTable.text(), output(program.toString()));
    }

    private static int headerMinor() throws IOException {
        Path header = Path.of("/usr/include/linux/fuse.h");
        if (!Files.exists(header)) {
            return 0;
        }
        Matcher minor =
                Pattern.compile("FUSE_KERNEL_MINOR_VERSION (\\d+)")
                        .matcher(Files.readString(header));
        return minor.find() ? Integer.parseInt(minor.group(1)) : 0;
    }

    private static String output(String... command) throws Exception {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String text = new String(process.getInputStream().readAllBytes());
        assertEquals(0, process.waitFor(), text);
        return text;
    }

    /** Bytes that count from 1, so that every place and width has a value of its own. */
    private static WireReader numbered(int bytes) {
        byte[] array = new byte[bytes];
        for (int i = 0; i < bytes; i++) {
            array[i] = (byte) (i + 1);
        }
        WireReader reader = new WireReader();
        reader.reset(array, 0, bytes);
        return reader;
    }

    private static long number(String struct, String member) {
        LayoutTable.Member place = TABLE.member(struct, member);
        return number(place.offset(), place.bytes());
    }

    /** What {@link #numbered} has at a place, little-endian; sign-extended as int. */
    private static long number(int offset, int bytes) {
        long value = 0;
        for (int i = bytes - 1; i >= 0; i--) {
            value = value << 8 | (offset + i + 1) & 0xff;
        }
        return bytes == 4 ? (int) value : value;
    }

    private static long asLong(Object value) {
        return ((Number) value).longValue();
    }

    private static String snake(String camel) {
        return camel.replaceAll("([A-Z])", "_$1").toLowerCase(Locale.ROOT);
    }
}
