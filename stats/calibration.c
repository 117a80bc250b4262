/* stats/calibration.c: the smooth calibration curve. */
#include "stats/calibration.h"

#include <math.h>
#include <string.h>

#include "core/order.h"
#include "core/sum.h"
#include "stats/cox_risk.h"
#include "stats/finegray.h"
#include "stats/spline.h"
#include "stats/trained.h"

enum { KNOTS_MAX = 4 };

typedef struct {
    const CalibrationData *d;
    double knot[KNOTS_MAX], low, high;
    int knots, p;              /* knots 0: a straight line */
    Trained model;
    FineGrayFit subdistribution;
    bool competing;
} Smoother;

/* The scale on which a model that needs no recalibration is the identity. Risks of exactly 0 or 1 are moved in by what a double can tell. */
static double transform(const CalibrationData *d, double risk)
{
    double p = fmin(fmax(risk, 1e-12), 1 - 1e-12);
    return d->time ? log(-log1p(-p)) : log(p / (1 - p));
}

static void basis(double *out, const Smoother *s, double z)
{
    if (s->knots) rcs_basis(out, z, s->knot, s->knots);
    else out[0] = z;
}

static double observed(const Smoother *s, double risk)
{
    double b[KNOTS_MAX], eta = s->model.intercept;
    basis(b, s, fmin(fmax(transform(s->d, risk), s->low), s->high));
    if (s->competing) {
        for (int j = 0; j < s->p; j++) eta += b[j] * s->subdistribution.coef[j];
        return finegray_incidence(&s->subdistribution, 0, s->d->horizon, eta);
    }
    for (int j = 0; j < s->p; j++) eta += b[j] * s->model.beta[j];
    TrainData t = { .time = s->d->time, .horizon = s->d->horizon };
    return trained_risk(&s->model, &t, eta);
}

static Rc fit(bool *exists, Smoother *s, const double *z, Arena *a, Err *e)
{
    Rc rc = OK;
    Arena scratch = { 0 };
    const CalibrationData *d = s->d;
    size_t n = d->n, rows = 0;
    double b[KNOTS_MAX], *x = ARENA_ROOM(&scratch, n * (size_t)s->p + 1, double), *event = ARENA_ROOM(&scratch, n + 1, double);
    size_t *row = ARENA_ROOM(&scratch, n + 1, size_t);
    int *state = ARENA_ROOM(&scratch, n + 1, int);
    if (!x || !event || !row || !state) { rc = err_nomem(e); goto out; }
    s->competing = false;
    for (size_t i = 0; i < n; i++) {
        basis(b, s, z[i]);
        for (int j = 0; j < s->p; j++) x[(size_t)j * n + i] = b[j];
        if (!d->weight || d->weight[i] > 0) row[rows++] = i;
        event[i] = d->y[i] == 1;
        state[i] = (int)d->y[i];
        s->competing = s->competing || (d->time && d->y[i] == 2);
    }
    if (!s->competing) {
        const double identity[KNOTS_MAX] = { 1 };      /* what needs no recalibration: the search starts there */
        TrainData t = { .n = n, .p = s->p, .x = x, .time = d->time, .event = event, .horizon = d->time ? d->horizon : NAN, .weight = d->weight,
                        .start = identity };
        TRY(trained_fit(&s->model, &t, row, rows, a, e));
        *exists = s->model.exists;
        goto out;
    }
    FineGrayData f = { .n = n, .p = s->p, .time = d->time, .x = x, .state = state, .convention = FINEGRAY_SURVIVAL,
                       .weight = d->weight };
    Err ignored = { 0 };
    rc = finegray_fit(&s->subdistribution, &f, a, &ignored);
    *exists = rc == OK && s->subdistribution.converged && !s->subdistribution.direction;
    rc = rc == ERR_NOMEM ? err_nomem(e) : OK;
out:
    arena_free(&scratch);
    return rc;
}

/* What is observed where each row's risk is predicted; z: the risks transformed. */
static void observed_by_row(double *out, const Smoother *s, const double *z)
{
    const size_t n = s->d->n;
    double b[KNOTS_MAX];
    if (s->competing || !s->d->time) {
        for (size_t i = 0; i < n; i++) out[i] = observed(s, s->d->risk[i]);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        basis(b, s, z[i]);
        out[i] = -s->model.center;
        for (int j = 0; j < s->p; j++) out[i] += b[j] * s->model.beta[j];
    }
    cox_risks_at(out, out, n, s->model.cumhaz);
}

/* Values in ascending order with the weights of their rows, and these summed up; NULL where rows count alike. */
typedef struct { double *x, *weight, *cum; size_t n; } Counted;

