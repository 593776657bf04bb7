/*
 * The model that fsrandom compares files with: contents, sizes and a log of operations, in memory
 * that all its processes share. Start reading at fsrandom.c.
 */
#ifndef FSMODEL_H
#define FSMODEL_H

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE 4096L
#define HUGE (2L << 20)
#define LIMIT (3L << 20) /* no file grows beyond, so the edge at 2 MiB lies inside the largest */
#define MAX_FILES 16
#define MAX_PROCESSES 8
#define LOGGED 50

/* One operation, written down before it starts: a crash inside it is in the log, too. */
struct entry {
    const char *what; /* a literal: at the same address in every process, as all are forked */
    int process;
    long at, length, size; /* size: the file's before the operation */
};

struct file {
    pthread_mutex_t lock; /* held during each operation, also over everything below */
    char name[16];
    long limit;
    long size;
    int spoiled; /* bytes behind the end, in the last page, may be other than zero */
    uint64_t operations;
    struct entry log[LOGGED];
    uint8_t content[LIMIT]; /* zero beyond size, so a file that grows needs nothing done here */
};

struct shared {
    atomic_int pause; /* number of the quiet point for which workers stop, else 0 */
    atomic_int paused; /* how many have */
    atomic_int stop;
    struct file files[MAX_FILES];
};

static struct shared *shared;
static int process; /* 0: the coordinator; workers count from 1 */
static struct file *busy; /* whose lock this process holds for an operation, for the SIGBUS handler */
static uint64_t rng;

/* splitmix64 */
static uint64_t next_random(void) {
    uint64_t z = rng += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* 0 <= result < bound */
static long below(long bound) { return (long)(next_random() % (uint64_t)bound); }

static int one_in(int n) { return below(n) == 0; }

static long min(long a, long b) { return a < b ? a : b; }

static void fill(uint8_t *to, long length) {
    for (long i = 0; i < length; i += 8) {
        uint64_t word = next_random();
        memcpy(to + i, &word, (size_t)min(8, length - i));
    }
}

/* FNV-1a, 64 bits */
static inline uint64_t fnv(const uint8_t *bytes, long length) {
    uint64_t hash = 0xcbf29ce484222325u;
    for (long i = 0; i < length; i++) {
        hash = (hash ^ bytes[i]) * 0x100000001b3u;
    }
    return hash;
}

static void note(struct file *f, const char *what, long at, long length) {
    f->log[f->operations++ % LOGGED] = (struct entry){what, process, at, length, f->size};
    busy = f;
}

static void print_log(const struct file *f) {
    uint64_t from = f->operations > LOGGED ? f->operations - LOGGED : 0;
    printf("last operations on %s (process, operation, offset, length, size before):\n", f->name);
    for (uint64_t i = from; i < f->operations; i++) {
        const struct entry *e = &f->log[i % LOGGED];
        printf("  p%d %-14s %8ld +%-8ld of %ld\n", e->process, e->what, e->at, e->length, e->size);
    }
    printf("size of %s by the model: %ld\n", f->name, f->size);
}

/* Ends this process; the coordinator then ends the others. The lock stays: nobody goes on. */
static _Noreturn void give_up(const struct file *f) {
    print_log(f);
    fflush(stdout);
    _exit(1);
}

static _Noreturn void failed(const struct file *f, const char *call) {
    printf("FAILED %s: process %d: %s: %s\n", f->name, process, call, strerror(errno));
    give_up(f);
}

static void on_sigbus(int signal, siginfo_t *info, void *context) {
    (void)signal, (void)context;
    /* printf is safe here: the signal comes from a load or store of ours, never from inside stdio */
    printf("FAILED: process %d: SIGBUS at %p\n", process, info->si_addr);
    give_up(busy);
}

static void print_bytes(const char *whose, const uint8_t *bytes, long length) {
    printf("%s", whose);
    for (long i = 0; i < min(length, 16); i++) {
        printf(" %02x", bytes[i]);
    }
    printf("\n");
}

/* The bytes got from offset at of the file must be the model's. */
static void check(const struct file *f, int fd, const uint8_t *got, long at, long length,
                  const char *how) {
    const uint8_t *expected = f->content + at;
    if (memcmp(expected, got, (size_t)length) == 0) {
        return;
    }
    long first = 0, last = length - 1, count = 0;
    while (expected[first] == got[first] && first < last) {
        first++;
    }
    while (expected[last] == got[last] && last > first) {
        last--;
    }
    for (long i = first; i <= last; i++) {
        count += expected[i] != got[i];
    }
    printf("FAILED %s: process %d: %s of %ld +%ld differs at offset %ld (0x%lx): %ld bytes up to %ld\n",
           f->name, process, how, at, length, at + first, (unsigned long)(at + first), count,
           at + last);
    print_bytes("  expected", expected + first, length - first);
    print_bytes("  got     ", got + first, length - first);
    uint8_t now[16];
    ssize_t n = pread(fd, now, sizeof now, at + first);
    print_bytes("  pread now", now, n > 0 ? (long)n : 0);
    give_up(f);
}

#endif
