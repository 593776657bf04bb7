/*
 * Does random things to a few files from several processes, and compares every byte it gets with
 * a model in shared memory.
 *
 *   fsrandom [-q SECONDS] [-n] [-t] DIRECTORY SEED SECONDS FILES [PROCESSES]
 *
 *   -q  seconds between quiet points, 10 if not given, 0 for none
 *   -n  do not wait at a quiet point
 *   -t  bytes stored behind the end of a file, in its last page, are cleared before it grows: the
 *       FUSE of Linux 7.2 without DAX shows them then, in its page cache and even to the server
 *
 * At quiet point K nobody works, everything is synced and compared, and DIRECTORY/quiet.K lists
 * name, size and FNV-1a of each file as they must be wherever one looks, also below a share. The
 * work goes on when somebody has made DIRECTORY/go.K. Ends with "ok OPERATIONS" and status 0, or
 * with the difference, the last operations on that file and status 1.
 */
#define _GNU_SOURCE
#include "fsoperations.h"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

static int file_count = 4, processes = 2;

static void operate(void) {
    static void (*const operations[])(struct file *) = {
            do_write,     do_write,     do_append,   do_read,     do_read,     do_short_map,
            do_short_map, do_short_map, do_long_map, do_long_map, do_long_map, do_long_map,
            do_truncate,  do_truncate,  do_allocate, do_sync,     do_stat,     do_reopen};
    long count = (long)(sizeof operations / sizeof *operations);
    long kind = below(count + 1), first = below(file_count), second = below(file_count);
    struct file *f = &shared->files[first], *g = &shared->files[second];
    if (kind < count) {
        pthread_mutex_lock(&f->lock);
        operations[kind](f);
        pthread_mutex_unlock(&f->lock);
    } else if (f != g) {
        struct file *lower = f < g ? f : g, *upper = f < g ? g : f; /* one order: no deadlock */
        pthread_mutex_lock(&lower->lock);
        pthread_mutex_lock(&upper->lock);
        do_copy(f, g);
        pthread_mutex_unlock(&upper->lock);
        pthread_mutex_unlock(&lower->lock);
    }
}

static void open_files(void) {
    for (int i = 0; i < file_count; i++) {
        struct file *f = &shared->files[i];
        if ((fds[i] = open(f->name, O_RDWR | (process == 0 ? O_CREAT | O_TRUNC : 0), 0644)) < 0) {
            failed(f, "open");
        }
    }
}

