# tests/lib.sh: what every shell test sources. REOX is the program, REFERENCE the reference data (may be absent).
# A test calls `ok NAME COMMAND…` (passes when the command succeeds), `refused NAME CODE PATTERN COMMAND…` and
# `skip NAME REASON`, and ends with `done_testing`.
set -u
here=$(cd "$(dirname "$0")/../.." && pwd)
MODE=${MODE:-release}
REOX=${REOX:-$here/build/$MODE/reox}
REFERENCE=${REOX_REFERENCE:-$here/../shared}
name=$(basename "$(dirname "$0")")/$(basename "$0" .sh)
tmp=$(mktemp -d); trap 'rm -rf "$tmp"' EXIT
n_passed=0 n_failed=0 n_skipped=0

pass() { n_passed=$((n_passed + 1)); }
fail() { n_failed=$((n_failed + 1)); echo "FAILED $name: $1"; }
skip() { n_skipped=$((n_skipped + 1)); echo "skip: $name: $1: $2"; }
ok() { what=$1; shift; if "$@" >"$tmp/.out" 2>&1; then pass; else fail "$what (exit $?)"; tail -n 20 "$tmp/.out"; fi; }
# The command must end with CODE and say PATTERN (an extended regular expression) on stderr.
refused() {
    what=$1 code=$2 pattern=$3; shift 3
    "$@" >"$tmp/.out" 2>"$tmp/.err"; got=$?
    if [ "$got" = "$code" ] && grep -Eq "$pattern" "$tmp/.err"; then pass
    else fail "$what: exit $got (wanted $code), stderr:"; cat "$tmp/.err"; fi
}
# Adds the counts of a reference checker whose last line is "N passed, N failed".
counted() {
    what=$1; shift
    "$@" >"$tmp/.out" 2>&1
    line=$(grep -E '^([^ ]+: )?[0-9]+ passed, [0-9]+ failed' "$tmp/.out" | tail -n 1)
    if [ -z "$line" ]; then fail "$what: no count"; tail -n 20 "$tmp/.out"; return; fi
    p=$(printf '%s' "$line" | sed -E 's/^([^ ]+: )?([0-9]+) passed, ([0-9]+) failed.*/\2/')
    f=$(printf '%s' "$line" | sed -E 's/^([^ ]+: )?([0-9]+) passed, ([0-9]+) failed.*/\3/')
    n_passed=$((n_passed + p)); n_failed=$((n_failed + f))
    [ "$f" = 0 ] || { echo "FAILED $name: $what"; tail -n 40 "$tmp/.out"; }
}
# Python with tests/made.py to import, and nothing written beside it.
python_made() { PYTHONPATH=$here/tests PYTHONDONTWRITEBYTECODE=1 python3 "$@"; }
# Makes a locale whose decimal sign is a comma below $tmp; afterwards `in_comma_locale COMMAND…` runs in it. Fails where localedef or its
# sources are not installed.
make_comma_locale() {
    command -v localedef >/dev/null 2>&1 && mkdir -p "$tmp/locale" &&
        localedef -i de_DE -f UTF-8 "$tmp/locale/de_DE.UTF-8" >/dev/null 2>&1
    [ -d "$tmp/locale/de_DE.UTF-8" ]
}
in_comma_locale() { LOCPATH="$tmp/locale" LC_ALL=de_DE.UTF-8 LANG=de_DE.UTF-8 "$@"; }
done_testing() { echo "$name: $n_passed passed, $n_failed failed, $n_skipped skipped"; [ "$n_failed" = 0 ]; exit; }
