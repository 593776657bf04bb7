# For each thing that the host has changed below SHARE: how many tenths of a second until it is
# seen, or "kept" after TENTHS of them.
# usage: seen.sh SHARE TENTHS
cd "$1"
tenths=$2

seen() {
    local name=$1 wanted=$2 passed
    shift 2
    for ((passed = 0; passed <= tenths; passed++)); do
        [ "$("$@" 2>/dev/null)" != "$wanted" ] || {
            echo "$name $passed"
            return
        }
        sleep 0.1
    done
    echo "$name kept"
}

there() { if [ -e "$1" ]; then echo yes; else echo no; fi; }
names() { echo $(ls "$1"); }

seen content new cat content
seen longer "longer than before" cat longer
seen size 19 stat -c %s longer
seen mode 640 stat -c %a mode
seen gone no there gone
seen made yes there made
seen listing "a b" names dir
seen link new readlink link
