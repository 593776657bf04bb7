/*
 * Single checks of mapped files. Each prints one line and ends with status 0, or says what is wrong
 * and ends with status 1.
 *
 *   mapcheck sum FILE          FNV-1a of the file through read(2) and through a map, which must agree
 *   mapcheck private FILE      a private map reads the file; stores to it stay unseen
 *   mapcheck store FILE        stores to a shared map are seen by read(2) and by a second map
 *   mapcheck fork FILE         parent and child see each other's stores
 *   mapcheck io FILE OTHER     read(2) and write(2) of OTHER, its data in a map of FILE
 *   mapcheck direct FILE OTHER the same with O_DIRECT, or "unsupported" where OTHER cannot
 *   mapcheck spin FILE         touches all pages over and over, counts how often and each SIGBUS
 *   mapcheck hold FILE         touches all pages, waits, says what each is then: data, zeros or SIGBUS
 *   mapcheck stay FILE         loads and stores in the first page, which must stay: how often that went
 *                              wrong, for how long at most, and whether other bytes than zeros came
 *   mapcheck blocks FILE       eight processes at once read FILE, each all parts of 2 MiB and 200 blocks
 *                              of 4 KiB in orders of its own; a checksum for each, the same wherever
 *                              the file is the same
 *   mapcheck statxdax FILE     "dax 1" if STATX_ATTR_DAX is set, else "dax 0"
 *
 * spin, hold and stay make /tmp/begun when they have touched everything once, and end when there is
 * /tmp/end.  store, fork, io, direct and stay change FILE and OTHER, but not the size of FILE.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096L
#define ALIGNED(length) ((length) & ~(PAGE - 1))

struct mapped {
    int fd;
    long size;
    uint8_t *bytes;
};

static _Noreturn void failed(const char *what) {
    printf("FAILED %s: %s\n", what, strerror(errno));
    exit(1);
}

static void must(int holds, const char *what) {
    if (!holds) {
        failed(what);
    }
}

static struct mapped open_mapped(const char *name, int flags) {
    struct mapped m;
    struct stat s;
    m.fd = open(name, O_RDWR);
    must(m.fd >= 0 && fstat(m.fd, &s) == 0, name);
    m.size = s.st_size;
    must(m.size > 0, "the file is empty");
    m.bytes = mmap(NULL, (size_t)m.size, PROT_READ | PROT_WRITE, flags, m.fd, 0);
    must(m.bytes != MAP_FAILED, "mmap");
    return m;
}

/* The file by read(2), in memory of the caller's. */
static uint8_t *read_all(int fd, long size) {
    uint8_t *bytes = malloc((size_t)size);
    must(bytes != NULL, "malloc");
    for (long at = 0; at < size;) {
        ssize_t n = pread(fd, bytes + at, (size_t)(size - at), at);
        must(n > 0, "pread");
        at += n;
    }
    return bytes;
}

static void must_equal(const uint8_t *one, const uint8_t *other, long length, const char *what) {
    for (long i = 0; i < length; i++) {
        if (one[i] != other[i]) {
            printf("FAILED %s: offset %ld: %02x and %02x\n", what, i, one[i], other[i]);
            exit(1);
        }
    }
}

/* Bytes that differ from page to page and from salt to salt. */
static void fill(uint8_t *to, long length, uint32_t salt) {
    uint32_t state = salt * 2654435761u + 1;
    for (long i = 0; i < length; i++) {
        state = state * 1664525u + 1013904223u;
        to[i] = (uint8_t)(state >> 24);
    }
}

static uint64_t fnv(const uint8_t *bytes, long length) {
    uint64_t hash = 0xcbf29ce484222325u;
    for (long i = 0; i < length; i++) {
        hash = (hash ^ bytes[i]) * 0x100000001b3u;
    }
    return hash;
}

static void sum(const char *name) {
    struct mapped m = open_mapped(name, MAP_SHARED);
    uint64_t by_map = fnv(m.bytes, m.size), by_read = fnv(read_all(m.fd, m.size), m.size);
    printf("size %ld map %016" PRIx64 " read %016" PRIx64 "\n", m.size, by_map, by_read);
    exit(by_map != by_read);
}

static void private(const char *name) {
    struct mapped m = open_mapped(name, MAP_PRIVATE);
    uint8_t *before = read_all(m.fd, m.size);
    must_equal(before, m.bytes, m.size, "private map and read");
    fill(m.bytes, m.size, 1);
    must_equal(before, read_all(m.fd, m.size), m.size, "file after private stores");
    struct mapped other = open_mapped(name, MAP_SHARED);
    must_equal(before, other.bytes, m.size, "shared map after private stores");
    printf("private ok\n");
}

static void store(const char *name) {
    struct mapped m = open_mapped(name, MAP_SHARED), other = open_mapped(name, MAP_SHARED);
    for (uint32_t salt = 2; salt < 5; salt++) {
        fill(m.bytes, m.size, salt);
        must_equal(m.bytes, other.bytes, m.size, "second map after a store");
        must_equal(m.bytes, read_all(m.fd, m.size), m.size, "read after a store");
        must(msync(m.bytes, (size_t)m.size, MS_SYNC) == 0, "msync");
        must_equal(m.bytes, read_all(m.fd, m.size), m.size, "read after msync");
    }
    printf("store ok\n");
}

