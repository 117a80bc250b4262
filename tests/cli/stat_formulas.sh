#!/bin/sh
# tests/cli/stat_formulas.sh: formulas that a method has no use for are answered, not stumbled over.
. "$(dirname "$0")/../lib.sh"

awk 'BEGIN { print "t,e,a,b,x"; for (i = 1; i <= 24; i++) print i % 13 + 1 "," (i % 3 > 0) "," i % 2 "," i % 3 "," i * 7 % 11 }' >"$tmp/d.csv"

# Groups of a*b are those of a + b: every combination once.
for m in km cif logrank; do
    "$REOX" stat $m 'Surv(t, e) ~ a + b' --data "$tmp/d.csv" --json >"$tmp/plus" 2>/dev/null; plus=$?
    "$REOX" stat $m 'Surv(t, e) ~ a * b' --data "$tmp/d.csv" --json >"$tmp/star" 2>/dev/null; star=$?
    ok "$m ends as it does for a + b" test "$plus" = "$star"
    sed 's/a \* b/a + b/' "$tmp/star" >"$tmp/star2"
    ok "$m ~ a*b" cmp "$tmp/plus" "$tmp/star2"
done
refused "rmst of six groups" 2 'two groups' "$REOX" stat rmst 'Surv(t, e) ~ a * b' --data "$tmp/d.csv"
refused "elasticnet without a response" 2 'elasticnet wants' "$REOX" stat elasticnet '~ a + x' --data "$tmp/d.csv"
done_testing
