#!/bin/sh
# tests/cli/robust_errors.sh: --cluster and --robust of the models that have a likelihood: on the screen, in the help, whatever the order of rows.
. "$(dirname "$0")/../lib.sh"

awk 'BEGIN { print "t,e,y,o,x,cl"; for (i = 1; i <= 60; i++) print i * 37 % 23 + 1 "," (i % 4 > 0) "," i * 13 % 29 + i % 7 / 2 "," substr("LMH", i * 5 % 3 + 1, 1) "," i * 7 % 11 ",c" i % 12 }' >"$tmp/d.csv"
{ head -1 "$tmp/d.csv"; tail -n +2 "$tmp/d.csv" | sort -t, -k5,5 -k1,1r; } >"$tmp/shuffled.csv"
of() { case $1 in linear) echo 'y ~ x';; survreg) echo 'Surv(t, e) ~ x';; ordinal) echo 'o ~ x';; logistic) echo 'e ~ x';; esac; }
for m in linear survreg ordinal logistic; do
    levels=; [ $m = ordinal ] && levels="--levels o=L,M,H"
    for data in d shuffled; do
        # shellcheck disable=SC2086
        "$REOX" stat $m "$(of $m)" --data "$tmp/$data.csv" --cluster cl $levels --json >"$tmp/$data.json" 2>"$tmp/err" || fail "$m by cluster: $(cat "$tmp/err")"
    done
    ok "$m: rows in another order" cmp "$tmp/d.json" "$tmp/shuffled.json"
    # shellcheck disable=SC2086
    ok "$m: cluster() is --cluster" python3 - "$tmp/d.json" "$REOX" $m "$(of $m)" "$tmp/d.csv" $levels <<'P'
import json, subprocess, sys
kept, reox, method, formula, data, *levels = sys.argv[1:]
a = json.load(open(kept))
run = lambda f, *more: json.loads(subprocess.run([reox, "stat", method, f, "--data", data, "--json", *more, *levels], capture_output=True, check=True, text=True).stdout)
b, rows, plain = run(formula + " + cluster(cl)"), run(formula, "--robust"), run(formula)
assert a["robust_vcov"] == b["robust_vcov"] and "by cluster" in a["robust_convention"]
assert "HC0" in rows["robust_convention"] and rows["robust_vcov"] != a["robust_vcov"] and "robust_se" not in plain
assert a["vcov"] == rows["vcov"] == plain["vcov"] and a["coef"] == plain["coef"]
P
    ok "$m: on the screen" sh -c "\"\$1\" stat $m \"\$2\" --data \"\$3\" --cluster cl $levels | grep -q robust_se" sh "$REOX" "$(of $m)" "$tmp/d.csv"
    ok "$m: in the help" sh -c "\"\$1\" stat $m --help | grep -q -- '--robust'" sh "$REOX"
done
refused "a mixed model has its groups" 2 'lmm takes no --cluster' "$REOX" stat lmm 'y ~ x + (1|cl)' --data "$tmp/d.csv" --cluster cl
done_testing
