/*
 * What fsrandom does to a file: each do_...() is one random operation on a file and on its model,
 * called with the file's lock held. The working directory is the files' own.
 */
#ifndef FSOPERATIONS_H
#define FSOPERATIONS_H

#include "fsmodel.h"

#include <fcntl.h>
#include <linux/falloc.h>
#include <sys/stat.h>

#define MAPS 3 /* long-lived ones, of each process and file */

struct map {
    uint8_t *bytes; /* NULL: none */
    long at, length;
    int writable;
};

static int clear_tails; /* see -t of fsrandom.c */
static int fds[MAX_FILES];
static struct map maps[MAX_FILES][MAPS];
static uint8_t buffer[LIMIT];

static int fd_of(const struct file *f) { return fds[f - shared->files]; }

/* An offset in the file or a little beyond, often where something begins or ends. */
static long pick_offset(const struct file *f) {
    long near[] = {0, below(f->limit / PAGE) * PAGE, HUGE, f->size, (f->size | (PAGE - 1)) + 1};
    long at = one_in(3) ? below(f->limit) : near[below(5)] + (one_in(2) ? 0 : below(33) - 16);
    return at < 0 ? 0 : min(at, f->limit);
}

/* At most up to end; not so long that the file would be as long as it may be most of the time. */
static long pick_length(const struct file *f, long at, long end) {
    static const long bounds[] = {16, 512, PAGE, 4 * PAGE, 64 << 10, 64 << 10, 1 << 20};
    long length = 1 + below(min(bounds[below(7)], f->limit / 6));
    if (one_in(4)) {
        length = ((at + length) | (PAGE - 1)) + 1 - at; /* up to the end of a page */
    }
    return at >= end ? 0 : min(length, end - at);
}

static uint8_t *map(struct file *f, long at, long length, int protection, int flags) {
    uint8_t *bytes = mmap(NULL, (size_t)length, protection, flags, fd_of(f), at);
    if (bytes == MAP_FAILED) {
        failed(f, "mmap");
    }
    return bytes;
}

/* To be called before a file grows to end, if it does. */
static void before_growth(struct file *f, long end) {
    if (clear_tails && f->spoiled && end > f->size) {
        long page = f->size & ~(PAGE - 1);
        note(f, "clear tail", f->size, page + PAGE - f->size);
        uint8_t *bytes = map(f, page, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED);
        memset(bytes + f->size - page, 0, (size_t)(page + PAGE - f->size));
        munmap(bytes, PAGE);
    }
}

static void grow(struct file *f, long end) {
    if (end > f->size) {
        f->size = end;
        f->spoiled = 0;
    }
}

static void cut(struct file *f, long size) {
    f->spoiled &= size == f->size;
    if (size < f->size) {
        memset(f->content + size, 0, (size_t)(f->size - size));
    }
    f->size = size;
}

static void write_all(struct file *f, int fd, long at, long length, const char *what) {
    if (length == 0) {
        return; /* writes nothing, so a file does not grow by it either */
    }
    before_growth(f, at + length);
    note(f, what, at, length);
    fill(f->content + at, length);
    for (long done = 0; done < length;) {
        ssize_t n = pwrite(fd, f->content + at + done, (size_t)(length - done), at + done);
        if (n <= 0) {
            failed(f, what);
        }
        done += n;
    }
    grow(f, at + length);
}

static void do_write(struct file *f) {
    long at = pick_offset(f);
    write_all(f, fd_of(f), at, pick_length(f, at, f->limit), "pwrite");
}

static void do_append(struct file *f) {
    int fd = open(f->name, O_WRONLY | O_APPEND);
    if (fd < 0) {
        failed(f, "open to append");
    }
    long length = pick_length(f, f->size, f->limit);
    write_all(f, fd, f->size, length, "append");
    close(fd);
}

static void do_read(struct file *f) {
    long at = pick_offset(f), length = pick_length(f, at, f->limit);
    long expected = at >= f->size ? 0 : min(length, f->size - at);
    note(f, "pread", at, length);
    ssize_t n = pread(fd_of(f), buffer, (size_t)length, at);
    if (n != expected) {
        printf("FAILED %s: pread of %ld +%ld gives %zd\n", f->name, at, length, n);
        failed(f, "pread");
    }
    check(f, fd_of(f), buffer, at, expected, "pread");
}

static void sync_map(struct file *f, uint8_t *bytes, long length) {
    if (one_in(3)) {
        uint8_t *page = (uint8_t *)((uintptr_t)bytes & ~(uintptr_t)(PAGE - 1));
        if (msync(page, (size_t)(bytes + length - page), one_in(4) ? MS_ASYNC : MS_SYNC) != 0) {
            failed(f, "msync");
        }
    }
}

static void store(struct file *f, uint8_t *to, long at, long length) {
    fill(f->content + at, length);
    memcpy(to, f->content + at, (size_t)length);
    sync_map(f, to, length);
}

/*
 * Leaves bytes behind the end of the file in its last page. What they read as is nobody's business
 * until the file grows over them: then they must be zero.
 */
static void spoil_tail(struct file *f, uint8_t *to) {
    long length = ((f->size | (PAGE - 1)) + 1) - f->size;
    if (f->size % PAGE != 0) {
        f->spoiled = 1;
        note(f, "store past end", f->size, length);
        fill(to, length);
        sync_map(f, to, length);
    }
}

