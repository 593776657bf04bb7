# Attributes and access lists written, read, saved, lost, restored and copied by the usual programs.
# usage: round-trip.sh FOLDER NAMES
set -eu
cd "$1"
fail() { echo "FAILED: $*"; exit 1; }
all() { (cd "$1" && getfattr -R -h -P -d -m '^user|^security.test' -e hex . && getfacl -R -P .) | LC_ALL=C sort; }
same() { # DIR DIR
    all "$1" >/tmp/all-1-$UID
    all "$2" >/tmp/all-2-$UID
    diff /tmp/all-1-$UID /tmp/all-2-$UID >/tmp/diff-$UID || fail "$2 is not $1: $(head -n 5 /tmp/diff-$UID)"
}

mkdir -p tree/default tree/sub
cd tree
echo content >f
echo content >'a name with spaces'
ln f hardlink
ln -s f symlink

# Many names, odd values, values of every size up to the largest, values replaced and removed.
for i in $(seq "$2"); do
    setfattr -n "user.name-$i" -v "value $i" f
done
[ "$(getfattr -d f | grep -c =)" = "$2" ] || fail "$(getfattr -d f | grep -c =) names"
for i in $(seq 1 2 "$2"); do
    setfattr -x "user.name-$i" f
done
[ "$(getfattr -d hardlink | grep -c =)" = $(($2 / 2)) ] || fail names after removal
setfattr -n user.empty sub
setfattr -n user.bytes -v 0x00ff0a0d22 sub
setfattr -n user.size -v 1 sub
python3 - <<'PY'
import errno, os
for size in 0, 1, 255, 4096, 65535, 65536:
    value = os.urandom(size)
    os.setxattr("a name with spaces", "user.size", value)
    assert os.getxattr("a name with spaces", "user.size") == value, size
try:
    os.setxattr("f", "user.size", bytes(65537))
    raise SystemExit("a value of 65537 bytes is taken")
except OSError as e:
    assert e.errno == errno.E2BIG, e
for flag, name, expected in (os.XATTR_CREATE, "user.size", errno.EEXIST), (os.XATTR_REPLACE, "user.none", errno.ENODATA):
    try:
        os.setxattr("a name with spaces", name, b"x", flag)
        raise SystemExit("flag %d is ignored" % flag)
    except OSError as e:
        assert e.errno == expected, e
PY
! setfattr -h -n user.link -v x symlink 2>/dev/null || fail user attributes of a symbolic link

# Access lists, and default ones, which files and directories inherit.
setfacl -m u:1234:rw,g:4321:r,m::rw f
setfacl -d -m u:1234:rwx,g:4321:rx,o::- default
mkdir default/inner
echo inherits >default/inner/file
getfacl -c default/inner | grep -qx default:user:1234:rwx || fail a directory does not inherit
getfacl -c default/inner/file | grep -q ^user:1234:rwx || fail a file does not inherit
[ "$(stat -c %a default/inner/file)" = 660 ] || fail "mode by the default list: $(stat -c %a default/inner/file)"
chmod 640 f
getfacl -c f | grep -qx mask::r-- || fail chmod does not change the mask
getfacl -c f | grep -q '^user:1234:rw-.*#effective:r--' || fail the mask does not limit
if [ $UID = 0 ]; then
    setfattr -n security.test -v guarded f
    setfattr -n trusted.test -v guarded f
    [ "$(getfattr --only-values -n trusted.test f)" = guarded ] || fail trusted
    setfacl -m u:1000:- sub
    ! setpriv --reuid 1000 --regid 1000 --clear-groups ls sub 2>/dev/null || fail a list that forbids is not obeyed
    setfacl -m u:1000:rx sub
    chmod o-rwx sub
    setpriv --reuid 1000 --regid 1000 --clear-groups ls sub || fail a list that allows is not obeyed
fi
cd ..

# Saved, lost and restored.
(cd tree && getfattr -R -d -m '^user|^security.test' -e base64 . >/tmp/attributes-$UID && getfacl -R . >/tmp/lists-$UID)
cp -r tree restored
(cd restored && rm hardlink && ln f hardlink)
getfattr -d restored/f | grep -q user && fail cp without -a copies attributes
(cd restored && setfattr --restore=/tmp/attributes-$UID && setfacl --restore=/tmp/lists-$UID)
same tree restored
# Copied, by two programs.
cp -a tree copied
same tree copied
rsync -aAXH tree/ synced
same tree synced
setfacl -R -b -k synced
! getfacl -R -c synced | grep -q '1234\|default' || fail lists after their removal
