#!/bin/sh
# tests/cli/reproducible_run.sh: the whole way from scans to reports in two folders, with one and with three threads: equal tables,
# pages and PDFs.
. "$(dirname "$0")/../lib.sh"

echo '{"n": 24, "seed": 12, "centers": ["B"]}' > "$tmp/spec.json"
ok "simulate" "$REOX" simulate "$tmp/spec.json" --out "$tmp/first" -q
cp -r "$tmp/first" "$tmp/second"
"$REOX" run "$tmp/first" --threads 1 > "$tmp/first.out" 2> "$tmp/first.err"; first=$?
"$REOX" run "$tmp/second" --threads 3 > "$tmp/second.out" 2> "$tmp/second.err"; second=$?
ok "run ends with 0, or 4 where few patients do not suffice" test "$first" = 0 -o "$first" = 4
ok "the same exit code" test "$first" = "$second"
sed 's/first/second/g' "$tmp/first.out" > "$tmp/first.renamed"
ok "the same result" cmp "$tmp/first.renamed" "$tmp/second.out"
ok "warnings and notes, too" sh -c "sed 's/first/second/g' '$tmp/first.err' | cmp - '$tmp/second.err'"

# Reports: all of them, byte by byte.
ok "reports are there" sh -c "ls '$tmp/first/reports' | grep -q '^cohort.html$' && ls '$tmp/first/reports' | grep -q '^cohort.pdf$' && [ \$(ls '$tmp/first/reports' | grep -c '^patient_[0-9]*.pdf$') = 24 ]"
(cd "$tmp/first/reports" 2>/dev/null && ls) > "$tmp/reports"
for f in $(cat "$tmp/reports"); do
    cmp -s "$tmp/first/reports/$f" "$tmp/second/reports/$f" || fail "report $f differs"
done
ok "as many reports" test "$(find "$tmp/first/reports" -type f | wc -l)" = "$(find "$tmp/second/reports" -type f | wc -l)"

# Tables: all that says nothing of when.
"$REOX" export "$tmp/first" --out "$tmp/first.csv" >/dev/null 2>&1
"$REOX" export "$tmp/second" --out "$tmp/second.csv" --threads 2 >/dev/null 2>&1
ok "tables are there" test -f "$tmp/first.csv/v_feature.csv" -a -f "$tmp/first.csv/v_wide.csv" -a -f "$tmp/first.csv/v_term.csv"
for f in "$tmp/first.csv"/*; do
    case $f in */v_run.csv) continue;; esac
    cmp -s "$f" "$tmp/second.csv/$(basename "$f")" || fail "table $(basename "$f") differs"
    pass
done
ok "models have terms" sh -c "[ \$(wc -l < '$tmp/first.csv/v_term.csv') -gt 8 ]"

# A second run finds nothing to do and changes no byte of a report.
(cd "$tmp/first/reports" && find . -type f | LC_ALL=C sort | xargs sha256sum) > "$tmp/before"
ok "run again" sh -c "'$REOX' run '$tmp/first' > '$tmp/again.out' 2>&1; [ \$? = $first ]"
(cd "$tmp/first/reports" && find . -type f | LC_ALL=C sort | xargs sha256sum) > "$tmp/after"
ok "the same reports after a second run" cmp "$tmp/before" "$tmp/after"

# What the database holds agrees with the truth: measured FHV against the expectation, by patient and time point.
ok "measured hypoxia is what truth.json expects" python3 - "$tmp" <<'P'
import csv, json, sys
t = json.load(open(sys.argv[1] + "/first/truth.json"))["patients"]
n, total = 0, 0.0
for row in csv.DictReader(open(sys.argv[1] + "/first.csv/v_feature.csv")):
    if row["feature"] != "fhv": continue
    at = t[row["patient"]]["timepoints"][row["timepoint"]]
    off = abs(float(row["value"]) - at["expected"]["fhv"])
    assert off < (.12 if at["true"]["volume_ml"] > 20 else .3), (row, at)
    n += 1; total += off
assert n == sum(a["scanned"] for p in t.values() for a in p["timepoints"].values()), n
assert total / n < .03, total / n
P
done_testing
