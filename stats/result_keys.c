/* stats/result_keys.c: shapes that the answers of many methods share. */
#include "stats/result_keys.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stats/diagnosis.h"
#include "stats/dist.h"

Json *set_test(Json *object, const char *key, double chisq, double df, double p)
{
    Json *t = json_set(object, key, json_object());
    json_set_number(t, "chisq", chisq);
    json_set_number(t, "df", df);
    json_set_number(t, "p", p);
    return t;
}

Json *set_chisq_test(Json *object, const char *key, double chisq, double df)
{
    return set_test(object, key, chisq, df, df > 0 ? chisq_sf(chisq, df) : (double)NAN);
}

static int by_text(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

/* No two of them the same; false also when there is no memory to tell. */
static bool all_different(char *const *term, size_t n)
{
    char **sorted = malloc((n + 1) * sizeof *sorted);
    bool different = sorted != NULL;
    if (sorted) memcpy(sorted, term, n * sizeof *sorted);
    if (sorted) qsort(sorted, n, sizeof *sorted, by_text);
    for (size_t i = 1; different && i < n; i++) different = strcmp(sorted[i - 1], sorted[i]) != 0;
    free(sorted);
    return different;
}

Json *set_by_term(Json *object, const char *key, const double *x, size_t n, char *const *term)
{
    Json *o = json_set(object, key, json_object());
    const bool fresh = all_different(term, n);
    for (size_t i = 0; i < n; i++) (fresh ? json_add : json_set)(o, term[i], json_from_number(x[i]));
    return o;
}

Json *set_matrix_by_term(Json *object, const char *key, const double *x, size_t n, char *const *term)
{
    return json_set_matrix(object, key, x, n, n, (const char *const *)term, (const char *const *)term);
}

Rc set_robust(Json *object, const double *v, size_t n, char *const *term, bool by_cluster, Err *e)
{
    double *se = malloc((n + 1) * sizeof *se);
    if (!se) return err_nomem(e);
    for (size_t j = 0; j < n; j++) se[j] = sqrt(v[j * n + j]);
    set_matrix_by_term(object, "robust_vcov", v, n, term);
    set_by_term(object, "robust_se", se, n, term);
    json_set_text(object, "robust_convention", by_cluster ? "sandwich by cluster without a small-sample factor (CR0); tests and limits are of it"
                                                          : "sandwich by row without a small-sample factor (HC0); tests and limits are of it");
    free(se);
    return OK;
}

void set_profile_limits(Json *object, double conf, const double *m, const double *edge, size_t p, char *const *term)
{
    char key[KEY_MAX];
    static const char *const cols[] = { "lower", "upper" };
    json_set_matrix(object, level_key(key, "profile_ci", conf), m, p, 2, (const char *const *)term, cols);
    for (size_t i = 0; i < 2 * p; i++)
        if (!isnan(edge[i]))
            diagnose(object, "ill_conditioned", "the profile of %s was lost at %.4g, before its %s limit: risks part so far there that no digits are "
                     "left; fewer terms would help", term[i % p], edge[i], cols[i / p]);
}

Json *set_limits(Json *object, const char *key, double lower, double upper)
{
    double x[2] = { lower, upper };
    return json_set_numbers(object, key, x, 2);
}

const char *level_key(char buf[KEY_MAX], const char *stem, double conf)
{
    char number[NUMBER_TEXT_MAX];
    /* 100 * 0.999 is not 99.9 to the bit. */
    snprintf(buf, KEY_MAX, "%s%s", stem, number_write_short(number, nearbyint(1e8 * conf) / 1e6));
    return buf;
}

void set_level_number(Json *object, const char *stem, double conf, double x)
{
    char key[KEY_MAX];
    json_set_number(object, level_key(key, stem, conf), x);
}

void set_level_limits(Json *object, const char *stem, double conf, const char *tail, double lower, double upper)
{
    char key[KEY_MAX], full[2 * KEY_MAX];
    snprintf(full, sizeof full, "%s%s", level_key(key, stem, conf), tail);
    set_limits(object, full, lower, upper);
}

double call_conf(const StatCall *c) { return option_number(c, "conf", 0.95); }

double conf_z(double conf) { return normal_quantile(0.5 + conf / 2); }

const char *number_key(char buf[KEY_MAX], double x)
{
    char number[NUMBER_TEXT_MAX];
    snprintf(buf, KEY_MAX, "%s", number_write_short(number, x));
    return buf;
}

const char **number_keys(const double *x, size_t n, Arena *a)
{
    const char **name = (const char **)arena_array(a, n + 1, sizeof *name);
    char buf[KEY_MAX];
    for (size_t i = 0; name && i < n; i++) {
        name[i] = arena_strdup(a, number_key(buf, x[i]));
        if (!name[i]) return NULL;
    }
    return name;
}