static Rc counted_sort(Counted *c, const double *x, const CalibrationData *d, Arena *a, Err *e)
{
    Rc rc = OK;
    const size_t n = d->n;
    *c = (Counted){ .x = ARENA_ROOM(a, n + 1, double), .n = n };
    if (!c->x) return err_nomem(e);
    if (!d->weight) {
        memcpy(c->x, x, n * sizeof *x);
        sort_doubles(c->x, n);
        return OK;
    }
    size_t *row = ARENA_ROOM(a, n + 1, size_t);
    bool whole = true;
    c->weight = ARENA_ROOM(a, n + 1, double);
    c->cum = ARENA_ROOM(a, n + 1, double);
    if (!row || !c->weight || !c->cum) return err_nomem(e);
    for (size_t i = 0; i < n; i++) {
        row[i] = i;
        whole = whole && d->weight[i] == floor(d->weight[i]);
    }
    TRY(order_by(row, d->weight, n, e));
    TRY(order_by(row, x, n, e));
    Sum s = { 0 };
    for (size_t i = 0; i < n; i++) {
        c->x[i] = x[row[i]];
        c->weight[i] = d->weight[row[i]];
        sum_add(&s, c->weight[i]);
        c->cum[i] = sum_value(&s);
    }
    const double unit = whole ? 1 : (double)n / sum_value(&s);
    for (size_t i = 0; i < n; i++) { c->weight[i] *= unit; c->cum[i] *= unit; }
out:
    return rc;
}

static double counted_quantile(const Counted *c, double p)
{
    return c->cum ? quantile_counted(c->x, c->cum, 0, c->n, p) : quantile_sorted(c->x, c->n, p);
}

static double counted_mean(const Counted *c)
{
    Sum s = { 0 };
    if (!c->weight) return mean_of(c->x, c->n);
    for (size_t i = 0; i < c->n; i++) sum_add(&s, c->weight[i] * c->x[i]);
    return sum_value(&s) / c->cum[c->n - 1];
}

/* Events, and for a response non-events where they are fewer: what a curve can be bent by. */
static double fewer_of(const CalibrationData *d, double rows)
{
    Sum events = { 0 }, all = { 0 };
    for (size_t i = 0; i < d->n; i++) {
        const double w = d->weight ? d->weight[i] : 1;
        sum_add(&events, d->y[i] == 1 ? w : 0);
        sum_add(&all, w);
    }
    const double share = sum_value(&events) / sum_value(&all);
    return rows * (d->time ? share : fmin(share, 1 - share));
}

Rc calibration_curve(CalibrationCurve *out, const CalibrationData *d, const double *grid, size_t n_grid, Arena *a, Err *e)
{
    enum { EVENTS_FOR_FOUR = 100 };
    Rc rc = OK;
    Smoother s = { .d = d };
    Err why = { 0 };
    size_t n = d->n;
    Arena scratch = { 0 };
    Counted by_z, by_risk, by_distance;
    double *z = ARENA_ROOM(&scratch, n + 1, double), *distance = ARENA_ROOM(&scratch, n + 1, double);
    *out = (CalibrationCurve){ .n_grid = n_grid, .grid = ARENA_NEW(a, n_grid + 1, double), .observed = ARENA_NEW(a, n_grid + 1, double),
                               .ici = NAN, .e50 = NAN, .e90 = NAN, .largest = NAN };
    if (!z || !distance || !out->grid || !out->observed) { rc = err_nomem(e); goto out; }
    for (size_t i = 0; i < n; i++) z[i] = transform(d, d->risk[i]);
    TRY(counted_sort(&by_z, z, d, &scratch, e));
    if (n == 0 || by_z.x[0] == by_z.x[n - 1]) goto out;
    s.low = by_z.x[0];
    s.high = by_z.x[n - 1];
    const double fewer = fewer_of(d, by_z.cum ? by_z.cum[n - 1] : (double)n);
    for (int pass = 0; pass < 2 && !out->exists; pass++) {
        s.knots = pass ? 0 : fewer >= EVENTS_FOR_FOUR * (1 - 1e-12) ? 4 : 3;
        if (s.knots && rcs_knots(s.knot, s.knots, by_z.x, by_z.cum, n, &why) != OK) continue;
        s.p = s.knots ? s.knots - 1 : 1;
        TRY(fit(&out->exists, &s, z, a, e));
    }
    if (!out->exists) goto out;
    out->columns = s.p;
    TRY(counted_sort(&by_risk, d->risk, d, &scratch, e));
    double low = counted_quantile(&by_risk, .025), high = counted_quantile(&by_risk, .975);
    for (size_t k = 0; k < n_grid; k++) {
        out->grid[k] = grid ? grid[k] : n_grid > 1 ? low + (high - low) * (double)k / (double)(n_grid - 1) : (low + high) / 2;
        out->observed[k] = observed(&s, out->grid[k]);
    }
    observed_by_row(distance, &s, z);
    for (size_t i = 0; i < n; i++) distance[i] = fabs(distance[i] - d->risk[i]);
    TRY(counted_sort(&by_distance, distance, d, &scratch, e));
    out->ici = counted_mean(&by_distance);
    out->e50 = counted_quantile(&by_distance, .5);
    out->e90 = counted_quantile(&by_distance, .9);
    out->largest = by_distance.x[n - 1];
out:
    arena_free(&scratch);
    return rc;
}

void calibration_json(Json *object, const char *key, const CalibrationCurve *c)
{
    Json *o = json_set(object, key, json_object());
    json_set_numbers(o, "predicted", c->grid, c->exists ? c->n_grid : 0);
    json_set_numbers(o, "observed", c->observed, c->exists ? c->n_grid : 0);
    json_set_number(o, "ici", c->ici);
    json_set_number(o, "e50", c->e50);
    json_set_number(o, "e90", c->e90);
    json_set_number(o, "emax", c->largest);
}
