package io.jvirtiofsd.passthrough;

import static io.jvirtiofsd.fuse.Attributes.ATTR_DAX;
import static io.jvirtiofsd.fuse.Attributes.ATTR_SUBMOUNT;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import io.jvirtiofsd.fuse.DaxMode;
import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.linux.Scratch;
import io.jvirtiofsd.linux.Statx;
import io.jvirtiofsd.passthrough.rules.IdMap;
import io.jvirtiofsd.passthrough.rules.IdMaps;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** What the guest is told of a {@code struct statx} that the test has filled in. */
class StatxAttributesTest {
    private static final int MAJOR = 8;
    private static final int MINOR = 17;
    private static final long DEVICE = (long) MAJOR << 32 | MINOR;

    /** The thread's block, all zeros but for the device: each test has a thread of its own. */
    private static NativeMemory newStatx() {
        NativeMemory statx = Scratch.get().statx();
        statx.clear(0, Statx.BYTES);
        device(statx, MAJOR, MINOR);
        return statx;
    }

    private static void device(NativeMemory statx, int major, int minor) {
        statx.putInt(Statx.DEV_MAJOR, major);
        statx.putInt(Statx.DEV_MINOR, minor);
    }

    private static Inode inode(int type) {
        return new Inode(DEVICE, 7, new Mount(1, new FileSystemType(0), null), type, null);
    }

    private static Inode marked(int type) {
        Inode inode = inode(type);
        inode.mark(true);
        return inode;
    }

    private static StatxAttributes of(CachePolicy policy, DaxMode mode, Inode inode, IdMaps ids) {
        return new StatxAttributes(Scratch.get(), policy, mode, DEVICE, ids).of(inode);
    }

    private static StatxAttributes of(CachePolicy policy, DaxMode mode, Inode inode) {
        return of(policy, mode, inode, IdMaps.identity());
    }

    private static StatxAttributes of(Inode inode) {
        return of(CachePolicy.AUTO, DaxMode.NEVER, inode);
    }

    /** Numbers are 12 and 20 bits; linux/kdev_t.h: mmmM MMmm. */
    @ParameterizedTest
    @CsvSource({
        "0, 0, 0",
        "8, 17, 811",
        "0xfff, 0xff, fffff",
        "1, 0x100, 100100",
        "0x103, 0xabcde, abc103de",
        "0xfff, 0xfffff, ffffffff"
    })
    void aDeviceNumberIsEncodedAsInLinux(String major, String minor, String encoded) {
        NativeMemory statx = newStatx();
        statx.putInt(Statx.RDEV_MAJOR, Integer.decode(major));
        statx.putInt(Statx.RDEV_MINOR, Integer.decode(minor));
        StatxAttributes attributes = of(inode(Statx.S_IFBLK));
        assertEquals(Integer.parseUnsignedInt(encoded, 16), attributes.rdev());
        assertEquals(Integer.decode(major), attributes.rdevMajor());
        assertEquals(Integer.decode(minor), attributes.rdevMinor());
    }

    @Test
    void numbersOnTheSharesOwnDeviceAreTheHosts() {
        NativeMemory statx = newStatx();
        for (long ino : new long[] {1, 2, 1L << 40, Long.MAX_VALUE, -1}) {
            statx.putLong(Statx.INO, ino);
            assertEquals(ino, of(inode(Statx.S_IFREG)).ino());
        }
    }

    @Test
    void theSameNumberOnOtherDevicesIsAnother() {
        NativeMemory statx = newStatx();
        int[][] devices = {{MAJOR, MINOR}, {MAJOR, MINOR + 1}, {MAJOR + 1, MINOR}, {0, 40}};
        Set<Long> seen = new HashSet<>();
        int count = 0;
        for (int[] device : devices) {
            device(statx, device[0], device[1]);
            for (long ino = 1; ino <= 1000; ino++) {
                statx.putLong(Statx.INO, ino);
                StatxAttributes attributes = of(inode(Statx.S_IFREG));
                assertNotEquals(0, attributes.ino());
                assertEquals(attributes.ino(), attributes.ino()); // the same each time
                seen.add(attributes.ino());
                count++;
            }
        }
        assertEquals(count, seen.size());
    }

