# Files as programs use them: sparse and large, unlinked or replaced while open, linked, special.
# usage: files.sh SHARE
set -eu
cd "$1"
mkdir files
cd files
fail() { echo "FAILED: $*"; exit 1; }

# A sparse file of 6 GiB: offsets beyond 32 bits read and write right.
truncate -s 6G sparse
printf end-of-file | dd of=sparse bs=1 seek=$((6 * 1024 * 1024 * 1024 - 11)) conv=notrunc status=none
printf middle | dd of=sparse bs=1 seek=$((5 * 1024 * 1024 * 1024)) conv=notrunc status=none
[ "$(stat -c %s sparse)" = $((6 * 1024 * 1024 * 1024)) ] || fail sparse size
[ "$(tail -c 11 sparse)" = end-of-file ] || fail sparse tail
[ "$(dd if=sparse bs=1 skip=$((5 * 1024 * 1024 * 1024)) count=6 status=none)" = middle ] || fail sparse middle
[ "$(dd if=sparse bs=1M skip=4096 count=1 status=none | tr -d '\0' | wc -c)" = 0 ] || fail sparse hole
[ "$(stat -c %b sparse)" -lt 1000 ] || fail sparse allocates

# Unlinked while open.
exec 3<>gone
echo kept >&3
rm gone
[ ! -e gone ] || fail unlink
exec 4</proc/self/fd/3 || fail reopen of an unlinked file
read -r line <&4
[ "$line" = kept ] || fail unlinked content
exec 3>&- 4>&-

# Renamed over while open.
echo old >target
exec 3<target
echo new >source
mv source target
read -r line <&3
[ "$line" = old ] || fail replaced file read through an open descriptor
[ "$(cat target)" = new ] || fail replaced file read by name
exec 3<&-

# Hard links are one node.
echo one >link1
ln link1 link2
[ "$(stat -c %i link1)" = "$(stat -c %i link2)" ] || fail hard link inode
[ "$(stat -c %h link1)" = 2 ] || fail hard link count
echo two >>link2
[ "$(tail -n 1 link1)" = two ] || fail hard link content
rm link1
[ "$(stat -c %h link2)" = 1 ] || fail link count after unlink

# Symbolic links, also dangling and long ones.
ln -s link2 sym
[ "$(readlink sym)" = link2 ] || fail readlink
[ "$(cat sym)" = "$(cat link2)" ] || fail through symlink
long=$(printf 'x%.0s' $(seq 1 4000))
ln -s "$long" longsym
[ "$(readlink longsym)" = "$long" ] || fail long symlink
ln -s /etc/hostname outside
[ "$(readlink outside)" = /etc/hostname ] || fail absolute symlink

# Special nodes live in the guest.
mkfifo fifo
(echo through >fifo) &
[ "$(cat fifo)" = through ] || fail fifo
python3 - <<'PY'
import os, socket, stat
s = socket.socket(socket.AF_UNIX)
s.bind("sock")
assert stat.S_ISSOCK(os.lstat("sock").st_mode)
s.listen()
c = socket.socket(socket.AF_UNIX)
c.connect("sock")
s.close(); c.close()
PY
mknod dev c 1 3
[ "$(stat -c %t:%T dev)" = 1:3 ] || fail device number
echo gone >dev

# Two processes append; every line arrives once.
for who in a b; do
    (for i in $(seq 1 500); do echo "$who $i"; done | while read -r l; do echo "$l" >>log; done) &
done
wait
[ "$(sort -u log | wc -l)" = 1000 ] && [ "$(wc -l <log)" = 1000 ] || fail "append: $(wc -l <log) lines"

# Attributes.
chmod 4751 log
[ "$(stat -c %a log)" = 4751 ] || fail chmod
chown 1234:4321 log
[ "$(stat -c %u:%g log)" = 1234:4321 ] || fail chown
touch -d '2001-02-03 04:05:06.789' log
[ "$(stat -c %Y log)" = "$(date -d '2001-02-03 04:05:06' +%s)" ] || fail utimes
truncate -s 10 log
[ "$(stat -c %s log)" = 10 ] || fail truncate
fallocate -p -o 0 -l 4096 sparse
fallocate -l 8192 alloc
[ "$(stat -c %s alloc)" = 8192 ] || fail fallocate

# Identity of what is made.
setpriv --reuid 1000 --regid 1001 --clear-groups sh -c 'umask 027; cd /tmp; true'
mkdir -m 777 open-dir
setpriv --reuid 1000 --regid 1001 --clear-groups sh -c 'umask 027; touch open-dir/f; mkdir open-dir/d'
[ "$(stat -c %u:%g:%a open-dir/f)" = 1000:1001:640 ] || fail "owner $(stat -c %u:%g:%a open-dir/f)"
[ "$(stat -c %u:%g:%a open-dir/d)" = 1000:1001:750 ] || fail owner of a directory
mkdir sgid
chgrp 77 sgid
chmod 2777 sgid
setpriv --reuid 1000 --regid 1001 --clear-groups sh -c 'touch sgid/f; mkdir sgid/d'
[ "$(stat -c %g sgid/f)" = 77 ] || fail sgid file
[ "$(stat -c %g:%A sgid/d | cut -c1-2)" = 77 ] || fail sgid directory

# Writing clears set-user-id.
cp /bin/true suid
chmod 4755 suid
chown 1000 suid
chmod 4755 suid
setpriv --reuid 1000 --regid 1000 --clear-groups sh -c 'echo x >>suid'
[ "$(stat -c %a suid)" = 755 ] || fail "suid survives a write: $(stat -c %a suid)"
echo files done
