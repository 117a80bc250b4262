#!/bin/sh
# tests/cli/stat_text.sh: a result as people read it: tables with labels, decimal signs below each other, no line wider than a terminal.
. "$(dirname "$0")/../lib.sh"

awk 'BEGIN { print "t,e,g,größe,x,y"; for (i = 1; i <= 60; i++)
    print (i * 37) % 41 + 1 "," (i % 3 > 0) "," (i % 2 ? "low" : "high") "," (i * 7 % 11) * 1000 "," (i * 13 % 17) / 100 "," (i % 5 < 2) }' >"$tmp/d.csv"
text() { what=$1; shift; "$REOX" stat "$@" --data "$tmp/d.csv" >"$tmp/$what" 2>"$tmp/$what.err" || { fail "$what: exit $?"; cat "$tmp/$what.err"; }; }
# judge FILE EXPRESSION: of the lines l of a file, as characters
judge() { python3 -c '
import re, sys
l = open(sys.argv[1], encoding="utf-8").read().split("\n")
table = lambda title: l[l.index(title) + 1:][:next(i for i, s in enumerate(l[l.index(title) + 1:] + [""]) if not s)]
assert eval(sys.argv[2]), "\n".join(l)' "$@"; }

text cox cox 'Surv(t,e)~größe+x+g'
ok "decimal signs of a column stand below each other" judge "$tmp/cox" \
    'len({m.start() for s in l if re.match("  (größe|x|glow) ", s) for m in [re.search(r"(?<=\d)\.|\.(?=\d)", s)]}) == 1 and sum(bool(re.match("  (größe|x|glow) ", s)) for s in l) >= 3'
ok "the tests of the model are one table" judge "$tmp/cox" 'next(i for i, s in enumerate(l) if s.startswith("  score_test")) == next(i for i, s in enumerate(l) if s.startswith("  lr_test")) + 1'
ok "one time transform is shown, the others named" judge "$tmp/cox" '"zph_km" in l and "zph_rank" not in l and "with --json: zph_rank zph_identity zph_log" in l'

text km km 'Surv(t,e)~g' --times 10,20 --tau 30
ok "limits carry curve and time" judge "$tmp/km" '[s.split()[:2] for s in table("ci_log")] == [["strata", "time"]] + [[g, t] for g in ("g=high", "g=low") for t in ("10", "20")]'
ok "one row a curve carries the curve" judge "$tmp/km" '[s.split()[0] for s in table("rmst: tau 30")] == ["strata", "g=high", "g=low"]'

text roc roc 'y~x+größe'
ok "a table wider than a line goes on below, labels again" judge "$tmp/roc" \
    'sum(s.startswith("  x ") for s in l) == sum(s.startswith("  größe ") for s in l) >= 2 and "ci95_delong" in table("markers")[0]'
ok "limits are one cell" judge "$tmp/roc" 're.search(r"0\.\d+ to 0\.\d+", table("markers")[1])'
for f in cox km roc; do
    ok "$f: lines fit, none ends in a blank" judge "$tmp/$f" 'all(len(s) <= 118 or re.match("(convention|note): ", s) for s in l) and not any(s.endswith(" ") for s in l)'
done

# 250 terms are more than a table; what cannot be estimated is NA
python3 -c '
import random
random.seed(1)
print(",".join(["y"] + ["x%d" % j for j in range(250)]))
for i in range(400): print(",".join([str(random.gauss(0, 1)) for j in range(251)]))' >"$tmp/wide.csv"
"$REOX" stat linear "y~$(seq -s + -f 'x%g' 0 249)" --data "$tmp/wide.csv" >"$tmp/wide" 2>/dev/null
ok "251 coefficients are counted" grep -qx 'coef: 251 entries, with --json' "$tmp/wide"
awk 'BEGIN { print "t,e,x,z"; for (i = 1; i <= 20; i++) print i "," (i <= 10) "," (i <= 10) "," i * 7 % 5 }' >"$tmp/d.csv"
"$REOX" stat cox 'Surv(t,e)~x+z' --data "$tmp/d.csv" >"$tmp/separated" 2>/dev/null; code=$?
ok "no estimate is NA, exit 4" sh -c "[ $code = 4 ] && grep -Eq '^  x +NA' '$tmp/separated'"

# four analyses of every method of the reference, as text
if [ -x "$REFERENCE/stats/check_stats.py" ]; then
    python3 "$REFERENCE/stats/check_stats.py" --list 2>/dev/null | grep '^reox stat' | grep -v -E -- '--(newdata|foldid|resamples) ' | sort -u | awk 'seen[$3]++ < 4' >"$tmp/commands"
    n=0
    while read -r program rest; do
        (cd "$REFERENCE/stats/data" && eval "\"\$REOX\" $rest") >"$tmp/one" 2>"$tmp/one.err"; code=$?
        [ "$code" = 3 ] && grep -q 'cannot be opened' "$tmp/one.err" && continue       # a table that the checker writes
        n=$((n + 1))
        if [ "$code" != 0 ] && [ "$code" != 4 ]; then fail "$program $rest: exit $code"; cat "$tmp/one.err"; fi
        if awk 'length > 140 && !/^(convention|note|[a-z_]+: [a-z])/' "$tmp/one" | grep -q .; then fail "$program $rest: a line is too wide"; fi
    done <"$tmp/commands"
    ok "$n analyses of the reference as text" test "$n" -gt 60
else skip "every analysis as text" "no reference data"; fi
done_testing