    @Test
    void onlyADirectoryBelowTheRootIsASubmount() {
        NativeMemory statx = newStatx();
        Inode root = inode(Statx.S_IFDIR);
        root.pin();
        assertEquals(0, of(inode(Statx.S_IFDIR)).flags());
        statx.putLong(Statx.ATTRIBUTES, Statx.STATX_ATTR_MOUNT_ROOT);
        assertEquals(ATTR_SUBMOUNT, of(inode(Statx.S_IFDIR)).flags());
        assertEquals(0, of(root).flags());
        assertEquals(0, of(inode(Statx.S_IFREG)).flags()); // one that is mounted on a file
        assertEquals(ATTR_DAX, of(marked(Statx.S_IFREG)).flags());
        statx.putLong(Statx.ATTRIBUTES, ~Statx.STATX_ATTR_MOUNT_ROOT);
        assertEquals(0, of(inode(Statx.S_IFDIR)).flags());
    }

    /** The guest reads a mapped file up to the size it knows, without asking again. */
    @ParameterizedTest
    @EnumSource(CachePolicy.class)
    void whatTheGuestMayMapIsValidForNoTime(CachePolicy policy) {
        newStatx();
        long valid = policy.validNanos();
        long mapped = policy == CachePolicy.ALWAYS ? valid : 0; // then the host changes nothing
        Inode file = inode(Statx.S_IFREG);
        Inode markedFile = marked(Statx.S_IFREG);
        Inode directory = inode(Statx.S_IFDIR);
        assertEquals(valid, of(policy, DaxMode.NEVER, file).validNanos());
        assertEquals(valid, of(policy, DaxMode.NEVER, markedFile).validNanos());
        assertEquals(valid, of(policy, DaxMode.INODE, file).validNanos());
        assertEquals(mapped, of(policy, DaxMode.INODE, markedFile).validNanos());
        assertEquals(mapped, of(policy, DaxMode.ALWAYS, file).validNanos());
        assertEquals(mapped, of(policy, DaxMode.ALWAYS, markedFile).validNanos());
        for (DaxMode mode : DaxMode.values()) {
            assertEquals(valid, of(policy, mode, directory).validNanos());
        }
    }

    @Test
    void ownersAreThoseTheGuestKnows() {
        NativeMemory statx = newStatx();
        IdMap users = IdMap.parse(List.of("map:1000:5000:10"));
        IdMap groups = IdMap.parse(List.of("map:2000:5000:10"));
        statx.putInt(Statx.UID, 5003);
        statx.putInt(Statx.GID, 5004);
        Inode file = inode(Statx.S_IFREG);
        StatxAttributes mapped =
                of(CachePolicy.AUTO, DaxMode.NEVER, file, new IdMaps(users, groups));
        assertEquals(1003, mapped.uid());
        assertEquals(2004, mapped.gid());
        assertEquals(5003, of(file).uid());
        assertEquals(5004, of(file).gid());
    }

    @Test
    void theMaskHasNothingOfTheHostsOwn() {
        NativeMemory statx = newStatx();
        statx.putInt(Statx.MASK, -1);
        int known = Statx.STATX_BASIC_STATS | Statx.STATX_BTIME;
        assertEquals(known, of(inode(Statx.S_IFREG)).mask());
    }

    @Test
    void aModeIsSixteenBits() {
        NativeMemory statx = newStatx();
        statx.putShort(Statx.MODE, (short) (Statx.S_IFSOCK | 07777));
        statx.putShort(Statx.MODE + 2, (short) -1); // __spare0
        assertEquals(Statx.S_IFSOCK | 07777, of(inode(Statx.S_IFSOCK)).mode());
    }
}
