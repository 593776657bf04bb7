# Unpacks an archive as a package manager does: by tar, and as root by dpkg; then removes all of it.
# usage: unpack.sh unpack|remove FOLDER ARCHIVES
set -eu
cd "$2"
if [ "$1" = remove ]; then
    rm -rf tar root
    exit
fi
mkdir tar
tar -C tar --warning=no-timestamp -xpf "$3/tree.tar"
[ $UID = 0 ] || exit 0
mkdir -p root/var/lib/dpkg/{updates,info}
touch root/var/lib/dpkg/{status,available}
dpkg --root="$PWD/root" --log=/dev/null --unpack "$3/tree.deb" >/tmp/dpkg 2>&1 || {
    cat /tmp/dpkg
    exit 1
}
