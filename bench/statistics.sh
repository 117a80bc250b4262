#!/bin/sh
# bench/statistics.sh BUILD [TASK ...]: statistics on generated data (bench/statistics.c), beside R where it is there (bench/rows.sh). At the lambdas of
# a cross-validated path glmnet stops early: 1e-4. Fine-Gray and a table of 1e6 rows take R a minute each: BENCH_QUICK=1 leaves them out.
# The last line is "KEPT BROKEN".
set -u
cd "$(dirname "$0")/.." || exit 1
. bench/rows.sh
tasks="cox_1e3 cox_1e4 cox_1e5 cox_1e6 cox_40_times start_stop zph bootstrap screening validate concordance concordance_1e5 file_1e5 path path_1e5"
[ "${BENCH_QUICK:-}" ] || tasks="$tasks finegray file_1e6"
rows_begin statistics "$tasks" "$@"
echo "Statistics (PCG32, seed 20261125)$([ -s "$tmp/R" ] || echo ': no R here, times in passes over the data')"
row cox_1e3 15 "Cox, 20 covariates, 1e3 subjects"
row cox_1e3 15 "  with cox.zph by four transforms and dfbetas" cox_1e3_reported
row cox_1e3_bare 3 "  the fit alone"
row cox_1e4 15 "Cox, 20 covariates, 1e4 subjects"
row cox_1e4 15 "  with cox.zph by four transforms and dfbetas" cox_1e4_reported
row cox_1e4_bare 3 "  the fit alone"
row cox_1e5 20 "Cox, 20 covariates, 1e5 subjects"
row cox_1e5_bare 4 "  the fit alone"
row cox_1e6 25 "Cox, 20 covariates, 1e6 subjects"
row cox_1e6_bare 5 "  the fit alone"
row cox_40_times 70 "Cox, one covariate, 1e6 subjects, 40 distinct times"
row cox_40_times_bare 5 "  the fit alone"
row start_stop 20 "Cox, start and stop, 10 covariates, 1e5 rows"
row start_stop_bare 6.4 "  the fit alone, against R's agreg.fit"
row zph 6.7 "cox.zph, 10 covariates, 1e4 subjects: four at once"
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
row path_cv 10 "  with 10-fold cross-validation" path_cv 1e-4
row path_binomial_cv 2 "  the same, logistic" path_binomial_cv 1e-4
row path_1e5 1 "elastic-net logistic path, n = 1e5, p = 50"
rows_end
