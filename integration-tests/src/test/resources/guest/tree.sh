# Unpacks a tree of COUNT files with awkward names into the share.
# usage: tree.sh SHARE COUNT
set -eu
share=$1
python3 - /tmp/tree.tar "$2" <<'PY'
import io, os, random, sys, tarfile
rng = random.Random(1)
tar = tarfile.open(sys.argv[1], "w", format=tarfile.PAX_FORMAT, errors="surrogateescape",
                   encoding="utf-8")
kinds = [
    lambda i: b"plain-%d" % i,
    lambda i: b"with some spaces %d" % i,
    lambda i: ("\u00fcml\u00e4ut-\u65e5\u672c-%d" % i).encode(),
    lambda i: b"not-utf8-\xff\xfe\x80-%d" % i,
    lambda i: (b"long-%d-" % i).ljust(255, b"x"),
    lambda i: b"-dash $dollar 'quote' \"double\" back\\slash\ttab\nnewline %d" % i,
]
for i in range(int(sys.argv[2])):
    name = b"dir%d/sub%d/" % (i % 20, i % 7) + kinds[i % len(kinds)](i)
    info = tarfile.TarInfo(os.fsdecode(name))
    data = rng.randbytes(rng.choice([0, 1, 100, 4095, 4096, 4097, 20000]))
    info.size = len(data)
    info.mode = 0o600 | (i & 0o77)
    info.uid = info.gid = i % 3 * 1000
    info.mtime = 1_700_000_000 + i
    tar.addfile(info, io.BytesIO(data))
tar.close()
PY
mkdir "$share/tree"
tar --numeric-owner -xpf /tmp/tree.tar -C "$share/tree"
rm /tmp/tree.tar
