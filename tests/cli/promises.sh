#!/bin/sh
# tests/cli/promises.sh: what INTERFACE §1 promises of every command: help, exit codes, --json, -q, NO_COLOR, a full disk, other locales.
. "$(dirname "$0")/../lib.sh"

commands=$(sed -n 's/^COMMAND(\([a-z]*\)).*/\1/p' "$here/cli/commands.def")
present() { echo "$commands" | grep -qx "$1"; }

# ---- help
"$REOX" --help > "$tmp/help" 2>"$tmp/help.err"; code=$?
ok "reox --help ends with 0" test "$code" = 0
ok "reox --help is a result" test -s "$tmp/help" -a ! -s "$tmp/help.err"
for c in $commands; do
    ok "reox --help names $c" grep -qE "^  $c +[a-z]" "$tmp/help"
    "$REOX" "$c" --help > "$tmp/one" 2>"$tmp/one.err"; code=$?
    ok "reox $c --help" sh -c "[ $code = 0 ] && [ ! -s '$tmp/one.err' ] && head -n 1 '$tmp/one' | grep -q '^reox $c'"
    "$REOX" "$c" -h > "$tmp/short" 2>/dev/null
    ok "reox $c -h is the same" cmp -s "$tmp/one" "$tmp/short"
    refused "reox $c with an unknown option" 2 '^reox: .*no-such-option' "$REOX" "$c" --no-such-option
    ok "reox $c with an unknown option prints no result" test ! -s "$tmp/.out"
done
ok "reox --version" sh -c "'$REOX' --version | grep -qE '^reox [0-9]'"
refused "no command" 2 '' "$REOX"
refused "unknown command" 2 '^reox: .*nonsense' "$REOX" nonsense
refused "slip of the pen" 2 'ingest' "$REOX" ingset "$tmp"

# ---- a small study, through every command that is there. Exit 4 is allowed where so few patients cannot be estimated.
echo '{"n": 12, "seed": 7, "centers": ["B"]}' > "$tmp/spec.json"
echo '{"n": 1, "seed": 7, "centers": ["B"]}' > "$tmp/one.json"
ok "simulate" "$REOX" simulate "$tmp/spec.json" --out "$tmp/s" -q
s=$tmp/s
image=$s/scans/P001_pre.nii.gz mask=$s/scans/P001_pre_gtv.nii.gz blood=$s/scans/P001_pre_blood.nii.gz
model=os_pre

# Runs a command by its name; further words are appended.
call() {
    name_=$1; shift
    case $name_ in
        check|ingest|extract|fit|replicate|report|run) "$REOX" "$name_" "$s" "$@";;
        simulate) "$REOX" simulate "$tmp/one.json" --out "$tmp/again" "$@";;
        new) rm -rf "$tmp/new"; "$REOX" new "$tmp/new" "$@";;
        list) "$REOX" list features "$@";;
        features) "$REOX" features "$image" "$mask" "$@";;
        hypoxia) "$REOX" hypoxia "$image" "$mask" --reference "$blood" --tracer FMISO "$@";;
        stat) "$REOX" stat km 'Surv(os_months,os_event)~sex' --data "$s/clinical.csv" "$@";;
        predict) "$REOX" predict "$s" --model $model "$@";;
        export) "$REOX" export "$s" --out "$tmp/export" "$@";;
        *) return 99;;
    esac
}
in_order="new simulate check ingest extract fit replicate report run predict export list features hypoxia stat"
for c in $in_order; do
    present "$c" || continue
    call "$c" --json > "$tmp/json" 2>"$tmp/err"; code=$?
    case $code in 0|4) pass;; *) fail "$c ends with $code"; cat "$tmp/err";; esac
    if [ -s "$tmp/json" ]; then
        ok "$c --json is JSON with a schema" python3 -c "import json, sys; j = json.load(open(sys.argv[1])); assert j['schema'].startswith('reox.'), j" "$tmp/json"
    else
        fail "$c --json prints nothing"
    fi
    call "$c" -q > "$tmp/out" 2>"$tmp/err"; code=$?
    if [ "$code" = 0 ]; then ok "$c -q says nothing to people" test ! -s "$tmp/err"; fi
    call "$c" > "$tmp/out" 2>"$tmp/err"
    if [ -s "$tmp/out" ]; then
        call "$c" > /dev/full 2>"$tmp/err"; code=$?
        ok "$c on a full disk ends with 1" test "$code" = 1
        ok "$c on a full disk says so" grep -q '^reox: ' "$tmp/err"
        call "$c" --json > /dev/full 2>"$tmp/err"; code=$?
        ok "$c --json on a full disk ends with 1" test "$code" = 1
        call "$c" >&- 2>"$tmp/err"; code=$?
        ok "$c with stdout closed ends with 1" test "$code" = 1
    fi
    if script -qec true /dev/null >/dev/null 2>&1 </dev/null; then      # where a terminal can be had
        case $c in list|features|hypoxia|stat|check|export)
            export c s tmp image mask blood model REOX
            { sed -n '/^call() {/,/^}/p' "$0"; echo "call $c; echo \"code \$?\""; } > "$tmp/on_terminal.sh"
            NO_COLOR=1 script -qec "sh $tmp/on_terminal.sh" /dev/null > "$tmp/terminal" 2>&1 < /dev/null
            esc=$(printf '\033')
            ok "$c with NO_COLOR has no colours" sh -c "grep -q '^code [04]' '$tmp/terminal' && ! grep -q '$esc\[[0-9;]*m' '$tmp/terminal'";;
        esac
    fi
