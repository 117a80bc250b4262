#!/bin/sh
# bench/curves.sh BUILD [TASK ...]: survival curves, rank methods and logistic regression on generated data (bench/curves.c), beside R where it is there
# (bench/rows.sh). What R does in more than a minute is left out with BENCH_QUICK=1. The last line is "KEPT BROKEN".
set -u
cd "$(dirname "$0")/.." || exit 1
. bench/rows.sh
tasks="logistic_1e4 logistic_1e5 curves_1e5 timeroc_200 timeroc_1000 maxstat meta"
[ "${BENCH_QUICK:-}" ] || tasks="$tasks logistic_1e6 curves_1e6"
rows_begin curves "$tasks" "$@"
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
rows_end
