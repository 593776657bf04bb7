# How many request queues of the guest's devices have brought an answer, after each processor has asked something.
# usage: queues.sh SHARE
set -eu
for cpu in $(seq 0 $(($(nproc) - 1))); do
    taskset -c "$cpu" sh -c 'for i in 1 2 3; do stat "$0/none-$i"; done' "$1" 2>/dev/null || true
done
awk '/-requests\.[0-9]+$/ { n = 0; for (i = 2; i <= NF && $i ~ /^[0-9]+$/; i++) n += $i; used += n > 0 } END { print used }' \
    /proc/interrupts
