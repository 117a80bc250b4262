/* sample_cohort/marginal.h: made by tools/marginal_coefficients.c; do not edit. */
#ifndef REOX_SAMPLE_COHORT_MARGINAL_H
#define REOX_SAMPLE_COHORT_MARGINAL_H
static const double marginal_os[4][2][4] = { { { 0 } } };
#endif
