# Prints one line for each object below a directory: attributes, names and sha256 of contents.
# The same script runs in the guest and on the host.  usage: checksums.sh DIR
set -eu
export LC_ALL=C
cd "$1"
find . -printf '%y %m %U %G %s %n %T@ %l %p\0' | grep -zv '^d' | sort -z | sha256sum
find . -type f -print0 | sort -z | xargs -0 sha256sum -z -- | sha256sum
find . -type f -printf x | wc -c
