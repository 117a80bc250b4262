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
# What overflows once squared is refused with its line, and a fit that fails says so in its diagnosis, in every method.
awk -F, 'BEGIN { OFS = "," } NR == 5 { $5 = "1e300" } { print }' "$tmp/d.csv" >"$tmp/huge.csv"
for f in 'cox Surv(t,e)~x' 'screen Surv(t,e)~x' 'linear t~x' 'logistic e~x' 'concordance Surv(t,e)~x' 'lmm t~x+(1|a)'; do
    refused "a number too large: $f" 3 'huge.csv:5: x is 1e\+300, expected a number within 1e\+75 of 0' "$REOX" stat "${f%% *}" "${f#* }" --data "$tmp/huge.csv"
done
printf 'y,v\n1,1e300\n2,2e300\n4,1e299\n' >"$tmp/meta.csv"
refused "a variance too large" 3 'meta.csv:2: estimate 1 with variance 1e\+300' "$REOX" stat meta 'y ~ 1' --variance v --data "$tmp/meta.csv"
# So is a column whose squares vanish: one over them is not finite. A single such number among others, or a column of 0, is none.
awk -F, 'BEGIN { OFS = "," } NR > 1 { $5 = $5 / 11 "e-160" } { print }' "$tmp/d.csv" >"$tmp/tiny.csv"
for f in 'cox Surv(t,e)~x' 'screen Surv(t,e)~x' 'linear t~x' 'logistic e~x' 'concordance Surv(t,e)~x' 'lmm t~x+(1|a)' 'cox Surv(x,e)~t' 'linear x~t'; do
    refused "numbers too small: $f" 3 'tiny.csv: x is never further from 0 than .*e-1[56]., expected more than 1e-75' "$REOX" stat "${f%% *}" "${f#* }" --data "$tmp/tiny.csv"
done
refused "numbers too small: a ridge" 3 'tiny.csv: x is never further' "$REOX" stat cox 'Surv(t,e)~x' --lambda2 1 --data "$tmp/tiny.csv"
awk -F, 'BEGIN { OFS = "," } NR == 5 { $5 = "1e-300" } { print }' "$tmp/d.csv" >"$tmp/one_tiny.csv"
ok "p-values near 0" "$REOX" stat padjust '~x' --data "$tmp/tiny.csv"
ok "one small number among others" "$REOX" stat cox 'Surv(t,e)~x' --lambda2 1 --data "$tmp/one_tiny.csv"

head -n 4 "$tmp/d.csv" >"$tmp/three.csv"
for f in 'x+frailty(a)' 'x+(1|a)' 'pspline(x,df=3)'; do
    "$REOX" stat cox "Surv(t, e) ~ $f" --data "$tmp/three.csv" --json >"$tmp/three" 2>/dev/null; code=$?
    ok "three rows: $f" python3 -c "import json; d = json.load(open('$tmp/three')); assert $code == 0 or $code == 4 and d['diagnosis'], ($code, d)"
done

# Smooth terms, powers and time in a coefficient are Cox's own: elsewhere x would pass for them.
for term in 'tt(x)' 'pspline(x,df=3)' 'fp(x)'; do
    own=${term%%(*}
    for m in survreg performance compare validate screen concordance km logrank timeroc rmst; do
        more=; case $m in validate) more='--bootstrap 5';; compare) more="--versus Surv(t,e)~x --thresholds .2 --times 3";; esac
        # shellcheck disable=SC2086
        refused "$m ~ $term" 2 "$m takes no $own\(\)" "$REOX" stat $m "Surv(t, e) ~ $term" --data "$tmp/d.csv" $more
    done
    refused "validate of a response ~ $term" 2 "validate takes no $own\\(\\)" "$REOX" stat validate "e ~ $term" --data "$tmp/d.csv" --bootstrap 5
    for m in linear logistic ordinal lmm roc twosample; do
        refused "$m ~ $term" 2 "$m takes no $own\(\)" "$REOX" stat $m "e ~ $term" --data "$tmp/d.csv"
    done
    refused "clogit ~ $term" 2 "clogit takes no $own\(\)" "$REOX" stat clogit "e ~ $term + strata(a)" --data "$tmp/d.csv"
    refused "finegray ~ $term" 2 "finegray takes no $own\(\)" "$REOX" stat finegray "Surv(t, b) ~ $term" --data "$tmp/d.csv"
done
refused "validate of a response has no times" 2 'a response has no --times' "$REOX" stat validate 'e ~ x' --bootstrap 5 --times 3 --data "$tmp/d.csv"
refused "validate has one time" 2 '2 --times' "$REOX" stat validate 'Surv(t, e) ~ x' --bootstrap 5 --times 3,4 --data "$tmp/d.csv"
refused "repeats without folds" 2 'repeats goes with --folds' "$REOX" stat validate 'e ~ x' --bootstrap 5 --repeats 3 --data "$tmp/d.csv"

# A column of text that is one word in every row is said, never passed over.
awk 'BEGIN { print "t,e,g,x,y"; for (i = 1; i <= 24; i++) print i % 13 + 1 "," (i % 3 > 0) ",left," i * 7 % 11 "," i % 2 }' >"$tmp/one.csv"
for m in roc concordance timeroc elasticnet; do
    left="Surv(t, e)"; [ $m = roc ] && left=y
    set --; [ $m = timeroc ] && set -- --times 5
    "$REOX" stat $m "$left ~ g + x" --data "$tmp/one.csv" "$@" --json >"$tmp/said" 2>/dev/null; code=$?
    ok "$m: a constant category beside a marker" sh -c "[ $code = 0 ] && grep -q \"g is 'left' in every row and was left out\" '$tmp/said'"
    refused "$m: a constant category alone" 4 "constant_column: g is 'left' in every row" "$REOX" stat $m "$left ~ g" --data "$tmp/one.csv" "$@"
done
refused "maxstat: a constant category" 4 "constant_column: g is 'left'" "$REOX" stat maxstat 'Surv(t, e) ~ g' --data "$tmp/one.csv"

# Readings are numbers: the indicator columns of a category would be taken for raters.
awk 'BEGIN { print "a,b,c,g"; for (i = 1; i <= 12; i++) print i % 5 "," (i == 4 ? "none" : i % 4) "," i % 3 "," substr("xyz", i % 3 + 1, 1) }' >"$tmp/read.csv"
for m in icc paired correlation; do
    refused "$m: a word among the readings" 3 "read.csv:5: b is 'none', expected a number" "$REOX" stat $m '~ a + b' --data "$tmp/read.csv"
    refused "$m: a category" 3 "read.csv:2: g is 'y', expected a number" "$REOX" stat $m '~ g' --data "$tmp/read.csv"
    refused "$m: a category made of numbers" 2 'factor\(c\) is a category' "$REOX" stat $m '~ factor(c)' --data "$tmp/read.csv"
done
done_testing
