/* stats/output.h: the shapes that analyses print: objects by term, tests, matrices by term (COMMANDS.md §1). */
#ifndef REOX_STATS_OUTPUT_H
#define REOX_STATS_OUTPUT_H

#include <stddef.h>

#include "core/json.h"
#include "stats/method.h"

/* {"age": 0.1, "sex": -0.5}; NaN and infinities are null. */
Json *out_by_term(Json *out, const char *key, const double *x, size_t n, char *const *term);
Json *out_matrix_by_term(Json *out, const char *key, const double *x, size_t n, char *const *term);
/* {"chisq": …, "df": …, "p": …} */
Json *out_test(Json *out, const char *key, double chisq, double df);
/* x'V^-1 x; NaN where V has no inverse. */
double quadratic_form_inverse(const double *x, const double *v, int p);

#endif