static void await_byte(int from) {
    char byte;
    must(read(from, &byte, 1) == 1, "the other process is gone");
}

static void tell(int to) { must(write(to, "x", 1) == 1, "pipe"); }

static void do_fork(const char *name) {
    struct mapped m = open_mapped(name, MAP_SHARED);
    uint8_t *expected = malloc((size_t)m.size);
    int down[2], up[2], status;
    must(expected != NULL && pipe(down) == 0 && pipe(up) == 0, "pipe");
    pid_t child = fork();
    must(child >= 0, "fork");
    if (child == 0) {
        await_byte(down[0]);
        fill(expected, m.size, 10);
        must_equal(expected, m.bytes, m.size, "parent's stores in the child");
        fill(m.bytes, m.size, 11);
        tell(up[1]);
        await_byte(down[0]);
        exit(0);
    }
    close(up[1]); /* so that the end of the child ends the wait for it */
    fill(m.bytes, m.size, 10);
    tell(down[1]);
    await_byte(up[0]);
    fill(expected, m.size, 11);
    must_equal(expected, m.bytes, m.size, "child's stores in the parent");
    must_equal(expected, read_all(m.fd, m.size), m.size, "child's stores by read");
    tell(down[1]);
    must(waitpid(child, &status, 0) == child && status == 0, "child");
    printf("fork ok\n");
}

/*
 * The kernel copies between OTHER and the map, or with O_DIRECT has the device of OTHER reach into
 * the pages of the map: with DAX these are not the guest's memory.
 */
static void transfer(const char *name, const char *other, int direct) {
    struct mapped m = open_mapped(name, MAP_SHARED);
    long length = direct ? ALIGNED(m.size) : m.size;
    int plain = open(other, O_RDWR | O_CREAT | O_TRUNC, 0644);
    must(plain >= 0, other);
    int fd = direct ? open(other, O_RDWR | O_DIRECT) : plain;
    if (fd < 0 && errno == EINVAL) {
        printf("direct unsupported\n");
        exit(0);
    }
    must(fd >= 0, other);
    fill(m.bytes, length, 20);
    for (long at = 0; at < length;) {
        ssize_t n = pwrite(fd, m.bytes + at, (size_t)(length - at), at);
        must(n > 0, "write from a map");
        at += n;
    }
    uint8_t *expected = malloc((size_t)m.size);
    must(expected != NULL, "malloc");
    fill(expected, length, 20);
    must_equal(expected, read_all(plain, length), length, "what was written from a map");
    fill(expected, length, 21);
    for (long at = 0; at < length;) {
        ssize_t n = pwrite(plain, expected + at, (size_t)(length - at), at);
        must(n > 0, "write");
        at += n;
    }
    for (long at = 0; at < length;) {
        ssize_t n = pread(fd, m.bytes + at, (size_t)(length - at), at);
        must(n > 0, "read into a map");
        at += n;
    }
    must_equal(expected, m.bytes, length, "what was read into a map");
    must_equal(expected, read_all(m.fd, length), length, "the mapped file after a read into it");
    printf("%s ok\n", direct ? "direct" : "io");
}

static sigjmp_buf after_sigbus;

static void on_sigbus(int signal) {
    (void)signal;
    siglongjmp(after_sigbus, 1);
}

static void begun(void) {
    int fd = open("/tmp/begun", O_CREAT | O_WRONLY, 0600);
    must(fd >= 0 && close(fd) == 0, "/tmp/begun");
}

static int must_end(void) {
    return access("/tmp/end", F_OK) == 0;
}

static void spin(const char *name) {
    struct mapped m = open_mapped(name, MAP_SHARED);
    /* volatile: they keep their values over siglongjmp */
    volatile long touched = 0, sigbus = 0, page = 0, sink = 0;
    signal(SIGBUS, on_sigbus);
    if (sigsetjmp(after_sigbus, 1) != 0) {
        sigbus++;
        page += PAGE;
    }
    do {
        for (; page < m.size; page += PAGE) {
            sink += *(volatile uint8_t *)(m.bytes + page);
            touched++;
        }
        page = 0;
        begun();
    } while (!must_end());
    printf("touched %ld sigbus %ld\n", touched, sigbus);
}

/* volatile: they keep their values over siglongjmp */
static void hold(const char *name) {
    struct mapped m = open_mapped(name, MAP_SHARED);
    volatile long page, sink = 0, data = 0, zeros = 0, sigbus = 0;
    for (page = 0; page < m.size; page += PAGE) {
        sink += *(volatile uint8_t *)(m.bytes + page);
    }
    begun();
    while (!must_end()) {
        usleep(10000);
    }
    signal(SIGBUS, on_sigbus);
    page = 0;
    if (sigsetjmp(after_sigbus, 1) != 0) {
        sigbus++;
        page += PAGE;
    }
    for (; page < m.size; page += PAGE) {
        long found = 0;
        for (long i = page; i < m.size && i < page + PAGE; i++) {
            found |= *(volatile uint8_t *)(m.bytes + i);
        }
        *(found != 0 ? &data : &zeros) += 1;
    }
    printf("data %ld zeros %ld sigbus %ld\n", data, zeros, sigbus);
}

