# Scripts of git's own test suite, their repositories in FOLDER.  usage: git-tests.sh FOLDER SCRIPT...
set -eu
mkdir "$1/git" "$1/git/results"
export GIT_TEST_INSTALLED=/usr/bin GIT_TEST_CHAIN_LINT=0 TEST_NO_MALLOC_CHECK=1
export TEST_OUTPUT_DIRECTORY=$1/git/results
cd /usr/share/git-tests/t
for script in "${@:2}"; do
    SECONDS=0
    ./"$script".sh --root="$1/git" -q >/tmp/git-$UID 2>&1 || {
        echo "FAILED: $script"
        grep -v '^ok' /tmp/git-$UID
        exit 1
    }
    echo "$script $SECONDS s, $(grep '^# passed' /tmp/git-$UID)"
done
rm -r "$1/git"
