/* stats/cox_single.c: one covariate in each lane, on rows sorted once. */
#include "stats/cox_single.h"

#include <math.h>

#include "core/sum.h"
#include "stats/concordance_lanes.h"
#include "stats/cox_lanes.h"

enum { GROUP_SMALL = 12 };
#define MISSING 0x1p1000           /* sorts last */
#define VALUE_MAX 1e100

Rc cox_single_init(CoxSingle *s, const double *time, const double *event, size_t n, CoxTies ties, Arena *a, Err *e)
{
    Rc rc = OK;
    size_t *order = ARENA_NEW(a, n + 1, size_t);
    *s = (CoxSingle){ .group = ARENA_NEW(a, n + 2, size_t) };
    if (!order || !s->group) return err_nomem(e);
    TRY(cox_time_order(order, n, NULL, time, event, e));
    TRY(cox_data_init(&s->data, &(CoxInput){ .n = n, .time = time, .event = event, .order = order, .ties = ties }, a, e));
    for (size_t i = 0; i < n; i++)
        if (i == 0 || s->data.time[i] != s->data.time[i - 1] || s->data.event[i] != s->data.event[i - 1]) s->group[s->n_groups++] = i;
    s->group[s->n_groups] = n;
out:
    return rc;
}

/* Rows of one time and event by value, so that no sum depends on the file's order; a missing one comes last. */
static FOR_EACH_WIDTH void sort_groups(Lanes *x, const CoxSingle *s)
{
    for (size_t g = 0; g < s->n_groups; g++) {
        const size_t from = s->group[g], to = s->group[g + 1];
        if (to - from > GROUP_SMALL) continue;
        for (size_t i = from + 1; i < to; i++)
            for (size_t k = i; k > from; k--) {
                const Lanes a = x[k - 1], b = x[k];
                const LanesMask swap = lanes_below(b, a);
                x[k - 1] = lanes_select(swap, b, a);
                x[k] = lanes_select(swap, a, b);
            }
    }
}

static void sort_large_groups(Lanes *x, const CoxSingle *s, double *room)
{
    for (size_t g = 0; g < s->n_groups; g++) {
        const size_t from = s->group[g], m = s->group[g + 1] - from;
        for (int l = 0; l < LANES && m > GROUP_SMALL; l++) {
            for (size_t i = 0; i < m; i++) room[i] = x[from + i][l];
            sort_doubles(room, m);
            for (size_t i = 0; i < m; i++) x[from + i][l] = room[i];
        }
    }
}

/* w: 1 for the rows that have the covariate, else 0. */
static FOR_EACH_WIDTH void mark(Lanes *w, const Lanes *x, size_t n)
{
    for (size_t i = 0; i < n; i++) w[i] = lanes_select(lanes_below(x[i], lanes_all(MISSING)), lanes_all(1), lanes_all(0));
}

/* The predictor's order: x, or turned round, or all the same. */
static FOR_EACH_WIDTH void turn(Lanes *x, const Lanes *coef, size_t n)
{
    const Lanes sign = lanes_select(*coef > 0, lanes_all(1), lanes_select(*coef < 0, lanes_all(-1), lanes_all(0)));
    for (size_t i = 0; i < n; i++) x[i] *= sign;
}

Rc cox_single_fit(CoxSingleFit *f, bool *found, const CoxSingle *s, const double *const *x, size_t m, Err *e)
{
    Rc rc = OK;
    Arena a = { 0 };
    const CoxData *d = &s->data;
    const size_t n = d->n;
    Lanes *z = lanes_new(&a, n), *w = lanes_new(&a, n), mean, sd, rows, c;
    double *room = ARENA_NEW(&a, n + 1, double);
    CoxLanes q;
    LanesMaximum best;
    bool wild[LANES] = { false };
    for (size_t l = 0; l < m; l++) found[l] = false;
    if (!z || !w || !room) { rc = err_nomem(e); goto out; }
    if (d->n_events == 0) goto out;
    for (size_t i = 0; i < n; i++)
        for (size_t l = 0; l < LANES; l++) {
            const double v = l < m ? x[l][d->order[i]] : NAN;
            z[i][l] = isnan(v) ? MISSING : v;
            wild[l] = wild[l] || fabs(v) > VALUE_MAX;
        }
    sort_groups(z, s);
    sort_large_groups(z, s, room);
    mark(w, z, n);
    lanes_standardise(z, w, &mean, &sd, &rows, n);
    TRY(cox_lanes_init(&q, d, true, &a, e));
    cox_lanes_columns(&q, z, w);
    TRY(cox_lanes_maximise(&best, &q, true, &a, e));
    turn(z, best.g, n);
    TRY(concordance_lanes(&c, d, z, w, e));
    for (size_t l = 0; l < m; l++) {
        /* Far from 0 the values lose digits, and extreme scales overflow: that is for the general way. */
        found[l] = best.found[l] && !wild[l] && sd[l] > 1e-6 * fabs(mean[l]) && sd[l] > 1 / VALUE_MAX;
        if (!found[l]) continue;
        f[l] = (CoxSingleFit){ .n = rows[l], .coef = best.g[0][l] / sd[l], .se = sqrt(best.vcov[0][l]) / sd[l], .loglik = best.value[l],
                               .loglik_null = best.value_start[l], .c = c[l],
                               .score_chisq = best.score_start[0][l] * best.score_start[0][l] / best.info_start[0][l] };
    }
out:
    arena_free(&a);
    return rc;
}
