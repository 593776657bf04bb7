# dbench, with the load file it comes with, and bonnie++; both check what they read.
# usage: tools.sh FOLDER SECONDS MIB SMALL-FILES/1024
set -eu
cd "$1"
mkdir dbench bonnie
dbench -t "$2" -D dbench -c /usr/share/dbench/client.txt 2 >/tmp/dbench-$UID 2>&1
grep -q '^Throughput' /tmp/dbench-$UID && ! grep -i 'error\|failed' /tmp/dbench-$UID
grep '^Throughput' /tmp/dbench-$UID
bonnie++ -q -f -d bonnie -s "$3" -r "$(($3 / 2))" -n "$4:8192:0:4" -u "$UID" >/tmp/bonnie-$UID 2>&1 || {
    cat /tmp/bonnie-$UID
    exit 1
}
tail -n 1 /tmp/bonnie-$UID
rm -r dbench
rmdir bonnie
