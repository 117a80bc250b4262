/* stats/output.c: the shapes that analyses print. */
#include "stats/output.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "stats/dist.h"
#include "stats/linalg.h"

Json *out_by_term(Json *out, const char *key, const double *x, size_t n, char *const *term)
{
    Json *o = json_set(out, key, json_object());
    for (size_t i = 0; i < n; i++) json_set_number(o, term[i], x[i]);
    return o;
}

Json *out_matrix_by_term(Json *out, const char *key, const double *x, size_t n, char *const *term)
{
    return json_set_matrix(out, key, x, n, n, (const char *const *)term, (const char *const *)term);
}

Json *out_test(Json *out, const char *key, double chisq, double df)
{
    Json *o = json_set(out, key, json_object());
    json_set_number(o, "chisq", chisq);
    json_set_number(o, "df", df);
    json_set_number(o, "p", df > 0 ? chisq_sf(chisq, df) : (double)NAN);
    return o;
}

double quadratic_form_inverse(const double *x, const double *v, int p)
{
    Err ignored = { 0 };
    double result = NAN;
    if (p == 0) return 0;
    double *L = malloc((size_t)(p * p) * sizeof *L), *y = malloc((size_t)p * sizeof *y);
    if (L && y) {
        memcpy(L, v, (size_t)(p * p) * sizeof *L);
        /* Scaled to unit diagonal: columns may be of any size. */
        double *s = malloc((size_t)p * sizeof *s);
        bool fine = s != NULL;
        for (int i = 0; fine && i < p; i++) { fine = L[i * p + i] > 0; s[i] = fine ? 1 / sqrt(L[i * p + i]) : 0; }
        for (int i = 0; fine && i < p; i++) for (int j = 0; j < p; j++) L[i * p + j] *= s[i] * s[j];
        if (fine && linalg_cholesky(L, p, &ignored) == OK) {
            for (int i = 0; i < p; i++) y[i] = x[i] * s[i];
            linalg_cholesky_solve(L, p, y, 1);
            result = 0;
            for (int i = 0; i < p; i++) result += y[i] * x[i] * s[i];
        }
        free(s);
    }
    free(L);
    free(y);
    return result;
}
