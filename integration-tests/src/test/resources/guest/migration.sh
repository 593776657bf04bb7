# Work on a share that must not notice that its guest moves. Each kind of work goes on until /tmp/end
# is there; how often it has come round is in /tmp/rounds/KIND, what it finds wrong in /tmp/wrong.
# usage: migration.sh FOLDER
set -u
cd "$1"
mkdir -p /tmp/rounds
: >/tmp/wrong
names=1500
mkdir many
(cd many && seq $names | xargs touch)

wrong() {
    echo "$*" >>/tmp/wrong
}

repeat() { # repeat KIND: calls it again and again
    local round=0
    while [ ! -e /tmp/end ]; do
        "$1" || wrong "$1"
        round=$((round + 1))
        echo $round >/tmp/rounds/"$1"
    done
    echo end >>/tmp/rounds/"$1"
}

verify() {
    fio --name=verify --directory=. --rw=randrw --size=2m --bs=4k --verify=crc32c --verify_fatal=1 \
        --ioengine=psync --output=/tmp/fio >/dev/null 2>&1 || { cat /tmp/fio >>/tmp/wrong; return 1; }
}

# Files without a name, held open all the time: what was written before a move is read after it.
unlinked() {
    exec 7<>unlinked
    rm unlinked || return 1
    local i line all= found
    for i in 1 2 3 4 5 6 7 8 9 10; do
        line="$i $RANDOM"
        all+=$line$'\n'
        cat <<<"$line" 2>>/tmp/wrong >&7 || wrong "cannot write $line"
        sleep 0.2
        found=$(cat /proc/self/fd/7 2>&1 && echo .)
        if [ "$found" != "$all." ]; then
            wrong "written: $all found: $found"
            return 1
        fi
    done
}

# Read slowly through one descriptor, entry by entry.
listing() {
    [ "$(python3 -c '
import os, time
n = 0
for entry in os.scandir("many"):
    n += 1
    if n % 100 == 0:
        time.sleep(0.02)
print(n)')" = $names ]
}

history() {
    rm -rf repository
    git init -q repository
    local i
    for i in 1 2 3; do
        seq $i 500 >repository/file$i
        git -C repository add . || return 1
        git -C repository -c user.name=x -c user.email=x commit -qm $i || return 1
    done
    git -C repository fsck --strict >/dev/null 2>&1 && [ -z "$(git -C repository status --porcelain)" ]
}

database() {
    sqlite3 data.db "create table if not exists t(a integer primary key, b text);
        insert into t(b) select hex(randomblob(500)) from (values(1),(2),(3),(4));" || return 1
    [ "$(sqlite3 data.db 'pragma integrity_check')" = ok ]
}

for kind in verify unlinked listing history database; do
    repeat $kind &
done
wait
