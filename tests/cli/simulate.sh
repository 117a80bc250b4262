#!/bin/sh
# tests/cli/simulate.sh: reox simulate: the same bytes whatever machine and threads, its files, its refusals.
. "$(dirname "$0")/../lib.sh"

echo '{"n": 3, "seed": 3, "centers": ["A", "B", "C", "D"]}' > "$tmp/spec.json"
hashes() { (cd "$1" && find . -type f | LC_ALL=C sort | xargs sha256sum); }
same() { hashes "$1" > "$1.sum"; hashes "$2" > "$2.sum"; [ -s "$1.sum" ] && cmp -s "$1.sum" "$2.sum"; }

ok "one thread" "$REOX" simulate "$tmp/spec.json" --out "$tmp/one" --threads 1
ok "two threads" "$REOX" simulate "$tmp/spec.json" --out "$tmp/two" --threads 2
ok "same bytes with one and two threads" same "$tmp/one" "$tmp/two"
ok "files" test -f "$tmp/one/study.json" -a -f "$tmp/one/clinical.csv" -a -f "$tmp/one/scans.csv" -a -f "$tmp/one/truth.json" -a -f "$tmp/one/scans/P001_pre.nii.gz"
ok "again into its own folder" "$REOX" simulate "$tmp/spec.json" --out "$tmp/one" --threads 2
ok "same bytes again" same "$tmp/one" "$tmp/two"

# glibc takes other code for exp, log and sin when these instructions are masked; the simulator must not notice.
ok "on a processor without FMA and AVX2" env GLIBC_TUNABLES=glibc.cpu.hwcaps=-FMA,-AVX2,-FMA4 "$REOX" simulate "$tmp/spec.json" --out "$tmp/old" --threads 2
ok "same bytes without FMA and AVX2" same "$tmp/old" "$tmp/two"
ok "on a processor with SSE2 alone" env GLIBC_TUNABLES=glibc.cpu.hwcaps=-FMA,-AVX2,-AVX,-SSE4_1,-SSE4_2,-SSSE3,-ERMS "$REOX" simulate "$tmp/spec.json" --out "$tmp/older" --threads 1
ok "same bytes with SSE2 alone" same "$tmp/older" "$tmp/two"
if make_comma_locale; then
    ok "in another locale" in_comma_locale "$REOX" simulate "$tmp/spec.json" --out "$tmp/comma"
    ok "same bytes in another locale" same "$tmp/comma" "$tmp/two"
else
    skip "same bytes in another locale" "localedef or the sources of locales are not installed"
fi

echo '{"n": 3, "seed": 4, "images": false}' > "$tmp/tables.json"
ok "tables alone" "$REOX" simulate "$tmp/tables.json" --out "$tmp/tables"
ok "no images" test ! -d "$tmp/tables/scans"
ok "no scan is done" sh -c "! grep -q ,done, '$tmp/tables/scans.csv'"
echo '{"n": 3, "seed": 5, "images": false}' > "$tmp/other.json"
"$REOX" simulate "$tmp/other.json" --out "$tmp/other" >/dev/null 2>&1
ok "another seed, other patients" sh -c "! cmp -s '$tmp/tables/clinical.csv' '$tmp/other/clinical.csv'"
ok "json" sh -c "'$REOX' simulate '$tmp/tables.json' --out '$tmp/tables' --json | python3 -c '
import json, sys
j = json.load(sys.stdin)
assert j[\"schema\"] == \"reox.simulate/1\" and j[\"patients\"] == 3 and j[\"spec\"][\"images\"] is False'"
ok "truth" python3 - "$tmp/one" <<'P'
import csv, json, math, os, sys
d = sys.argv[1]
t = json.load(open(d + "/truth.json"))
patients = list(csv.DictReader(open(d + "/clinical.csv")))
scans = list(csv.DictReader(open(d + "/scans.csv")))
assert [p["patient"] for p in patients] == list(t["patients"]) and len(patients) == t["spec"]["n"] == 3
assert set(t["coefficients"]) == {"os", "lrf", "response"} and set(t["coefficients"]["os"]) == {"z0", "zm", "v", "a"}
for s in scans:
    at = t["patients"][s["patient"]]["timepoints"][s["timepoint"]]
    assert at["scanned"] == (s["status"] == "done")
    for key in "image", "roi_gtv", "roi_blood", "roi_muscle":
        assert os.path.isfile(f"{d}/{s[key]}") if at["scanned"] else s[key] == ""
    for kind in "true", "expected":
        x = at[kind]
        assert 0 <= x["fhv"] <= 1 and abs(x["hv_ml"] - x["fhv"] * x["volume_ml"]) < 1e-9 and x["tbr_max"] >= x["tbr_mean"] > 0
for p in patients:
    x = t["patients"][p["patient"]]
    assert abs(x["covariates"]["a"] - (float(p["age"]) - 66) / 8.5) < 1e-9
    f = x["timepoints"]["pre"]["aimed_fhv"]
    assert abs(x["covariates"]["z0"] - (math.log(f / (1 - f)) + .10) / 1.9) < 1e-9
    os_time = min(x["uncensored"]["os_months"], x["uncensored"]["censored_at_months"])
    assert abs(float(p["os_months"]) - os_time) < .001 and int(p["os_event"]) == (x["uncensored"]["os_months"] == os_time)
P
ok "own effects have no marginal coefficients" sh -c "echo '{\"n\":1,\"images\":false,\"effects\":{\"lrf\":{\"zm\":1}}}' > '$tmp/own.json' && '$REOX' simulate '$tmp/own.json' --out '$tmp/own' && grep -q '\"os\": null' '$tmp/own/truth.json'"

refused "no folder named" 2 'out' "$REOX" simulate "$tmp/spec.json"
refused "no specification" 2 '' "$REOX" simulate --out "$tmp/x"
refused "unknown key" 3 'sed' sh -c "echo '{\"sed\": 1}' > '$tmp/bad.json'; '$REOX' simulate '$tmp/bad.json' --out '$tmp/x'"
refused "broken file" 3 'bad.json' sh -c "echo '{\"n\": ' > '$tmp/bad.json'; '$REOX' simulate '$tmp/bad.json' --out '$tmp/x'"
refused "no such file" 3 'none.json' "$REOX" simulate "$tmp/none.json" --out "$tmp/x"
ok "what is refused writes nothing" test ! -e "$tmp/x"
mkdir "$tmp/mine"; echo '{}' > "$tmp/mine/study.json"
refused "somebody's own study" 3 'not simulated' "$REOX" simulate "$tmp/tables.json" --out "$tmp/mine"
ok "it is left alone" sh -c "[ \"\$(cat '$tmp/mine/study.json')\" = '{}' ]"
refused "a folder that cannot be made" 1 'reox: ' "$REOX" simulate "$tmp/tables.json" --out /proc/none


# Interrupted: 130, no tables; and it can be done again.
echo '{"n": 400, "seed": 9}' > "$tmp/long.json"
timeout --preserve-status -s INT 1 "$REOX" simulate "$tmp/long.json" --out "$tmp/long" > "$tmp/.out" 2> "$tmp/.err"; code=$?
ok "interrupted" test "$code" = 130
ok "interrupted: no half study" test ! -e "$tmp/long/study.json"

done_testing
