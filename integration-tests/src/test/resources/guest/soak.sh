# Mixed work on a share, one worker for each processor and so for each queue, until the guest ends.
# What a worker finds wrong is in /tmp/wrong.
# usage: soak.sh FOLDER WORKERS; FOLDER/common has files to read
set -eu
cd "$1"

work() {
    rm -rf "$1"
    mkdir "$1"
    cd "$1"
    local round=0
    while :; do
        round=$((round + 1))
        # data: written, appended to, cut, read back
        head -c 300k /dev/urandom >/tmp/"$1"
        cp /tmp/"$1" data
        cat /tmp/"$1" >>data
        cat /tmp/"$1" /tmp/"$1" | cmp - data
        truncate -s 300k data
        cmp /tmp/"$1" data
        cat ../common/* >/dev/null
        # names
        mkdir -p tree/a/b
        for i in 1 2 3 4 5 6 7 8; do
            echo "$round $i" >tree/a/$i
            ln tree/a/$i tree/a/b/$i
            mv tree/a/$i tree/$i
            ln -s ../$i tree/a/s$i
        done
        [ "$(cat tree/a/s*)" = "$(cat tree/a/b/*)" ]
        find tree | wc -l | grep -qx 27
        # attributes and locks
        chmod 640 tree/1
        chown user:user tree/2
        setfattr -n user.round -v $round tree/3
        [ "$(getfattr --only-values -n user.round tree/3)" = $round ]
        touch -d 2001-02-03 tree/4
        flock tree/5 true
        rm -r tree
        [ $((round % 5)) != 0 ] || echo 2 >/proc/sys/vm/drop_caches
    done
}

for worker in $(seq "$2"); do
    (taskset -cp $((worker - 1)) $BASHPID >/dev/null && work "worker$worker" 2>&1 | head -c 2000 >>/tmp/wrong) &
done
wait