static long now_micros(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void stay(const char *name) {
    struct mapped m = open_mapped(name, MAP_SHARED);
    volatile uint64_t *constant = (volatile uint64_t *)m.bytes, *counter = constant + 8;
    const uint64_t expected = *constant = 0x1122334455667788;
    long loads = 0, gaps = 0, longest = 0, lost = 0, junk = 0;
    begun();
    while (!must_end()) {
        for (int i = 0; i < 1000; i++, loads++) {
            *counter = (uint64_t)loads;
            if (*constant == expected) {
                lost += *counter != (uint64_t)loads;
                continue;
            }
            long since = now_micros();
            for (uint64_t found = 0; found != expected && !must_end(); found = *constant) {
                junk += found != 0;
            }
            long gap = now_micros() - since;
            longest = gap > longest ? gap : longest;
            gaps++;
        }
    }
    printf("loads %ld gaps %ld longest %ld us lost %ld junk %ld\n", loads, gaps, longest, lost, junk);
}

#define PART (2L << 20)
#define READERS 8
#define BLOCKS 200

/* Adds what is read of whole words to a checksum. */
static void add_part(int fd, long at, long length, uint64_t *buffer, uint64_t *checksum) {
    for (long n, done = 0; done < length; done += n) {
        n = pread(fd, (uint8_t *)buffer + done, (size_t)(length - done), at + done);
        must(n > 0, "pread");
    }
    for (long i = 0; i < length / (long)sizeof *buffer; i++) {
        *checksum = (*checksum ^ buffer[i]) * 0x100000001b3u;
    }
}

static uint64_t read_blocks(const char *name, long reader) {
    int fd = open(name, O_RDONLY);
    struct stat s;
    must(fd >= 0 && fstat(fd, &s) == 0 && s.st_size >= PART, name);
    long parts = s.st_size / PART;
    uint64_t *buffer = malloc(PART), checksum = 0xcbf29ce484222325u;
    must(buffer != NULL, "malloc");
    for (long i = 0; i < parts; i++) {
        add_part(fd, (i * (2 * reader + 1) + reader) % parts * PART, PART, buffer, &checksum);
    }
    uint32_t x = (uint32_t)reader;
    for (int i = 0; i < BLOCKS; i++) {
        x = x * 1103515245u + 12345u;
        add_part(fd, (x >> 8) % (parts * (PART / PAGE)) * PAGE, PAGE, buffer, &checksum);
    }
    return checksum;
}

static void blocks(const char *name) {
    uint64_t *checksums = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    must(checksums != MAP_FAILED, "mmap");
    for (long reader = 0; reader < READERS; reader++) {
        pid_t child = fork();
        must(child >= 0, "fork");
        if (child == 0) {
            checksums[reader] = read_blocks(name, reader);
            exit(0);
        }
    }
    for (int reader = 0; reader < READERS; reader++) {
        int status;
        must(wait(&status) >= 0 && status == 0, "a reader");
    }
    for (int reader = 0; reader < READERS; reader++) {
        printf("%d %016" PRIx64 "\n", reader, checksums[reader]);
    }
}

static void statxdax(const char *name) {
    struct statx s;
    must(statx(AT_FDCWD, name, 0, STATX_BASIC_STATS, &s) == 0, name);
    printf("dax %d\n", (s.stx_attributes & STATX_ATTR_DAX) != 0);
}

int main(int argc, char **argv) {
    const char *command = argc >= 3 ? argv[1] : "";
    int two = argc == 4;
    if (!two && strcmp(command, "sum") == 0) {
        sum(argv[2]);
    } else if (!two && strcmp(command, "private") == 0) {
        private(argv[2]);
    } else if (!two && strcmp(command, "store") == 0) {
        store(argv[2]);
    } else if (!two && strcmp(command, "fork") == 0) {
        do_fork(argv[2]);
    } else if (two && strcmp(command, "io") == 0) {
        transfer(argv[2], argv[3], 0);
    } else if (two && strcmp(command, "direct") == 0) {
        transfer(argv[2], argv[3], 1);
    } else if (!two && strcmp(command, "spin") == 0) {
        spin(argv[2]);
    } else if (!two && strcmp(command, "hold") == 0) {
        hold(argv[2]);
    } else if (!two && strcmp(command, "stay") == 0) {
        stay(argv[2]);
    } else if (!two && strcmp(command, "blocks") == 0) {
        blocks(argv[2]);
    } else if (!two && strcmp(command, "statxdax") == 0) {
        statxdax(argv[2]);
    } else {
        fprintf(stderr, "usage: mapcheck COMMAND FILE [OTHER], see mapcheck.c\n");
        return 2;
    }
    return 0;
}
