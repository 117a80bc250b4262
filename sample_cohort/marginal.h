/* sample_cohort/marginal.h: made by tools/marginal_coefficients.c; do not edit. */
static const double marginal_os[4][2][4] = { { { 0 } } };
