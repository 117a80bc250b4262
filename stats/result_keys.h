/* stats/result_keys.h: shapes that the answers of many methods share. */
#ifndef REOX_STATS_RESULT_KEYS_H
#define REOX_STATS_RESULT_KEYS_H

#include <stddef.h>

#include "core/json.h"
#include "stats/method.h"

/* {chisq, df, p} */
Json *set_test(Json *object, const char *key, double chisq, double df, double p);
/* The same with p from the chi-square distribution. */
Json *set_chisq_test(Json *object, const char *key, double chisq, double df);

/* {"age": 0.1, "sex": -0.5}, and {"rows", "cols", "data"} by the same terms; NaN and infinities are null. */
Json *set_by_term(Json *object, const char *key, const double *x, size_t n, char *const *term);
Json *set_matrix_by_term(Json *object, const char *key, const double *x, size_t n, char *const *term);

/* profile_ci95 (after `conf`) of likelihood limits m (p x 2, lower and upper), and a diagnosis for each that has an edge instead (stats/profile.h). */
void set_profile_limits(Json *object, double conf, const double *m, const double *edge, size_t p, char *const *term);

/* robust_vcov, robust_se and what they are, of a sandwich v (n x n) of stats/influence.h. ERR_NOMEM. */
Rc set_robust(Json *object, const double *v, size_t n, char *const *term, bool by_cluster, Err *e);

/* [lower, upper] */
Json *set_limits(Json *object, const char *key, double lower, double upper);

/* "lower95" for "lower" at 0.95, "lower90" at 0.9, "lower99.9" at 0.999. buf of KEY_MAX. */
enum { KEY_MAX = 64 };
const char *level_key(char buf[KEY_MAX], const char *stem, double conf);
void set_level_number(Json *object, const char *stem, double conf, double x);
/* "ci95_delong" for stem "ci" and tail "_delong". */
void set_level_limits(Json *object, const char *stem, double conf, const char *tail, double lower, double upper);

/* The level of intervals of a call (0.95), and its two-sided normal quantile. */
double call_conf(const StatCall *c);
double conf_z(double conf);

/* A number as the name of a row or column: "12", "0.5". buf of KEY_MAX. */
const char *number_key(char buf[KEY_MAX], double x);

/* Names of n numbers; arena memory, NULL when memory is out. */
const char **number_keys(const double *x, size_t n, Arena *a);

#endif
