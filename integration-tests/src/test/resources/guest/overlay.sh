# An overlay of two trees: copies up, whiteouts, opaque and renamed directories, hard links, and all
# of it once more after a second mount.  Prints what is seen at the end; the same whatever holds the
# trees.  usage: overlay.sh LOWER UPPER OPTIONS    (folders; UPPER gets upper and work)
set -eu
options=lowerdir=$1,upperdir=$2/upper,workdir=$2/work${3:+,$3}
fail() { echo "FAILED: $*"; exit 1; }
see() { # names, attributes and contents
    (cd "$merged" && find . -mindepth 1 ! -type d -printf '%y %m %U %G %s %n %l %p\n' -o -printf '%y %m %U %G %p\n' &&
        find . -type f -exec sha256sum {} +) | LC_ALL=C sort
}

mkdir -p "$1" "$2/upper" "$2/work"
cd "$1"
mkdir -p dir/below gone opaque/old away/deep many
for i in $(seq 1 40); do echo "lower $i" >"many/$i"; done
head -c 300000 /dev/zero | tr '\0' L >big
echo lower >dir/f
echo lower >dir/below/f
echo lower >gone/f
echo lower >opaque/old/f
echo lower >away/deep/f
echo linked >link1
ln link1 link2
ln -s dir/f sym
mkfifo fifo
echo '#!/bin/sh' >program
chmod 4755 program
chown -R 1000:1000 dir
mkdir -m 1777 open
setfattr -n user.kept -v value big

merged=$(mktemp -d)
mount -t overlay -o "$options" overlay "$merged"
cd "$merged"
echo upper >>dir/f
chmod 600 many/1
chown 1000:1000 many/2 sym -h
touch -d '2001-02-03 04:05:06' many/3
truncate -s 3 many/4
mv many/5 many/five
rm many/6 many/7
echo again >many/7
rm -rf gone opaque
mkdir opaque
echo upper >opaque/new
mv away/deep away/moved
mv away gone-away
dd if=/dev/zero of=big bs=1 seek=100000 count=10 conv=notrunc status=none
[ "$(getfattr --only-values -n user.kept big)" = value ] || fail attributes are not copied up
echo more >>link1
exec 3<many/8
rm many/8
read -r line <&3
[ "$line" = "lower 8" ] || fail a removed file read through its descriptor
exec 3<&-
ln many/9 many/nine
mknod dev c 1 3
setpriv --reuid 1000 --regid 1000 --clear-groups sh -c '
    echo mine >open/mine; mkdir open/d; echo mine >>dir/below/f; mv dir/below dir/under; ! rm many/9 2>/dev/null'
[ "$(stat -c %u open/mine)" = 1000 ] || fail owner of what a user made
[ ! -e opaque/old ] || fail a directory made anew shows the old one
[ "$(ls many | wc -l)" = 39 ] || fail "$(ls many | wc -l) names"
rm -rf many/1*
mkdir -p tree/a/b/c
cp -pr many tree/a/b/c/
mv tree/a tree/z
rm -rf tree/z/b/c/many/2*

see >/tmp/overlay-first
cd /
umount "$merged"
mount -t overlay -o "$options" overlay "$merged"
see >/tmp/overlay-second
umount "$merged"
cmp /tmp/overlay-first /tmp/overlay-second || fail a second mount shows something else
[ "$(find "$2/upper" -type c -size 0 | wc -l)" -gt 0 ] || fail no whiteouts
cat /tmp/overlay-second
rm -rf "$merged" "$1" "$2" /tmp/overlay-first /tmp/overlay-second
