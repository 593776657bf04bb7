/*
 * Adds one to the number in a file, again and again, each time under a lock that is waited for:
 * where locks exclude nobody, the sum comes out too small.
 *
 *     lockcount FILE fcntl|flock ROUNDS   counts
 *     lockcount FILE fcntl|flock hold     has the lock until it is killed
 *     lockcount FILE fcntl|flock try      says "free" or "taken", and by whom
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

static int file;
static int by_fcntl;

static void fail(const char *what)
{
    fprintf(stderr, "%s: %s\n", what, strerror(errno));
    exit(1);
}

static int lock(int type, int waiting)
{
    if (!by_fcntl) {
        int operation = type == F_UNLCK ? LOCK_UN : LOCK_EX;
        return flock(file, operation | (waiting ? 0 : LOCK_NB));
    }
    struct flock range = {.l_type = (short)type, .l_whence = SEEK_SET, .l_start = 7, .l_len = 3};
    return fcntl(file, waiting ? F_SETLKW : F_SETLK, &range);
}

static void add_one(void)
{
    char text[32] = "";
    if (pread(file, text, sizeof(text) - 1, 0) < 0)
        fail("pread");
    int length = snprintf(text, sizeof(text), "%ld\n", atol(text) + 1);
    if (pwrite(file, text, (size_t)length, 0) != length)
        fail("pwrite");
}

static void try_once(void)
{
    struct flock range = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 0};
    if (by_fcntl && fcntl(file, F_GETLK, &range) != 0)
        fail("F_GETLK");
    if (lock(F_WRLCK, 0) == 0) {
        puts("free");
    } else if (errno != EAGAIN && errno != EACCES) {
        fail("lock");
    } else if (by_fcntl) {
        printf("taken %ld+%ld\n", (long)range.l_start, (long)range.l_len);
    } else {
        puts("taken");
    }
}

int main(int count, char **arguments)
{
    if (count != 4)
        return 2;
    file = open(arguments[1], O_RDWR | O_CREAT, 0644);
    if (file < 0)
        fail(arguments[1]);
    by_fcntl = strcmp(arguments[2], "fcntl") == 0;
    if (strcmp(arguments[3], "try") == 0) {
        try_once();
        return 0;
    }
    if (strcmp(arguments[3], "hold") == 0) {
        if (lock(F_WRLCK, 1) != 0)
            fail("lock");
        pause();
        return 0;
    }
    for (long rounds = atol(arguments[3]); rounds > 0; rounds--) {
        if (lock(F_WRLCK, 1) != 0)
            fail("lock");
        add_one();
        if (lock(F_UNLCK, 1) != 0)
            fail("unlock");
    }
    return 0;
}
