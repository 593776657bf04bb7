/*
 * Makes system calls for the other end of its input and output, in a directory.
 *
 *   calls DIRECTORY
 *
 * A line is the name of a call and its arguments:
 *   -12     a number
 *   <HEX    the address of these bytes, a zero byte behind them
 *   =HEX    the same, answered as the call has left them
 *   >N      the address of N bytes, answered
 *   ~N      the same, of which as many are answered as the call's result says
 * The answer is a line with the result, a negated errno if it failed, and the bytes in hexadecimal
 * digits, a word for each argument that is answered, beginning with a dot.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ARGUMENTS 6
#define ARENA_BYTES (4 << 20)

#define CALL(name) {#name, SYS_##name}

static const struct {
    const char *name;
    long number;
} calls[] = {
    CALL(bind), CALL(chdir), CALL(close), CALL(copy_file_range), CALL(dup), CALL(faccessat2),
    CALL(fallocate), CALL(fchmod), CALL(fchmodat), CALL(fchown), CALL(fchownat), CALL(fcntl),
    CALL(fdatasync), CALL(fgetxattr), CALL(flock), CALL(fsetxattr), CALL(fsync), CALL(ftruncate),
    CALL(getdents64), CALL(ioctl), CALL(lgetxattr), CALL(linkat), CALL(llistxattr), CALL(lremovexattr),
    CALL(lseek), CALL(lsetxattr), CALL(mkdirat), CALL(mknodat), CALL(mmap), CALL(msync),
    CALL(munmap), CALL(openat), CALL(pipe2), CALL(pread64), CALL(pwrite64), CALL(read),
    CALL(readlinkat), CALL(renameat2), CALL(sendfile), CALL(setgroups), CALL(setresgid),
    CALL(setresuid), CALL(socket), CALL(statx), CALL(symlinkat), CALL(sync_file_range),
    CALL(truncate), CALL(umask), CALL(unlinkat), CALL(utimensat), CALL(write),
};

static char arena[ARENA_BYTES] __attribute__((aligned(4096)));
static size_t used;

/* Zeroed memory until the next line. */
static char *room(size_t bytes)
{
    char *place = arena + used;
    if (bytes > ARENA_BYTES - used - 64) {
        errx(2, "no room for %zu bytes", bytes);
    }
    memset(place, 0, bytes);
    used += (bytes + 63) & ~(size_t)63;
    return place;
}

static int digit(char c)
{
    return c <= '9' ? c - '0' : c - 'a' + 10;
}

static char *decode(const char *hex, size_t *bytes)
{
    *bytes = strlen(hex) / 2;
    char *place = room(*bytes + 1);
    for (size_t i = 0; i < *bytes; i++) {
        place[i] = digit(hex[2 * i]) << 4 | digit(hex[2 * i + 1]);
    }
    return place;
}

static long number_of(const char *name)
{
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        if (!strcmp(calls[i].name, name)) {
            return calls[i].number;
        }
    }
    errx(2, "unknown call %s", name);
}

static void answer(const char *bytes, size_t count)
{
    fputs(" .", stdout);
    for (size_t i = 0; i < count; i++) {
        unsigned char b = bytes[i];
        putchar("0123456789abcdef"[b >> 4]);
        putchar("0123456789abcdef"[b & 15]);
    }
}

static void serve(char *line)
{
    long arguments[ARGUMENTS] = {0};
    char kinds[ARGUMENTS] = {0};
    size_t lengths[ARGUMENTS] = {0};
    long number = number_of(strtok(line, " "));
    used = 0;
    char *word;
    for (int i = 0; i < ARGUMENTS && (word = strtok(NULL, " ")); i++) {
        kinds[i] = *word;
        if (*word == '<' || *word == '=') {
            arguments[i] = (long)decode(word + 1, &lengths[i]);
        } else if (*word == '>' || *word == '~') {
            lengths[i] = strtoul(word + 1, NULL, 10);
            arguments[i] = (long)room(lengths[i]);
        } else {
            arguments[i] = strtol(word, NULL, 10);
        }
    }
    long result = syscall(number, arguments[0], arguments[1], arguments[2], arguments[3],
                          arguments[4], arguments[5]);
    printf("%ld", result == -1 ? -errno : result);
    for (int i = 0; i < ARGUMENTS; i++) {
        if (kinds[i] == '>' || kinds[i] == '=') {
            answer((char *)arguments[i], lengths[i]);
        } else if (kinds[i] == '~') {
            answer((char *)arguments[i], result < 0 ? 0 : (size_t)result);
        }
    }
    putchar('\n');
    fflush(stdout);
}

int main(int argc, char **argv)
{
    if (argc != 2 || chdir(argv[1])) {
        err(2, "usage: calls DIRECTORY");
    }
    umask(0);
    char *line = NULL;
    size_t size = 0;
    for (ssize_t length; (length = getline(&line, &size, stdin)) > 0;) {
        line[length - 1] = 0;
        serve(line);
    }
    return 0;
}
