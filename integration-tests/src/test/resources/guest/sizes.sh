# Makes a file of each remainder modulo the page size, up to 6 MiB; each 16th of many pages.
# usage: sizes.sh FOLDER
set -eu
mkdir "$1"
cd "$1"
RANDOM=1
head -c 6291456 /dev/urandom >source
for ((i = 0; i < 4096; i++)); do
    pages=$((i % 64 ? RANDOM % 16 : RANDOM % 1535))
    head -c $((4096 * pages + i)) source >"f$i"
done
rm source
