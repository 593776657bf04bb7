# A client of NFS on the machine of its server, which forgets what it can between the steps.
#   nfs.py work FOLDER    makes, writes, reads, renames, lists and removes
#   nfs.py hold FILE      has a handle of FILE until /tmp/go is there, says then what it leads to
import errno
import os
import sys
import time

FILES = 20
ENTRIES = 1000  # of the host's


def forget():
    for _ in range(2):  # what is below a directory, then the directory
        os.sync()
        with open("/proc/sys/vm/drop_caches", "w") as caches:
            caches.write("3")


def look(handle):
    with open(f"/proc/self/fd/{handle}") as file:
        return file.read()


def expect(expected, seen):
    if expected != seen:
        sys.exit(f"expected {expected}, saw {seen}")


def work(folder):
    expect(ENTRIES, len(set(os.listdir(folder + "/many"))))
    os.makedirs(folder + "/dir/sub")
    os.chdir(folder + "/dir/sub")
    names = [f"entry-{i}" for i in range(FILES)]
    for name in names:
        with open(name, "w") as file:
            file.write(name)
    forget()
    expect(sorted(names), sorted(os.listdir(".")))
    handles = {name: os.open(name, os.O_PATH) for name in names}
    kept = os.open("kept", os.O_RDWR | os.O_CREAT)
    os.write(kept, b"before ")
    forget()
    os.write(kept, b"after")
    for name, handle in handles.items():
        expect(len(name), os.fstat(handle).st_size)
        expect(name, look(handle))
    forget()
    expect(b"before after", os.pread(kept, 100, 0))
    for name in names[::2]:
        os.rename(name, "../" + name)
    os.unlink("kept")
    os.close(kept)
    forget()
    expect(sorted(names[1::2]), sorted(os.listdir(".")))
    expect(sorted(names[::2] + ["sub"]), sorted(os.listdir("..")))
    for name, handle in handles.items():
        expect(name, look(handle))
        os.close(handle)
    for name in names[1::2]:
        os.unlink(name)
    os.chdir("..")
    os.rmdir("sub")
    expect(sorted(names[::2]), sorted(os.listdir(".")))
    expect(ENTRIES, len(set(os.listdir("../many"))))


def hold(file):
    handle = os.open(file, os.O_PATH)
    forget()
    open("/tmp/held", "w").close()
    while not os.path.exists("/tmp/go"):
        time.sleep(0.05)
    os.remove("/tmp/held")
    os.remove("/tmp/go")
    forget()
    try:
        print(look(handle))
    except OSError as e:
        print(errno.errorcode[e.errno])


{"work": work, "hold": hold}[sys.argv[1]](sys.argv[2])
