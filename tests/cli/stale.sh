#!/bin/sh
# tests/cli/stale.sh: run does again what is stale and nothing else; what is in the database in the end depends on the files alone.
. "$(dirname "$0")/../lib.sh"

printf '{"n": 10, "seed": 11}' > "$tmp/spec.json"
ok "simulate" "$REOX" simulate "$tmp/spec.json" --out "$tmp/s"
cat > "$tmp/s/study.json" <<'J'
{ "name": "stale", "clinical": "clinical.csv", "scans": "scans.csv", "timepoints": ["pre", "mid", "end"],
  "hypoxia": { "FMISO": { "reference": "blood", "threshold": 1.4, "operator": ">=" } },
  "features": { "families": ["statistics", "hypoxia"] },
  "endpoints": { "os": { "time": "os_months", "event": "os_event", "time_unit": "months" }, "response": { "column": "responder" } },
  "models": [ { "name": "os_age", "method": "cox", "formula": "Surv(os_months, os_event) ~ age" },
              { "name": "os_pre", "method": "cox", "formula": "Surv(os_months, os_event) ~ fmiso_pre_tbr_max" } ] }
J
run() { "$REOX" run "$tmp/s" --threads 2 --json >"$tmp/json" 2>"$tmp/log"; }
# number STEP GROUP KEY: of the last run
number() { tr -d ' \n' < "$tmp/json" | sed -E "s/.*\"$1\":\{\"schema\":\"[^\"]*\",(.*)/\1/; s/.*\"$2\":\{([^}]*)\}.*/\1/; s/.*\"$3\":([0-9]+).*/\1/"; }
# scans computed by the extract of the last run
computed() { tr -d ' \n' < "$tmp/json" | sed -E 's/.*"extract":\{"schema":"[^"]*","scans":\{[^}]*"computed":([0-9]+).*/\1/'; }
state_of() { tr -d ' \n' < "$tmp/json" | grep -oE "\"(name|model)\":\"$1\"[^{]*\"status\":\"[a-z_]+\"" | sed -E 's/.*"status":"([a-z_]+)"/\1/' | head -n 1; }
written() { tr -d ' \n' < "$tmp/json" | grep -oE '"written":[0-9]+' | tail -n 1 | cut -d: -f2; }

ok "first run" run
first=$(computed)
ok "computed all" test "$first" -gt 12
ok "second run" run
ok "computes nothing" test "$(computed)" = 0
ok "fits nothing" test "$(state_of os_pre)" = unchanged
ok "writes nothing" test "$(written)" = 0

# A corrected mask of a scan that no model reads.
done_end=$(awk -F, 'NR > 1 && $2 == "end" && $4 == "done" { print $1; exit }' "$tmp/s/scans.csv")
done_pre=$(awk -F, 'NR > 1 && $2 == "pre" && $4 == "done" { print $1; exit }' "$tmp/s/scans.csv")
mask() { awk -F, -v p="$1" -v t="$2" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == "roi_" r) k = i } NR > 1 && $1 == p && $2 == t { print $k }' r="$3" "$tmp/s/scans.csv"; }
gtv=$(mask "$done_end" end gtv); other=$(mask "$done_end" end muscle)
cp "$tmp/s/$gtv" "$tmp/gtv"
cp "$tmp/s/$other" "$tmp/s/$gtv"
ok "run after a corrected mask" run
ok "computes that scan" test "$(computed)" = 1
ok "names it" grep -q "scan $done_end/end/fmiso changed" "$tmp/log"
ok "the models stand" test "$(state_of os_pre)$(state_of os_age)" = unchangedunchanged
ok "reports are made again" test "$(written)" -gt 0

# A corrected mask of a scan that one model reads.
gtv2=$(mask "$done_pre" pre gtv)
cp "$tmp/s/$gtv2" "$tmp/gtv2"
cp "$tmp/s/$(mask "$done_pre" pre blood)" "$tmp/s/$gtv2"
ok "run after another" run
ok "computes it" test "$(computed)" = 1
ok "its model is fitted again, the other is not" test "$(state_of os_pre)$(state_of os_age)" = fittedunchanged

# Longer follow-up.
cp "$tmp/s/clinical.csv" "$tmp/clinical.csv"
awk -F, -v OFS=, 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == "os_months") k = i } NR == 3 { $k = $k + 7 } { print }' "$tmp/clinical.csv" > "$tmp/s/clinical.csv"
ok "run after longer follow-up" run
ok "no features" test "$(computed)" = 0
ok "both models" test "$(state_of os_pre)$(state_of os_age)" = fittedfitted

# A report that somebody changed or removed.
rm "$tmp/s/reports/cohort.html"
ok "run without the report" run
ok "the report is back" test -s "$tmp/s/reports/cohort.html"
ok "with its twin, and nothing else" test "$(written)" = 2

# Everything as it was: the same content as a database that never saw the detour.
cp "$tmp/gtv" "$tmp/s/$gtv"; cp "$tmp/gtv2" "$tmp/s/$gtv2"; cp "$tmp/clinical.csv" "$tmp/s/clinical.csv"
ok "run back again" run
"$REOX" export "$tmp/s" --out "$tmp/detour" >/dev/null
ok "straight" "$REOX" run "$tmp/s" --db "$tmp/straight.db" --threads 1
"$REOX" export "$tmp/s" --db "$tmp/straight.db" --out "$tmp/straight" >/dev/null
for v in "$tmp"/straight/*.csv; do
    b=$(basename "$v")
    [ "$b" = v_run.csv ] || ok "same content of $b" cmp "$v" "$tmp/detour/$b"
done
done_testing