done

# ---- numbers do not depend on the locale
if make_comma_locale; then
    for c in check list features hypoxia stat; do
        present "$c" || continue
        call "$c" --json > "$tmp/point" 2>/dev/null
        LOCPATH="$tmp/locale" LC_ALL=de_DE.UTF-8; export LOCPATH LC_ALL
        call "$c" --json > "$tmp/comma" 2>/dev/null
        call "$c" > "$tmp/comma.txt" 2>/dev/null
        LC_ALL=C.UTF-8; unset LOCPATH
        call "$c" > "$tmp/point.txt" 2>/dev/null
        ok "$c --json in another locale" cmp "$tmp/point" "$tmp/comma"
        ok "$c in another locale" cmp "$tmp/point.txt" "$tmp/comma.txt"
    done
else
    skip "other locales" "localedef or the sources of locales are not installed"
fi

# ---- --threads changes nothing
for c in features hypoxia stat; do
    present "$c" || continue
    call "$c" --json --threads 1 > "$tmp/one" 2>/dev/null
    call "$c" --json --threads 3 > "$tmp/three" 2>/dev/null
    ok "$c with one and three threads" cmp "$tmp/one" "$tmp/three"
done
refused "threads that are no number" 2 'threads' "$REOX" list features --threads many
refused "no threads at all" 2 'threads' "$REOX" list features --threads 0

# ---- exit codes
refused "3: a study that is not there" 3 'study.json' "$REOX" check "$tmp/nowhere"
refused "3: an image that is not there" 3 'none.nii' "$REOX" features "$tmp/none.nii" "$mask"
refused "2: not enough arguments" 2 '' "$REOX" hypoxia "$image"
cp -r "$s" "$tmp/bad"; printf 'x' > "$tmp/bad/scans/P001_pre.nii.gz"
refused "3: one scan of many" 3 'P001_pre' "$REOX" check "$tmp/bad"
if present ingest; then
    rm -f "$tmp/bad/reox.db"
    refused "3: one scan of many, the rest is done" 3 'P001_pre' "$REOX" ingest "$tmp/bad"
    refused "1: a database that cannot be" 1 '^reox: ' "$REOX" ingest "$s" --db /proc/none/reox.db
fi
printf 't,d,x\n1,1,0\n2,1,0\n3,1,1\n4,1,1\n' > "$tmp/sep.csv"
if "$REOX" stat cox --help >/dev/null 2>&1; then
    "$REOX" stat cox 'Surv(t,d)~x' --data "$tmp/sep.csv" --json > "$tmp/json" 2>"$tmp/err"; code=$?
    ok "4: what cannot be estimated" test "$code" = 4
    ok "4: the diagnosis is printed" grep -q monotone_likelihood "$tmp/json"
    ok "4: the reason stands on stderr" grep -q '^reox: ' "$tmp/err"
fi
refused "a refusal is one line" 3 '^reox: ' "$REOX" check "$tmp/nowhere"
ok "one line" test "$(wc -l < "$tmp/.err")" = 1

done_testing
