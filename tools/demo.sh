#!/bin/sh
# tools/demo.sh REOX DIR: the main job on the sample cohort: sixty simulated patients with serial FMISO PET, from scans to reports.
set -eu
reox=$1 dir=$2
say() { printf '\n%s\n' "$*"; }
start=$(date +%s)

rm -rf "$dir"
say "1. Sixty simulated patients, up to three scans each, and the truth about them (reox simulate)"
"$reox" simulate sample --out "$dir"

say "2. Scans to features in SQLite, Cox and logistic models, reports (reox run; its warnings are in $dir/run.txt)"
"$reox" run "$dir" -q > "$dir/run.txt"
grep -v '^  !' "$dir/run.txt"

say "3. What that means for one patient (reox predict)"
"$reox" predict "$dir" --model os_pre --patient P003 -q

say "4. Look at (in $(($(date +%s) - start)) seconds)"
reports=$dir/reports
for f in "$reports/cohort.html" "$reports/cohort.pdf"; do
    [ -s "$f" ] || { echo "demo: $f is missing" >&2; exit 1; }
    echo "   $f"
done
n=0; first=
for f in "$reports"/patient_*.pdf; do [ -s "$f" ] && { n=$((n + 1)); first=${first:-$f}; }; done
[ "$n" -gt 0 ] || { echo "demo: no patient's report in $reports" >&2; exit 1; }
echo "   $first and $((n - 1)) more"
echo "   $dir/reox.db     the database: every feature, model and prediction (sqlite3, or $reox export)"
echo "   $dir/truth.json  what was to be found"
