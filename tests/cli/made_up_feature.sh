#!/bin/sh
# tests/cli/made_up_feature.sh: a feature is one row of features.def: with nothing else changed it is listed, stored, exported and
# documented. A copy of the tree is built with one row more.
. "$(dirname "$0")/../lib.sh"

tree=$tmp/tree
mkdir -p "$tree/build"
(cd "$here" && for f in *; do [ "$f" = build ] || cp -a "$f" "$tree/"; done)
cp -a "$here/build/$MODE" "$tree/build/$MODE"
cat >> "$tree/features/features.def" <<'ROW'
FEATURE(STATISTICS_MADE_UP, STATISTICS, "", "statistics_made_up", "furlong", NEEDS_INTENSITY, "A row that only a test knows.", "nowhere")
ROW
ok "builds" make -s -C "$tree" -j2 MODE="$MODE" all docs
made=$tree/build/$MODE/reox

ok "is listed" sh -c "'$made' list features --json | grep -q '\"name\": \"statistics_made_up\"'"
ok "is documented" grep -q 'statistics_made_up.*furlong.*A row that only a test knows' "$tree/build/$MODE/docs/features.md"
ok "is not in the program itself" sh -c "! '$REOX' list features --json | grep -q statistics_made_up"

printf '{"n": 2, "seed": 3}' > "$tmp/spec.json"
ok "simulate" "$made" simulate "$tmp/spec.json" --out "$tmp/study"
printf '{"clinical": "clinical.csv", "scans": "scans.csv", "timepoints": ["pre", "mid", "end"],
         "features": {"families": ["statistics", "hypoxia"]}}' > "$tmp/study/study.json"
# Values of the program without the row are stale for the one that has it.
ok "run without it" "$REOX" run "$tmp/study"
ok "run with it" "$made" run "$tmp/study"
ok "export" "$made" export "$tmp/study" --out "$tmp/out"
ok "is in the database, long" grep -q ',statistics_made_up,NA,NA,undefined,' "$tmp/out/v_feature.csv"
ok "is in the database, wide" sh -c "head -n 1 '$tmp'/out/v_wide_*_pre.csv | grep -q '_pre_statistics_made_up'"
ok "is in the dictionary" grep -q 'statistics_made_up,furlong,.*A row that only a test knows' "$tmp/out/dictionary.csv"
done_testing
