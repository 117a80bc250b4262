/* stats/dist.h: distribution functions, good to 1e-13 relative in both tails. */
#ifndef REOX_STATS_DIST_H
#define REOX_STATS_DIST_H

#include <stdbool.h>

/* cdf: P(X <= x); sf: P(X > x), never 1 - cdf; quantile: smallest x with cdf >= p. NaN for arguments that cannot be.
 * log_sf where p-values underflow. */
double normal_cdf(double x);
double normal_sf(double x);
double normal_pdf(double x);
double normal_quantile(double p);
double normal_two_sided_p(double z);          /* P(|Z| >= |z|) */
double chisq_cdf(double x, double df);
double chisq_sf(double x, double df);
double chisq_quantile(double p, double df);
double t_cdf(double x, double df);            /* df may be infinite */
double t_sf(double x, double df);
double t_two_sided_p(double t, double df);
double t_quantile(double p, double df);
double f_cdf(double x, double df1, double df2);
double f_sf(double x, double df1, double df2);
double f_quantile(double p, double df1, double df2);
double beta_cdf(double x, double a, double b);
double beta_sf(double x, double a, double b);
double beta_quantile(double p, double a, double b);
double gamma_cdf(double x, double shape);     /* scale 1 */
double gamma_sf(double x, double shape);
double gamma_quantile(double p, double shape);
double binomial_pmf(double k, double n, double p);
double binomial_cdf(double k, double n, double p);
double log_gamma(double x);
double log_choose(double n, double k);
double digamma(double x);
double trigamma(double x);

#endif
