# Eight processes at once read a file of 128 MiB, each all parts of 2 MiB and 200 blocks of 4 KiB in
# orders of its own; prints a checksum for each. The same on both sides of a share.
# usage: blocks.sh FILE
part() { dd if="$1" bs="$2" skip="$3" count=1 status=none | sha256sum; }
for p in 1 2 3 4 5 6 7 8; do
    (
        for ((i = 0; i < 64; i++)); do part "$1" 2M $(((i * (2 * p + 1) + p) % 64)); done
        x=$p
        for ((i = 0; i < 200; i++)); do
            x=$(((x * 1103515245 + 12345) % 2147483648))
            part "$1" 4096 $((x / 65536))
        done
    ) | sha256sum | sed "s/-/$p/" &
done | sort
wait
