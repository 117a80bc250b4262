/* sample_cohort/marginal.h: made by tools/marginal_coefficients.c; do not edit. */
#ifndef REOX_SAMPLE_COHORT_MARGINAL_H
#define REOX_SAMPLE_COHORT_MARGINAL_H

/* Log hazard ratios of overall survival of z0, zm, v, a: by scenario (null, pre, mid, both), without and with censoring.
 * From 1000000 simulated patients each. */
static const double marginal_os[4][2][4] = {
    { { 0.0003, -0.0001, 0.2771, 0.1795 }, /* null, censoring off; SE 0.0031 0.0030 0.0011 0.0010 */
      { -0.0000, -0.0013, 0.2805, 0.1897 } }, /* null, censoring on; SE 0.0037 0.0036 0.0013 0.0012 */
    { { 0.5160, 0.0056, 0.2763, 0.1796 }, /* pre, censoring off; SE 0.0031 0.0030 0.0010 0.0010 */
      { 0.5231, -0.0026, 0.2798, 0.1889 } }, /* pre, censoring on; SE 0.0038 0.0036 0.0013 0.0012 */
    { { -0.0010, 0.5221, 0.2799, 0.1812 }, /* mid, censoring off; SE 0.0031 0.0030 0.0010 0.0010 */
      { 0.0019, 0.5205, 0.2790, 0.1838 } }, /* mid, censoring on; SE 0.0038 0.0037 0.0013 0.0012 */
    { { 0.1693, 0.3496, 0.2789, 0.1791 }, /* both, censoring off; SE 0.0031 0.0030 0.0010 0.0010 */
      { 0.1664, 0.3551, 0.2824, 0.1861 } }, /* both, censoring on; SE 0.0038 0.0037 0.0013 0.0012 */
};

#endif
