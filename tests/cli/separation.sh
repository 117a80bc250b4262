#!/bin/sh
# tests/cli/separation.sh: the classic fourteen patients, measured on images: a plain logistic model has no finite answer, and says so.
. "$(dirname "$0")/../lib.sh"

for seed in 1 2; do
    echo "{\"scenario\": \"separation\", \"seed\": $seed, \"centers\": [\"B\"]}" > "$tmp/spec.json"
    ok "simulate $seed" "$REOX" simulate "$tmp/spec.json" --out "$tmp/s$seed" -q
    ok "ingest $seed" "$REOX" ingest "$tmp/s$seed" -q
    ok "extract $seed" "$REOX" extract "$tmp/s$seed" -q
    ok "export $seed" "$REOX" export "$tmp/s$seed" --out "$tmp/c$seed" -q
    ok "8 of 14 respond" python3 -c "
import csv, sys
rows = list(csv.DictReader(open(sys.argv[1])))
assert len(rows) == 14 and sum(int(r['responder']) for r in rows) == 8" "$tmp/s$seed/clinical.csv"
    for v in fhv tbr_max; do
        "$REOX" stat logistic "responder ~ fmiso_pre_$v" --data "$tmp/c$seed/v_wide.csv" --json > "$tmp/ml.json" 2>/dev/null; code=$?
        ok "seed $seed: no finite odds ratio of $v" test "$code" = 4
        ok "seed $seed: $v separates completely" grep -q complete_separation "$tmp/ml.json"
    done
    "$REOX" stat logistic "responder ~ fmiso_pre_fhv" --data "$tmp/c$seed/v_wide.csv" --penalty firth --json > "$tmp/firth.json" 2>/dev/null; code=$?
    ok "seed $seed: Firth's penalty answers, and hypoxia is bad" sh -c "[ $code = 0 ] && python3 -c '
import json, sys
j = json.load(open(sys.argv[1]))
assert j[\"coef\"][\"fmiso_pre_fhv\"] < 0 and j[\"p_pen_lr\"][\"fmiso_pre_fhv\"] < .01, j' '$tmp/firth.json'"
done
done_testing
