# Programs that depend on exact file semantics: git, and sqlite in WAL mode under two processes.
# usage: programs.sh SHARE COMMITS TRANSACTIONS
set -eu
cd "$1"
export HOME=/tmp GIT_AUTHOR_NAME=t GIT_AUTHOR_EMAIL=t@t GIT_COMMITTER_NAME=t GIT_COMMITTER_EMAIL=t@t
git init -q --initial-branch=main origin
cd origin
for i in $(seq "$2"); do
    mkdir -p "d$((i % 5))"
    for part in 1 2 3; do head -c $((i * part * 997)) /dev/urandom >"d$((i % 5))/f$i-$part"; done
    git add . && git commit -q -m "commit $i"
done
cd ..
git clone -q --no-local origin clone
git -C clone fsck --full --strict
git -C clone gc -q
git -C clone fsck --full --strict
[ "$(git -C clone rev-list --count HEAD)" = "$2" ]

python3 - db.sqlite "$3" <<'PY'
import os, sqlite3, sys
path, count = sys.argv[1], int(sys.argv[2])
db = sqlite3.connect(path)
assert db.execute("pragma journal_mode=wal").fetchone() == ("wal",)
db.execute("create table t(who, n, data)")
db.commit()
db.close()
children = []
for who in range(2):
    pid = os.fork()
    if pid == 0:
        db = sqlite3.connect(path, timeout=60, isolation_level=None)
        db.execute("pragma wal_autocheckpoint=100")
        for n in range(count):
            db.execute("begin immediate")
            db.execute("insert into t values(?,?,?)", (who, n, os.urandom(500)))
            db.execute("commit")
        db.close()
        os._exit(0)
    children.append(pid)
for pid in children:
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
db = sqlite3.connect(path)
assert db.execute("select count(*) from t").fetchone() == (2 * count,)
assert db.execute("pragma integrity_check").fetchone() == ("ok",)
PY
echo programs done
