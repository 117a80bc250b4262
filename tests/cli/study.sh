#!/bin/sh
# tests/cli/study.sh: ingest, extract, run and export at the command line: exit codes, what is done again, interruption.
. "$(dirname "$0")/../lib.sh"

printf '{"n": 3, "seed": 5, "missing": false}' > "$tmp/spec.json"
ok "simulate" "$REOX" simulate "$tmp/spec.json" --out "$tmp/s"
printf '{"clinical": "clinical.csv", "scans": "scans.csv", "timepoints": ["pre", "mid", "end"]}' > "$tmp/s/study.json"

refused "extract without database" 1 'no database yet' "$REOX" extract "$tmp/s"
refused "no study" 3 'study.json' "$REOX" ingest "$tmp"
ok "no database is made for a refused study" test ! -e "$tmp/reox.db"
refused "export without --out" 2 '\-\-out' "$REOX" export "$tmp/s"
ok "ingest" "$REOX" ingest "$tmp/s"
ok "says what is new" sh -c "'$REOX' ingest '$tmp/s' --json | tr -d ' \n' | grep -q '\"new\":0,\"changed\":0,\"unchanged\":9'"
ok "database for the owner alone" sh -c "test \"\$(stat -c %a '$tmp/s/reox.db')\" = 600"
ok "extract on one thread" "$REOX" extract "$tmp/s" --threads 1
ok "elsewhere, on two threads" "$REOX" run "$tmp/s" --db "$tmp/other.db" --threads 2
chmod -R a-w "$tmp/s"
ok "reports of a run elsewhere too" "$REOX" run "$tmp/s" --db "$tmp/other.db" --out "$tmp/pages"
ok "all of them" test -s "$tmp/pages/cohort.html"
ok "a study without a name has a title" grep -q "<title>Study without a name" "$tmp/pages/cohort.html"
chmod -R u+w "$tmp/s"
for d in s/reox.db other.db; do "$REOX" export "$tmp/s" --db "$tmp/$d" --out "$tmp/out_$(dirname $d)" >/dev/null; done
for v in "$tmp"/out_s/*.csv; do
    b=$(basename "$v")
    case $b in v_run.csv|v_model*|v_term*|v_prediction*) continue;; esac      # what a run fits and when is another matter
    ok "same bytes in $b" cmp "$v" "$tmp/out_./$b"
done

# A table refused whole: exit 3, nothing but run, rejection and audit grows, and it is over when the table is whole again.
cp "$tmp/s/scans.csv" "$tmp/scans.csv"
sed 's/,SUV,/,kBq,/' "$tmp/scans.csv" > "$tmp/s/scans.csv"
refused "bad unit" 3 'scans.csv:2.*kBq' "$REOX" ingest "$tmp/s"
cp "$tmp/scans.csv" "$tmp/s/scans.csv"
ok "whole again" "$REOX" ingest "$tmp/s"

# A row that left the list leaves the results, and the log says so.
sed '$d' "$tmp/scans.csv" > "$tmp/s/scans.csv"
"$REOX" run "$tmp/s" >/dev/null 2>"$tmp/log"
ok "the log names the scan that left" grep -q 'left scans.csv' "$tmp/log"
ok "its values are gone" sh -c "'$REOX' export '$tmp/s' --out '$tmp/gone' && test \$(grep -c . '$tmp/gone/v_scan.csv') = 9"

# Interrupted: exit 130, and what was finished is kept.
rm -f "$tmp/s/reox.db"
cp "$tmp/scans.csv" "$tmp/s/scans.csv"
"$REOX" run "$tmp/s" --threads 1 >/dev/null 2>"$tmp/err" &
pid=$!
while [ ! -e "$tmp/s/reox.db" ] && kill -0 $pid 2>/dev/null; do :; done
kill -INT $pid 2>/dev/null
wait $pid; code=$?
if [ $code = 130 ]; then pass; else [ $code = 0 ] && skip "interrupted" "it was through before the signal" || fail "interrupted: exit $code"; fi
ok "goes on" "$REOX" run "$tmp/s"

# Images of which nothing is outlined are no error.
sed -i '1s/roi_/x_/g' "$tmp/s/scans.csv"
ok "no region at all" "$REOX" run "$tmp/s" --db "$tmp/none.db" --out "$tmp/none"
ok "exported all the same" "$REOX" export "$tmp/s" --db "$tmp/none.db" --out "$tmp/none"
done_testing
