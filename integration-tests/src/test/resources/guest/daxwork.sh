# Programs, libraries and changes in place through the window. Its argument has a few large files.
# usage: daxwork.sh FOLDER
set -eu
cd "$1"
fail() { echo "FAILED: $*"; exit 1; }

# A program and its libraries from the share.
mkdir bin
cp /bin/bash /bin/busybox bin/
for library in $(ldd /bin/bash /bin/busybox 2>/dev/null | grep -o '/[^ ]*' | grep -v ':' | sort -u); do cp -L "$library" bin/; done
loader=$(basename "$(ls bin/ld-linux* | head -1)")
said=$("bin/$loader" --library-path "$PWD/bin" bin/bash -c 'echo $((6 * 7))') || fail "program: exit code $?"
[ "$said" = 42 ] || fail "program says $said"
LD_LIBRARY_PATH=$PWD/bin /bin/bash -c true || fail library

# Changes in place and behind the end.
head -c 3000001 /dev/urandom >file
cp file /tmp/copy
for at in 0 4095 1234567 2097151 2999999; do
    printf changed | dd of=file bs=1 seek=$at conv=notrunc status=none
    printf changed | dd of=/tmp/copy bs=1 seek=$at conv=notrunc status=none
done
cmp file /tmp/copy || fail "changes"
cat /tmp/copy >>file
cat /tmp/copy /tmp/copy | cmp - file || fail appended
truncate -s 100 file
[ "$(wc -c <file)" = 100 ] || fail truncate
head -c 100 /tmp/copy | cmp - file || fail "truncated"
: >file
[ ! -s file ] || fail "empty"
rm /tmp/copy
echo "dax work done"
