/*
 * uringcut FILE: empties the file by a ring of requests (io_uring): the thread that is asked for is
 * none that makes a call, but a worker of the kernel's.
 */
#include <fcntl.h>
#include <linux/io_uring.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static int failed(const char *what) {
    perror(what);
    return 1;
}

int main(int argc, char **argv) {
    struct io_uring_params params = {0};
    int ring = syscall(SYS_io_uring_setup, 1, &params);
    if (argc < 2 || ring < 0) {
        return failed("io_uring_setup");
    }
    char *rings = mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQ_RING);
    struct io_uring_sqe *request =
        mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQES);
    if (rings == MAP_FAILED || request == MAP_FAILED || !(params.features & IORING_FEAT_SINGLE_MMAP)) {
        return failed("mmap");
    }
    memset(request, 0, sizeof *request);
    request->opcode = IORING_OP_OPENAT;
    request->fd = AT_FDCWD;
    request->addr = (uintptr_t)argv[1];
    request->open_flags = O_WRONLY | O_TRUNC;
    ((unsigned *)(rings + params.sq_off.array))[0] = 0;
    __atomic_store_n((unsigned *)(rings + params.sq_off.tail), 1, __ATOMIC_RELEASE);
    if (syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, 0, 0) != 1) {
        return failed("io_uring_enter");
    }
    struct io_uring_cqe *done = (struct io_uring_cqe *)(rings + params.cq_off.cqes);
    printf("%d\n", done->res);
    return done->res < 0;
}
