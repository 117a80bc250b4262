#!/bin/sh
# tests/cli/made_up_row.sh: a row added to features.def shows in the list, the output, the database and the documentation, with no
# other edit. Builds the program a second time, without optimisation, in a folder of its own.
. "$(dirname "$0")/../lib.sh"
if [ "$MODE" != release ]; then skip "a made-up row" "built in release mode alone"; done_testing; fi
if ! command -v git >/dev/null || ! git -C "$here" rev-parse --git-dir >/dev/null 2>&1; then
    skip "a made-up row" "no list of source files without git"; done_testing
fi

tree=$tmp/tree
mkdir "$tree"
(cd "$here" && git ls-files -z --cached --others --exclude-standard | xargs -0 cp --parents -t "$tree" 2>/dev/null)
cat >>"$tree/features/features.def" <<'ROW'
FEATURE(STATISTICS_MADE_UP, STATISTICS, "", "statistics_made_up", "1", NEEDS_INTENSITY, "A row that a test made up.", "nobody")
ROW
ok "builds" env -u MAKEFLAGS -u MFLAGS make -C "$tree" -s -j2 MODE=release OPT_release=-O0 all docs
made=$tree/build/release/reox
ok "list" sh -c "$made list features | grep -q 'statistics_made_up.*A row that a test made up.*nobody'"
ok "list as JSON" sh -c "$made list features --json | grep -q '\"statistics_made_up\"'"
ok "documentation" grep -q '`statistics_made_up`.*A row that a test made up.*nobody' "$tree/build/release/docs/features.md"
echo '{"n": 1, "missing": false}' >"$tmp/spec.json"
ok "simulate" "$made" simulate "$tmp/spec.json" --out "$tmp/study" -q
echo '{"name": "made up", "clinical": "clinical.csv", "scans": "scans.csv", "timepoints": ["pre", "mid", "end"]}' >"$tmp/study/study.json"
ok "ingest" "$made" ingest "$tmp/study" -q
ok "extract" "$made" extract "$tmp/study" -q
ok "export" "$made" export "$tmp/study" --out "$tmp/csv" -q
ok "database: a value, undefined for want of a computation" sh -c "grep -rq 'statistics_made_up.*no computation' $tmp/csv"
ok "data dictionary" sh -c "grep -rq 'A row that a test made up' $tmp/csv"
done_testing
