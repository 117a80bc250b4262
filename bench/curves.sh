#!/bin/sh
# bench/curves.sh BUILD: survival curves, rank methods and logistic regression on generated data (bench/curves.c), beside R in the same run
# where Rscript is there: how many times R's time, against the goal; else seconds. One thread, CPU time; the answers must agree to 1e-6. What R
# does in more than a minute is left out with BENCH_QUICK=1. The last line is "KEPT BROKEN".
set -u
cd "$(dirname "$0")/.." || exit 1
build=$1 kept=0 broken=0
tmp=$(mktemp -d); trap 'rm -rf "$tmp"' EXIT
"$build/bench/curves" "$tmp" >"$tmp/reox" || exit 1
tasks="logistic_1e4 logistic_1e5 curves_1e5 timeroc_200 timeroc_1000 maxstat meta"
[ "${BENCH_QUICK:-}" ] || tasks="$tasks logistic_1e6 curves_1e6"
: >"$tmp/R"
# shellcheck disable=SC2086
if command -v Rscript >/dev/null; then Rscript bench/curves.R "$tmp" $tasks >"$tmp/R" 2>"$tmp/R.err" || cat "$tmp/R.err" >&2; fi
# TASK GOAL WORDS: at least GOAL times as fast as R; without a goal: seconds.
row() {
    r=$(awk -v t="$1" '$1 == t' "$tmp/R")
    x=$(awk -v t="$1" '$1 == t' "$tmp/reox")
    [ "$x" ] || return
    # shellcheck disable=SC2086
    set -- "$1" "$2" "$3" $x ${r:-}
    if [ "$2" = - ] || [ $# -lt 9 ]; then
        awk -v w="$3" -v s="$5" 'BEGIN { printf "  %-56s %9.4f s\n", w, s }'
        return
    fi
    if awk -v a="$6" -v b="$9" 'BEGIN { d = (a - b) / b; if (d < 0) d = -d; exit !(d < 1e-6) }'; then same=; else same="   ANOTHER ANSWER: $6, R $9"; fi
    if [ -z "$same" ] && awk -v s="$5" -v r="$8" -v g="$2" 'BEGIN { exit !(r >= g * s) }'; then kept=$((kept + 1)); word=; else broken=$((broken + 1)); word="   TOO SLOW"; fi
    [ -z "$same" ] || word=$same
    awk -v w="$3" -v s="$5" -v r="$8" -v g="$2" -v x="$word" 'BEGIN { printf "  %-56s %9.4f s, R %8.3f s: %6.1f times, at least %s%s\n", w, s, r, r / s, g, x }'
}
echo "Curves, ranks, logistic regression (PCG32, seed 20261126)$([ -s "$tmp/R" ] || echo ': no R here, seconds alone')"
row logistic_1e4_bare 6 "logistic, 20 covariates, 1e4 rows: the fit alone"
row logistic_1e5_bare 6 "  1e5 rows"
row logistic_1e6_bare 6 "  1e6 rows"
row logistic_1e4 - "  the method, 20 leave-one-out tests with it: 1e4 rows"
row logistic_1e5 - "  1e5 rows"
row logistic_1e6 - "  1e6 rows"
row km_days_1e5 25 "Kaplan-Meier, whole days, 1e5 rows"
row km_days_1e6 25 "  1e6 rows"
row km_months_1e5 25 "  all times distinct, 1e5 rows"
row km_months_1e6 25 "  1e6 rows"
row km_months_1e6_method - "  the method: limits, quantiles, JSON's tree: 1e6 rows"
row logrank_1e5 25 "log-rank test of two groups, 1e5 rows"
row logrank_1e6 25 "  1e6 rows"
row delong_1e5_all 5 "paired DeLong test, 1e5 rows"
row delong_1e6_all 5 "  1e6 rows"
row cif_1e5 10 "cumulative incidence and Gray's test, 1e5 rows"
row cif_1e6 - "  1e6 rows"
row timeroc_200 100 "time-dependent AUC with errors, 3 times, n = 200"
row timeroc_1000 100 "  n = 1,000"
row timeroc_1e5 - "  1e5 rows"
row timeroc_1e6 - "  1e6 rows"
row performance_1e5 - "Brier score, AUC, calibration at 3 times, 1e5 rows"
row performance_1e6 - "  1e6 rows"
row maxstat_all 10 "maximally selected statistics, n = 200: all five p"
row maxstat_permutations 3 "  9,999 permutations"
row meta 50 "REML meta-analysis of 30 studies"
echo "$kept $broken"
