#!/bin/sh
# bench/statistics.sh BUILD: statistics on generated data (bench/statistics.c), beside R in the same run where Rscript is there: how many
# times R's time, against the goal; else the time in passes over the data. One thread, CPU time. The answers must agree to 1e-6, the
# cross-validated path, at whose lambdas glmnet stops early, to 1e-4. Fine-Gray and a table of 1e6 rows take R a minute each: BENCH_QUICK=1 leaves them out. The last line is
# "KEPT BROKEN".
set -u
cd "$(dirname "$0")/.." || exit 1
build=$1 kept=0 broken=0
tmp=$(mktemp -d); trap 'rm -rf "$tmp"' EXIT
"$build/bench/statistics" "$tmp" >"$tmp/reox" || exit 1
tasks="cox_1e5 cox_1e6 bootstrap screening validate concordance concordance_1e5 file_1e5 path path_1e5"
[ "${BENCH_QUICK:-}" ] || tasks="$tasks finegray file_1e6"
: >"$tmp/R"
# shellcheck disable=SC2086
if command -v Rscript >/dev/null; then Rscript bench/statistics.R "$tmp" $tasks >"$tmp/R" 2>"$tmp/R.err" || cat "$tmp/R.err" >&2; fi
# TASK GOAL WORDS [TASK-OF-R]: at least GOAL times as fast as R.
row() {
    r=$(awk -v t="${4:-$1}" '$1 == t' "$tmp/R")
    x=$(awk -v t="$1" '$1 == t' "$tmp/reox")
    [ "$x" ] || return
    # shellcheck disable=SC2086
    set -- "$1" "$2" "$3" $x ${r:-}
    if [ $# -lt 10 ]; then
        awk -v w="$3" -v s="$5" -v f="$7" 'BEGIN { printf "  %-56s %9.4f s, %.0f passes over the data\n", w, s, s / f }'
        return
    fi
    if awk -v a="$6" -v b="${10}" -v t="$1" 'BEGIN { d = (a - b) / b; if (d < 0) d = -d; exit !(d < (t ~ /path.*cv/ ? 1e-4 : 1e-6)) }'; then same=; else same="   ANOTHER ANSWER: $6, R ${10}"; fi
    if [ -z "$same" ] && awk -v s="$5" -v r="$9" -v g="$2" 'BEGIN { exit !(r >= g * s) }'; then kept=$((kept + 1)); word=; else broken=$((broken + 1)); word="   TOO SLOW"; fi
    [ -z "$same" ] || word=$same
    awk -v w="$3" -v s="$5" -v r="$9" -v g="$2" -v x="$word" 'BEGIN { printf "  %-56s %9.4f s, R %8.3f s: %6.1f times, at least %s%s\n", w, s, r, r / s, g, x }'
}
echo "Statistics (PCG32, seed 20261125)$([ -s "$tmp/R" ] || echo ': no R here, times in passes over the data')"
row cox_1e5 20 "Cox, 20 covariates, 1e5 subjects"
row cox_1e5_bare 4 "  the fit alone"
row cox_1e6 25 "Cox, 20 covariates, 1e6 subjects"
row cox_1e6_bare 5 "  the fit alone"
row bootstrap 60 "1,000 bootstrap refits, n = 200, 5 covariates"
row bootstrap 5 "  against R's bare fit" bootstrap_bare
row logistic_refits 50 "1,000 bootstrap refits, logistic, against R's glm.fit"
row validate 20 "validate: optimism by 200 resamples, n = 200"
row firth_cox 0 "Firth's Cox model with its limits, n = 200"
row firth_logistic 0 "Firth's logistic model with its limits, n = 200"
row screening 150 "1,000 univariable Cox models, n = 200"
row screening 7 "  against R's bare fit" screening_bare
row concordance 7 "Concordance with its error, 1e6 subjects"
row concordance_1e5 7 "  1e5 subjects"
row file_1e5 20 "Cox from a CSV of 1e5 rows, 17 digits, to JSON"
row file_1e6 20 "  1e6 rows, 6 decimals"
row finegray 500 "Fine-Gray with variance, n = 1e4, 5 covariates"
row finegray_1e6 0 "  1e6 subjects"
row path 10 "elastic-net Cox path, n = 200, p = 1,000"
row path_cv 10 "  with 10-fold cross-validation"
row path_binomial_cv 2 "  the same, logistic"
row path_1e5 1 "elastic-net logistic path, n = 1e5, p = 50"
echo "$kept $broken"
