#!/bin/sh
# tests/cli/special_terms.sh: cox with pspline(), tt(), fp(), frailties, penalties: collinear columns are named and dropped as elsewhere, and
# what these models have no answer to is refused by name.
. "$(dirname "$0")/../lib.sh"

awk 'BEGIN { print "t,d,x,y,x2,sum,one,g,s"
    for (i = 1; i <= 80; i++) { x = i * 37 % 83 / 10; y = i * i % 89 / 8
        print i * 29 % 97 + 1 "," (i % 4 > 0) "," x "," y "," 2 * x "," x + y ",1," substr("abc", i % 3 + 1, 1) "," substr("uv", i % 2 + 1, 1) } }' >"$tmp/d.csv"
cox() { f=$1; shift; "$REOX" stat cox "Surv(t,d) ~ $f" --data "$tmp/d.csv" --tt 'log(t + 1)' "$@"; }

# formula | the same without what is dropped | who is to blame
while IFS='|' read -r full less pattern; do
    refused "$full" 4 "$pattern" cox "$full"
    cox "$full" --drop-collinear --json >"$tmp/full" 2>/dev/null; cox "$less" --json >"$tmp/less" 2>/dev/null
    ok "$full is $less" python3 - "$tmp/full" "$tmp/less" <<'P'
import json, math, sys
a, b = (json.load(open(f)) for f in sys.argv[1:])
assert math.isclose(a["loglik"], b["loglik"], rel_tol=1e-10), (a["loglik"], b["loglik"])
kept = {k: v for k, v in a["coef"].items() if v is not None}
assert list(kept) == list(b["coef"]) and len(kept) < len(a["coef"])
for k, v in kept.items(): assert math.isclose(v, b["coef"][k], rel_tol=1e-6, abs_tol=1e-8), (k, v, b["coef"][k])
P
done <<'T'
pspline(x,df=3) + x2|pspline(x,df=3)|^reox: collinear: x2 = 2\*pspline\(x,df=3\):linear .*drops x2
x2 + pspline(x,df=3)|pspline(x,df=3)|^reox: collinear: x2 = 2\*pspline\(x,df=3\):linear .*drops x2
pspline(x,df=3) + y + sum|pspline(x,df=3) + y|^reox: collinear: sum = 1\*pspline\(x,df=3\):linear \+ 1\*y
pspline(x,df=3) + one + y|pspline(x,df=3) + y|^reox: constant_column: one has
x + tt(x) + x2|x + tt(x)|^reox: collinear: x2 = 2\*x
x + x2 + tt(x)|x + tt(x)|^reox: collinear: x2 = 2\*x
x + tt(x) + tt(x2)|x + tt(x)|^reox: collinear: tt\(x2\) = 2\*tt\(x\)
x + y + sum + tt(y)|x + y + tt(y)|^reox: collinear: sum = 1\*x \+ 1\*y
x + tt(one)|x|^reox: constant_column: tt\(one\) has the same value in every row of a risk set
x + I(x + 3 * (s == 'u')) + strata(s)|x + strata(s)|^reox: collinear: I\(.*= 1\*x
I(s == 'u') + x + strata(s)|x + strata(s)|^reox: constant_column: I\(.*in every row of a stratum
T
refused "two smooths with one line" 4 'the line of pspline\(x2,df=3\) is in the smooth' cox 'pspline(x,df=3) + pspline(x2,df=3)' --drop-collinear
# tt(x2) is not x: nothing to drop.
ok "x + tt(x2)" cox 'x + tt(x2)'

while IFS='|' read -r f options pattern; do
    # shellcheck disable=SC2086
    refused "$f $options" 2 "cox: $pattern do not go together" cox "$f" $options
done <<'T'
pspline(x,df=3) + tt(y)||pspline\(\) and tt\(\)
fp(x) + tt(y)||fp\(\) and tt\(\)
fp(x) + pspline(y,df=3)||fp\(\) and pspline\(\)
tt(x) + frailty(g)||frailty\(\) and tt\(\)
pspline(x,df=3) + frailty(g)||frailty\(\) and pspline\(\)
pspline(x,df=3)|--penalty firth|--penalty firth and pspline\(\)
x + frailty(g)|--penalty firth|--penalty firth and frailty\(\)
x + tt(x)|--lambda2 1|--lambda1, --lambda2 and tt\(\)
x + y|--lambda2 1 --penalty firth|--lambda1, --lambda2 and --penalty firth
x + y|--lambda2 1 --profile|--lambda1, --lambda2 and --profile
x + y|--penalty firth --step backward|--penalty firth and --step
x + y + cluster(g)|--penalty firth|--penalty firth and --cluster
x + y + cluster(g)|--lambda1 1 --lambda2 1|--lambda1, --lambda2 and --cluster
x + frailty(g)|--residuals|frailty\(\) and --residuals
x + tt(x)|--baseline|tt\(\) and --baseline
T
# A factor 1 in time: Firth's fit of tt(x) is that of x.
ok "Firth with tt()" sh -c "\"\$1\" stat cox 'Surv(t,d) ~ tt(x)' --tt 't*0+1' --data \"\$2\" --penalty firth --json | grep -A2 '\"coef\"' | grep -o -- '-*[0-9.]*[0-9]' | head -c 12 >\"\$3/a\"
    \"\$1\" stat cox 'Surv(t,d) ~ x' --data \"\$2\" --penalty firth --json | grep -A2 '\"coef\"' | grep -o -- '-*[0-9.]*[0-9]' | head -c 12 >\"\$3/b\"; test -s \"\$3/a\" && cmp \"\$3/a\" \"\$3/b\"" sh "$REOX" "$tmp/d.csv" "$tmp"
done_testing
