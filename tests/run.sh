#!/bin/sh
# tests/run.sh: runs unit programs, shell tests and reference checks; the last line counts everything.
# Each of them ends with a line "NAME: N passed, N failed, N skipped". MODE chooses the build. Names as arguments: only those
# whose path holds one of them.
set -u
cd "$(dirname "$0")/.." || exit 1
MODE=${MODE:-release}
export MODE
export REOX="$PWD/build/$MODE/reox"
export REOX_REFERENCE="${REOX_REFERENCE:-$(cd .. && pwd)/shared}"
export LC_ALL=C.UTF-8
export ASAN_OPTIONS="${ASAN_OPTIONS:-detect_leaks=1:abort_on_error=0}"
export LSAN_OPTIONS="${LSAN_OPTIONS:-suppressions=$PWD/tests/lsan.supp:print_suppressions=0}"
passed=0 failed=0 skipped=0
out=$(mktemp); trap 'rm -f "$out"' EXIT

chosen() { [ $# -eq 1 ] && return 0; path=$1; shift; for w in "$@"; do case $path in *"$w"*) return 0;; esac; done; return 1; }

run() { # PATH COMMAND...: adds the counts of its last line; a program that dies without one is a failure
    path=$1; shift
    "$@" >"$out" 2>&1; code=$?
    line=$(grep -E '^[^ ]+: [0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$' "$out" | tail -n 1)
    if [ -z "$line" ]; then
        cat "$out"; echo "$path: ended with exit code $code and no count"; failed=$((failed + 1)); return
    fi
    counts=$(printf '%s\n' "$line" | sed -E 's/^[^ ]+: ([0-9]+) passed, ([0-9]+) failed, ([0-9]+) skipped$/\1 \2 \3/')
    # shellcheck disable=SC2086
    set -- $counts
    if [ "$2" != 0 ] || [ "$code" != 0 ]; then cat "$out"; else grep -E '^(skip|note):' "$out"; echo "$line"; fi
    passed=$((passed + $1)); failed=$((failed + $2)); skipped=$((skipped + $3))
    if [ "$code" != 0 ] && [ "$2" = 0 ]; then echo "$path: exit code $code"; failed=$((failed + 1)); fi
}

for t in "build/$MODE"/tests/test_*; do
    case $t in *.d) continue;; esac
    [ -x "$t" ] && [ -f "tests/unit/$(basename "$t").c" ] && chosen "$t" "$@" && run "$t" "$t"
done
for t in tests/cli/*.sh tests/reference/*.sh; do
    [ -f "$t" ] && chosen "$t" "$@" && run "$t" sh "$t"
done
echo "check: $passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
