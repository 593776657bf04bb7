/*
 * A guest's program that shares memory: the driver of an ivshmem-doorbell device, by vfio-pci.
 *
 *     ivshmem id GROUP ADDRESS            the device's id, which others ring it by
 *     ivshmem ring GROUP ADDRESS RANK TIMES ID...
 *                                         see below
 *     ivshmem peek FILE OFFSET            the number at OFFSET of a file, or of a device's memory
 *     ivshmem poke FILE OFFSET NUMBER     puts it there
 *
 * GROUP is a group's file in /dev/vfio, ADDRESS the device's on the bus.
 *
 * "ring" is one of several participants, which begin once all are there. Each has a rank, and they stand in the order of
 * ranks in ID. Participant f rings t by vector f, TIMES times: it puts a number at asked[f][t], rings, and waits for the same
 * number at taken[f][t], which t puts there when it gets that interrupt, and else never. So a ring that is lost ends it all: by
 * a failure, after some time. Prints how many interrupts there were of each vector.
 */
#include <fcntl.h>
#include <linux/vfio.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

enum { MOST = 4, VECTORS = MOST, SECONDS = 100 };
enum { IV_POSITION = 2, DOORBELL = 3 }; /* ivshmem-spec.rst, words of BAR 0 */
enum { COMMAND = 4, COMMAND_MEMORY_MASTER = 6 }; /* linux/pci_regs.h */

struct shared {
    _Atomic uint64_t asked[MOST][MOST];
    _Atomic uint64_t taken[MOST][MOST];
    _Atomic uint64_t round[MOST]; /* which each has begun, or ended */
};

static int device;
static volatile uint32_t *registers;
static struct shared *shared;
static int bells[VECTORS];
static unsigned long interrupts[VECTORS];
static int rank, count;
static uint64_t times;
static atomic_int done;

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static void *map(int region)
{
    struct vfio_region_info info = {.argsz = sizeof(info), .index = region};
    if (ioctl(device, VFIO_DEVICE_GET_REGION_INFO, &info) < 0)
        fail("region");
    void *at = mmap(NULL, info.size, PROT_READ | PROT_WRITE, MAP_SHARED, device, info.offset);
    if (at == MAP_FAILED)
        fail("map");
    return at;
}

static void open_device(const char *group_file, const char *address)
{
    int container = open("/dev/vfio/vfio", O_RDWR);
    int group = open(group_file, O_RDWR);
    struct vfio_region_info config = {.argsz = sizeof(config), .index = VFIO_PCI_CONFIG_REGION_INDEX};
    uint16_t command;

    if (container < 0 || group < 0)
        fail(group_file);
    if (ioctl(group, VFIO_GROUP_SET_CONTAINER, &container) < 0 || ioctl(container, VFIO_SET_IOMMU, VFIO_TYPE1_IOMMU) < 0)
        fail("container");
    device = ioctl(group, VFIO_GROUP_GET_DEVICE_FD, address);
    if (device < 0 || ioctl(device, VFIO_DEVICE_GET_REGION_INFO, &config) < 0)
        fail("device");
    if (pread(device, &command, 2, config.offset + COMMAND) != 2)
        fail("config");
    command |= COMMAND_MEMORY_MASTER; /* an MSI is a write of the device's */
    if (pwrite(device, &command, 2, config.offset + COMMAND) != 2)
        fail("config");
    registers = map(VFIO_PCI_BAR0_REGION_INDEX);
    shared = map(VFIO_PCI_BAR2_REGION_INDEX);
}

static void take_interrupts(void)
{
    char bytes[sizeof(struct vfio_irq_set) + sizeof(bells)];
    struct vfio_irq_set *set = (struct vfio_irq_set *)bytes;

    for (int i = 0; i < VECTORS; i++)
        bells[i] = eventfd(0, 0);
    *set = (struct vfio_irq_set){
        .argsz = sizeof(bytes),
        .flags = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER,
        .index = VFIO_PCI_MSIX_IRQ_INDEX,
        .count = VECTORS,
    };
    memcpy(set->data, bells, sizeof(bells));
    if (ioctl(device, VFIO_DEVICE_SET_IRQS, set) < 0)
        fail("interrupts");
}

static void *answer(void *unused)
{
    struct pollfd polled[VECTORS];
    uint64_t value;

    for (int i = 0; i < VECTORS; i++)
        polled[i] = (struct pollfd){.fd = bells[i], .events = POLLIN};
    while (!done) {
        poll(polled, VECTORS, 100);
        for (int i = 0; i < VECTORS; i++) {
            if (!(polled[i].revents & POLLIN) || read(bells[i], &value, 8) != 8)
                continue;
            interrupts[i] += value;
            shared->taken[i][rank] = shared->asked[i][rank];
        }
    }
    return unused;
}

static void await(_Atomic uint64_t *place, uint64_t value)
{
    while (*place != value)
        usleep(100);
}

static void ring(char **ids)
{
    uint64_t first = shared->round[rank];
    pthread_t answering;

    take_interrupts();
    for (int i = 0; i < count; i++)
        shared->taken[rank][i] = shared->asked[rank][i] = 0;
    if (pthread_create(&answering, NULL, answer, NULL))
        fail("thread");
    shared->round[rank] = first + 1;
    for (int i = 0; i < count; i++)
        await(&shared->round[i], first + 1);
    for (uint64_t n = 1; n <= times; n++) {
        for (int to = 0; to < count; to++) {
            if (to == rank)
                continue;
            shared->asked[rank][to] = n;
            registers[DOORBELL] = (uint32_t)atoi(ids[to]) << 16 | rank;
        }
        for (int to = 0; to < count; to++)
            if (to != rank)
                await(&shared->taken[rank][to], n);
    }
    for (int from = 0; from < count; from++)
        if (from != rank)
            await(&shared->taken[from][rank], times);
    done = 1;
    pthread_join(answering, NULL);
    for (int i = 0; i < count; i++)
        printf("%lu ", interrupts[i]);
}

static _Atomic uint64_t *place(const char *file, const char *offset)
{
    int fd = open(file, O_RDWR);
    char *at = mmap(NULL, 1 << 16, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (fd < 0 || at == MAP_FAILED)
        fail(file);
    return (_Atomic uint64_t *)(at + atoi(offset));
}

int main(int argc, char **argv)
{
    alarm(SECONDS);
    if (argc == 4 && !strcmp(argv[1], "peek")) {
        printf("%lu\n", *place(argv[2], argv[3]));
    } else if (argc == 5 && !strcmp(argv[1], "poke")) {
        *place(argv[2], argv[3]) = strtoul(argv[4], NULL, 10);
    } else if (argc == 4 && !strcmp(argv[1], "id")) {
        open_device(argv[2], argv[3]);
        printf("%u\n", registers[IV_POSITION]);
    } else if (argc > 6 && argc <= 6 + MOST && !strcmp(argv[1], "ring")) {
        open_device(argv[2], argv[3]);
        rank = atoi(argv[4]);
        times = strtoul(argv[5], NULL, 10);
        count = argc - 6;
        ring(argv + 6);
    } else {
        return 2;
    }
    return 0;
}
