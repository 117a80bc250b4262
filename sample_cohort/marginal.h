/* sample_cohort/marginal.h: made by tools/marginal_coefficients.c; do not edit. */
#ifndef REOX_SAMPLE_COHORT_MARGINAL_H
#define REOX_SAMPLE_COHORT_MARGINAL_H

/* Log hazard ratios of overall survival of z0, zm, v, a: by scenario (null, pre, mid, both), without and with censoring.
 * From 4000000 simulated patients each. */
static const double marginal_os[4][2][4] = {
    { { -0.0004, 0.0005, 0.2779, 0.1797 }, /* null, censoring off; SE 0.0015 0.0015 0.0005 0.0005 */
      { -0.0010, 0.0009, 0.2811, 0.1875 } }, /* null, censoring on; SE 0.0019 0.0018 0.0006 0.0006 */
    { { 0.5202, 0.0011, 0.2783, 0.1800 }, /* pre, censoring off; SE 0.0015 0.0015 0.0005 0.0005 */
      { 0.5214, -0.0001, 0.2791, 0.1862 } }, /* pre, censoring on; SE 0.0019 0.0018 0.0006 0.0006 */
    { { 0.0014, 0.5199, 0.2783, 0.1802 }, /* mid, censoring off; SE 0.0015 0.0015 0.0005 0.0005 */
      { 0.0008, 0.5211, 0.2800, 0.1858 } }, /* mid, censoring on; SE 0.0019 0.0019 0.0006 0.0006 */
    { { 0.1680, 0.3512, 0.2788, 0.1802 }, /* both, censoring off; SE 0.0015 0.0015 0.0005 0.0005 */
      { 0.1678, 0.3552, 0.2805, 0.1861 } }, /* both, censoring on; SE 0.0019 0.0018 0.0006 0.0006 */
};

#endif
