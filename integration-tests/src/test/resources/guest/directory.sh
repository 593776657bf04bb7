# 100,000 entries in one directory, listed twice, then removed.  usage: directory.sh SHARE COUNT
set -eu
cd "$1"
mkdir many
python3 - "$2" <<'PY'
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
