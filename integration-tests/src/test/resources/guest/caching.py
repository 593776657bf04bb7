# What a program does in the directory argv[2] of a share, and sees: argv[1] says which.
import errno, mmap, os, sys, time


def attempt(action):
    try:
        return action()
    except OSError as error:
        return errno.errorcode[error.errno]


def map_shared(name, flags=0):
    """Stores at both ends of a new file of 5000 bytes."""
    fd = os.open(name, os.O_RDWR | os.O_CREAT | flags, 0o600)
    os.ftruncate(fd, 5000)
    with mmap.mmap(fd, 5000) as memory:
        memory[:5] = b'begin'
        memory[-3:] = b'end'
        memory.flush()
    os.close(fd)
    return 'mapped'


def direct(name):
    """Whole blocks, then what is not aligned."""
    fd = os.open(name, os.O_RDWR | os.O_CREAT | os.O_DIRECT, 0o600)
    block = mmap.mmap(-1, 1 << 20)
    block[:] = bytes(range(256)) * 4096
    written = os.pwritev(fd, [block], 4096)
    back = mmap.mmap(-1, 1 << 20)
    read = os.preadv(fd, [back], 4096)
    odd = attempt(lambda: os.pwritev(fd, [memoryview(block)[100:1100]], 4196))
    os.close(fd)
    return '%d %d %s, unaligned %s' % (written, read, back[:] == block[:], odd)


def write_back(name):
    """Leaves it written, but not closed, until 'go' is there; as a program that only writes."""
    fd = os.open(name, os.O_WRONLY)
    append = os.open(name, os.O_WRONLY | os.O_APPEND)  # which would write back, too
    os.pwrite(fd, b'NEW', 5000)
    for number in range(500):
        os.write(append, b'%d\n' % number)
    os.close(os.open('written', os.O_CREAT, 0o600))
    while not os.path.exists('go'):
        time.sleep(0.1)
    os.utime(fd, ns=(1, 981173106789000000))
    os.close(append)
    os.close(fd)
    return 'done'


os.chdir(sys.argv[2])
print(attempt(lambda: {
    'map': lambda: map_shared('map'),
    'map-direct': lambda: map_shared('map-direct', os.O_DIRECT),
    'direct': lambda: direct('direct'),
    'write-back': lambda: write_back('back'),
}[sys.argv[1]]()))
