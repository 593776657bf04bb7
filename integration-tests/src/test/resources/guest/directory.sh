# COUNT entries in the directory "many", of which this makes the first OWN, listed twice.
# usage: directory.sh SHARE COUNT OWN
set -eu
cd "$1"
python3 - "$3" <<'PY'
import os, sys
n = int(sys.argv[1])
for i in range(n):
    os.close(os.open("many/entry-%06d" % i, os.O_CREAT | os.O_WRONLY, 0o644))
PY
for round in 1 2; do
    [ "$(ls -f many | sort -u | grep -c entry-)" = "$2" ] || { echo "FAILED: round $round"; exit 1; }
    [ "$(find many -type f | wc -l)" = "$2" ] || { echo "FAILED: find, round $round"; exit 1; }
done
echo directory done