/* A map made for one access; offsets are chosen inside the file. */
static void do_short_map(struct file *f) {
    long at = pick_offset(f), length = pick_length(f, at, f->size);
    if (length == 0) {
        return;
    }
    long page = at & ~(PAGE - 1), mapped = at + length - page;
    int private = one_in(3), write = one_in(2);
    note(f, private ? "private map" : write ? "store" : "load", at, length);
    uint8_t *bytes = map(f, page, mapped, PROT_READ | (write ? PROT_WRITE : 0),
                         private ? MAP_PRIVATE : MAP_SHARED);
    if (write && !private) {
        store(f, bytes + at - page, at, length);
    } else {
        check(f, fd_of(f), bytes + at - page, at, length, private ? "private load" : "load");
        if (write) {
            fill(bytes + at - page, length); /* must stay unseen: later checks would tell */
        }
    }
    if (write && !private && one_in(4) && f->size <= page + mapped) {
        spoil_tail(f, bytes + f->size - page);
    }
    munmap(bytes, (size_t)mapped);
}

/* An access through a map that has seen the file before, perhaps longer or shorter than now. */
static void do_long_map(struct file *f) {
    struct map *m = &maps[f - shared->files][below(MAPS)];
    if (m->bytes != NULL && one_in(20)) {
        note(f, "munmap", m->at, m->length);
        munmap(m->bytes, (size_t)m->length);
        m->bytes = NULL;
    }
    if (m->bytes == NULL) {
        m->at = one_in(2) ? 0 : below(f->limit / PAGE) * PAGE;
        m->length = LIMIT - m->at; /* mostly beyond the end, where nothing is touched */
        m->writable = !one_in(3);
        note(f, "mmap", m->at, m->length);
        m->bytes = map(f, m->at, m->length, PROT_READ | (m->writable ? PROT_WRITE : 0), MAP_SHARED);
    }
    if (m->writable && m->at <= f->size && one_in(10)) {
        spoil_tail(f, m->bytes + f->size - m->at);
        return;
    }
    long at = pick_offset(f), length;
    at = at < m->at ? m->at : at;
    length = pick_length(f, at, f->size);
    if (length > 0 && m->writable && one_in(2)) {
        note(f, "long store", at, length);
        store(f, m->bytes + at - m->at, at, length);
    } else if (length > 0) {
        note(f, "long load", at, length);
        check(f, fd_of(f), m->bytes + at - m->at, at, length, "long load");
    }
}

static void do_truncate(struct file *f) {
    long size = !one_in(3) && f->size > 0 ? below(f->size) : pick_offset(f);
    before_growth(f, size);
    note(f, "ftruncate", size, 0);
    if (ftruncate(fd_of(f), size) != 0) {
        failed(f, "ftruncate");
    }
    cut(f, size);
}

static void do_allocate(struct file *f) {
    static const struct {
        const char *name;
        int mode, zeroes, grows;
    } kinds[] = {
            {"allocate", 0, 0, 1},
            {"allocate keep", FALLOC_FL_KEEP_SIZE, 0, 0},
            {"punch", FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 1, 0},
            {"zero", FALLOC_FL_ZERO_RANGE, 1, 1},
            {"zero keep", FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, 1, 0},
    };
    long kind = below(5), at = pick_offset(f), length = pick_length(f, at, f->limit);
    if (length == 0) {
        return;
    }
    if (kinds[kind].grows) {
        before_growth(f, at + length);
    }
    note(f, kinds[kind].name, at, length);
    if (fallocate(fd_of(f), kinds[kind].mode, at, length) != 0) {
        if (errno != EOPNOTSUPP) {
            failed(f, kinds[kind].name);
        }
        return;
    }
    if (kinds[kind].zeroes && at < f->size) {
        memset(f->content + at, 0, (size_t)min(length, f->size - at));
    }
    if (kinds[kind].grows) {
        grow(f, at + length);
    }
}

static void do_sync(struct file *f) {
    note(f, "fsync", 0, 0);
    if ((one_in(2) ? fsync(fd_of(f)) : fdatasync(fd_of(f))) != 0) {
        failed(f, "fsync");
    }
}

static void do_stat(struct file *f) {
    struct stat s;
    note(f, "stat", 0, 0);
    if ((one_in(2) ? fstat(fd_of(f), &s) : stat(f->name, &s)) != 0 || s.st_size != f->size) {
        printf("FAILED %s: size %ld\n", f->name, (long)s.st_size);
        failed(f, "stat");
    }
}

static void do_reopen(struct file *f) {
    int empty = one_in(8), *fd = &fds[f - shared->files];
    note(f, empty ? "reopen empty" : "reopen", 0, 0);
    if (close(*fd) != 0 || (*fd = open(f->name, O_RDWR | (empty ? O_TRUNC : 0))) < 0) {
        failed(f, "reopen");
    }
    if (empty) {
        cut(f, 0);
    }
}

/* The caller holds both locks. */
static void do_copy(struct file *from, struct file *to) {
    long at = pick_offset(from), length = pick_length(from, at, from->size), target = pick_offset(to);
    length = min(length, to->limit - target);
    if (length > 0) {
        before_growth(to, target + length);
    }
    note(from, "copy from", at, length);
    note(to, "copy to", target, length);
    while (length > 0) {
        loff_t in = at, out = target;
        ssize_t n = copy_file_range(fd_of(from), &in, fd_of(to), &out, (size_t)length, 0);
        if (n < 0 && (errno == EOPNOTSUPP || errno == EXDEV || errno == EINTR)) {
            return;
        }
        if (n <= 0 || n > length) {
            print_log(from);
            failed(to, "copy_file_range");
        }
        memcpy(to->content + target, from->content + at, (size_t)n);
        grow(to, target + n);
        at += n, target += n, length -= n;
    }
}

#endif