static _Noreturn void work(void) {
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* nobody is left behind, however the coordinator ends */
    open_files();
    while (!shared->stop) {
        int pause = shared->pause;
        if (pause != 0) {
            shared->paused++;
            while (shared->pause == pause) {
                usleep(1000);
            }
        } else {
            operate();
        }
    }
    _exit(0);
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Ends everything if a worker has failed. */
static void watch(const pid_t *pids) {
    int status;
    if (waitpid(-1, &status, WNOHANG) <= 0) {
        usleep(2000);
        return;
    }
    for (int i = 0; i < processes; i++) {
        kill(pids[i], SIGKILL);
    }
    printf("FAILED: a process ended with status 0x%x\n", (unsigned)status);
    exit(1);
}

/* All workers have stopped: the whole of each file, by read and by a new map, is the model's. */
static void compare_all(void) {
    for (int i = 0; i < file_count; i++) {
        struct file *f = &shared->files[i];
        note(f, "quiet point", 0, f->size);
        if (fsync(fds[i]) != 0) {
            failed(f, "fsync");
        }
        do_stat(f);
        if (f->size == 0) {
            continue;
        }
        uint8_t *bytes = map(f, 0, f->size, PROT_READ, MAP_SHARED);
        check(f, fds[i], bytes, 0, f->size, "last load");
        munmap(bytes, (size_t)f->size);
        if (pread(fds[i], buffer, (size_t)f->size, 0) != f->size) {
            failed(f, "pread");
        }
        check(f, fds[i], buffer, 0, f->size, "last pread");
    }
}

/* Returns how long it took, in seconds. */
static double quiet_point(int k, int wait, const pid_t *pids) {
    double start = now();
    char name[32];
    shared->pause = k;
    while (shared->paused < processes) {
        watch(pids);
    }
    compare_all();
    FILE *list = fopen("quiet.part", "w");
    for (int i = 0; list != NULL && i < file_count; i++) {
        const struct file *f = &shared->files[i];
        fprintf(list, "%s %ld %016" PRIx64 "\n", f->name, f->size, fnv(f->content, f->size));
    }
    snprintf(name, sizeof name, "quiet.%d", k);
    /* Renamed: who finds the name finds all of it. */
    if (list == NULL || fclose(list) != 0 || rename("quiet.part", name) != 0) {
        perror(name);
        exit(1);
    }
    printf("quiet %d\n", k);
    fflush(stdout);
    snprintf(name, sizeof name, "go.%d", k);
    while (wait && access(name, F_OK) != 0) {
        watch(pids);
    }
    shared->paused = 0;
    shared->pause = 0;
    return now() - start;
}

static _Noreturn void usage(void) {
    fprintf(stderr, "usage: fsrandom [-q SECONDS] [-n] [-t] DIR SEED SECONDS FILES [PROCESSES]\n");
    exit(2);
}

static void make_model(void) {
    /* Small files meet their end more often, large ones the edge at 2 MiB. */
    static const long limits[] = {LIMIT, (40 << 10) + 7, HUGE + (64 << 10), (300 << 10) - 9};
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) {
        perror("mmap");
        exit(1);
    }
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    for (int i = 0; i < file_count; i++) {
        struct file *f = &shared->files[i];
        pthread_mutex_init(&f->lock, &attributes);
        snprintf(f->name, sizeof f->name, "file%d", i);
        f->limit = limits[i % 4];
    }
}

int main(int argc, char **argv) {
    int wait = 1, option;
    double every = 10;
    while ((option = getopt(argc, argv, "q:nt")) != -1) {
        switch (option) {
        case 'q': every = atof(optarg); break;
        case 'n': wait = 0; break;
        case 't': clear_tails = 1; break;
        default: usage();
        }
    }
    argc -= optind, argv += optind;
    if (argc < 4 || argc > 5) {
        usage();
    }
    uint64_t seed = strtoull(argv[1], NULL, 0);
    double seconds = atof(argv[2]);
    file_count = atoi(argv[3]);
    processes = argc == 5 ? atoi(argv[4]) : processes;
    if (file_count < 1 || file_count > MAX_FILES || processes < 1 || processes > MAX_PROCESSES) {
        usage();
    }
    if (chdir(argv[0]) != 0) {
        perror(argv[0]);
        return 1;
    }
    struct sigaction action = {.sa_sigaction = on_sigbus, .sa_flags = SA_SIGINFO};
    sigaction(SIGBUS, &action, NULL);
    make_model();
    open_files();
    pid_t pids[MAX_PROCESSES];
    for (int i = 0; i < processes; i++) {
        if ((pids[i] = fork()) == 0) {
            process = i + 1;
            rng = seed * 1000003u + (uint64_t)process;
            work();
        }
    }
    double end = now() + seconds, quiet = now() + every;
    int points = 0;
    while (now() < end) {
        watch(pids);
        if (every > 0 && now() >= quiet) {
            end += quiet_point(++points, wait, pids);
            quiet = now() + every;
        }
    }
    quiet_point(++points, wait && every > 0, pids); /* the last word is the whole comparison */
    shared->stop = 1;
    uint64_t operations = 0;
    for (int i = 0; i < processes; i++) {
        int status = 1;
        if (waitpid(pids[i], &status, 0) < 0 || status != 0) {
            return 1;
        }
    }
    for (int i = 0; i < file_count; i++) {
        operations += shared->files[i].operations;
    }
    printf("ok %" PRIu64 "\n", operations);
    return 0;
}
