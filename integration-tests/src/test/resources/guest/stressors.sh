# Runs stress-ng's STRESSORS at once, verifying, and prints those that do not apply here; whatever
# fails, or is left over, is an error.  usage: stressors.sh FOLDER SECONDS LIMIT STRESSOR...
set -eu
cd "$1"
mkdir stress
options=()
for stressor in "${@:4}"; do options+=("--$stressor" 1); done
code=0
timeout -k 5 "$3" stress-ng "${options[@]}" --timeout "$2" --verify --temp-path stress --hdd-bytes 8m \
    --aiol-requests 8 >/tmp/stress-$UID 2>&1 || code=$?
if [ $code != 0 ] || grep -q ' fail: ' /tmp/stress-$UID; then
    echo "FAILED: code $code"
    grep -v 'stressor.*\(started\|dispatch\)' /tmp/stress-$UID
    exit 1
fi
sed -n 's/.* skipped: [0-9]*: //p' /tmp/stress-$UID | tr -d '()0-9\n' | tr -s ' ' '\n'
rmdir stress
