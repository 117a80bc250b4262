/* stats/design_outcome.c: survival times and events: what cannot be is refused, what is doubtful is said. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/order.h"
#include "core/sum.h"
#include "stats/design_values.h"
#include "stats/diagnosis.h"

/* R's relative tolerance for times that differ by rounding alone. */
static const double TIME_TOLERANCE = 1.5e-8;

static Rc check_times(Building *b)
{
    const Frame *f = b->f;
    const double *time = b->need[b->time].value.num, *start = b->start >= 0 ? b->need[b->start].value.num : NULL;
    bool drop = option_flag(b->call, "drop_empty");
    size_t zero = 0, empty = 0;
    for (size_t i = 0; i < f->rows; i++) {
        if (!b->keep[i]) continue;
        if (time[i] < 0)
            return err_set(b->e, ERR_INPUT, "%s:%zu: time %s is %.17g, expected 0 or more (often an error in a date)", f->name,
                           design_line(f, i), b->need[b->time].expr->label, time[i]);
        if (!start) { zero += time[i] == 0; continue; }
        if (start[i] < 0)
            return err_set(b->e, ERR_INPUT, "%s:%zu: time %s is %.17g, expected 0 or more", f->name, design_line(f, i),
                           b->need[b->start].expr->label, start[i]);
        if (start[i] > time[i] || (start[i] == time[i] && !drop))
            return err_set(b->e, ERR_INPUT, "%s:%zu: the interval from %.17g to %.17g has no length, expected %s < %s%s", f->name,
                           design_line(f, i), start[i], time[i], b->need[b->start].expr->label, b->need[b->time].expr->label,
                           start[i] == time[i] ? " (--drop-empty leaves such rows out)" : "");
        if (start[i] == time[i]) { b->keep[i] = 0; empty++; }
    }
    if (empty) json_set_number(b->out, "n_dropped_empty", (double)empty);
    if (zero)
        diagnose(b->out, "time_zero", "%zu time%s in %s %s 0: accepted, but followed for no time at all", zero, zero == 1 ? "" : "s",
                 b->need[b->time].expr->label, zero == 1 ? "is" : "are");
    return OK;
}

/* 0/1, or 1/2 with the higher as the event; whole numbers where codes are asked for. */
static Rc code_events(Building *b)
{
    const Frame *f = b->f;
    const Needed *q = &b->need[b->event];
    double *code = ARENA_ROOM(&b->scratch, f->rows, double);
    size_t zeros = 0, ones = 0, twos = 0, others = 0, first = 0;
    if (!code) return err_nomem(b->e);
    for (size_t i = 0; i < f->rows; i++) {
        const double v = q->value.num[i];
        code[i] = v;
        if (!b->keep[i]) continue;
        const size_t is_one = v == 1, is_known = v == 0 || v == 1;      /* which of the two cannot be foreseen: counted without a branch */
        ones += is_one;
        zeros += is_known - is_one;
        if (is_known) continue;
        if (v == 2 && !b->wish->codes) twos++;
        else if (b->wish->codes && v == floor(v) && fabs(v) < 1e9) continue;
        else { if (!others) first = i; others++; }
    }
    if (others || (zeros && twos)) {
        if (!others)
            for (first = 0; first < f->rows && !(b->keep[first] && q->value.num[first] == 2); first++) {}
        return err_set(b->e, ERR_INPUT, "%s:%zu: event %s is %.17g, expected %s (0 in %zu rows, 1 in %zu, 2 in %zu, other in %zu)",
                       f->name, design_line(f, first), q->expr->label, q->value.num[first],
                       b->wish->codes ? "whole numbers" : "0/1 or 1/2; a cause is chosen by an expression such as code==2", zeros, ones,
                       twos, others);
    }
    if (twos) {
        for (size_t i = 0; i < f->rows; i++) code[i] -= 1;
        diagnose(b->out, "event_coding", "%s holds 1 and 2: 2 is taken as the event (%zu rows), 1 as censored (%zu)", q->expr->label,
                 twos, ones);
    }
    b->need[b->event].value.num = code;
    return OK;
}

/* Whole numbers small enough that the tolerance is below 1: no two of them are one. Days and months, in short. */
static bool cannot_merge(const Building *b, int place)
{
    if (place < 0) return true;
    const Needed *q = &b->need[place];
    const double most = .9 / TIME_TOLERANCE;
    if (!q->finite || q->high > most || q->low < -most) return false;
    for (size_t i = 0; i < b->f->rows; i++)
        if (q->value.num[i] != (double)(int)q->value.num[i]) return false;
    return true;
}

/* Few numbers among many: a bit at the place that a number's bits are mixed to says that it may be one of them. */
typedef struct { uint64_t *bit; int width; } Sieve;

static size_t sieve_place(const Sieve *s, double x) { return (order_key(x) * 0x9e3779b97f4a7c15u) >> (64 - s->width); }

static bool sieve_init(Sieve *s, const double *x, size_t n, Arena *a)
{
    s->width = 12;
    while ((size_t)1 << s->width < 16 * n) s->width++;
    s->bit = ARENA_NEW(a, (size_t)1 << (s->width - 6), uint64_t);
    for (size_t i = 0; s->bit && i < n; i++) {
        const size_t place = sieve_place(s, x[i]);
        s->bit[place / 64] |= (uint64_t)1 << place % 64;
    }
    return s->bit != NULL;
}

static bool sieve_may_hold(const Sieve *s, double x)
{
    const size_t place = sieve_place(s, x);
    return s->bit[place / 64] >> place % 64 & 1;
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Times that differ by rounding alone become one (the lowest of them), as R does. */
static Rc merge_times(Building *b)
{
    const Frame *f = b->f;
    if (option_flag(b->call, "no_timefix") || (cannot_merge(b, b->time) && cannot_merge(b, b->start))) return OK;
    const int columns = b->start >= 0 ? 2 : 1, place[2] = { b->time, b->start };
    double *all = ARENA_ROOM(&b->scratch, (size_t)columns * f->rows, double), *column[2] = { NULL };
    size_t n = 0, k = 0;
    if (!all) return err_nomem(b->e);
    for (int c = 0; c < columns; c++)
        for (size_t i = 0; i < f->rows; i++)
            if (b->keep[i]) all[n++] = b->need[place[c]].value.num[i];
    if (!n) return OK;
    sort_doubles(all, n);
    for (size_t i = 0; i < n; i++)
        if (k == 0 || all[k - 1] != all[i]) all[k++] = all[i];
    Sum size = { 0 };
    for (size_t i = 0; i < k; i++) sum_add(&size, fabs(all[i]));
    double tolerance = TIME_TOLERANCE * sum_value(&size) / (double)k;
    /* all[j] that lies close to the one before it goes to the lowest time of its bin: both lists move up to the front. */
    double *to = ARENA_ROOM(&b->scratch, k, double), lowest = all[0], last = all[0];
    size_t gone = 0, merged = 0;
    if (!to) return err_nomem(b->e);
    for (size_t j = 1; j < k; j++) {
        const double t = all[j];
        const bool tied = t - last <= tolerance;
        last = t;
        if (!tied) { lowest = t; continue; }
        all[gone] = t;
        to[gone++] = lowest;
    }
    if (!gone) return OK;
    Sieve sieve;
    if (!sieve_init(&sieve, all, gone, &b->scratch)) return err_nomem(b->e);
    for (int c = 0; c < columns; c++) {
        double *t = column[c] = ARENA_ROOM(&b->scratch, f->rows, double);
        if (!t) return err_nomem(b->e);
        for (size_t i = 0; i < f->rows; i++) {
            t[i] = b->need[place[c]].value.num[i];
            if (!b->keep[i] || !sieve_may_hold(&sieve, t[i])) continue;
            const double *at = bsearch(&t[i], all, gone, sizeof *all, by_value);
            if (!at) continue;
            t[i] = to[at - all];
            merged++;
        }
        b->need[place[c]].value.num = t;
    }
    for (size_t i = 0; columns > 1 && i < f->rows; i++)
        if (b->keep[i] && column[0][i] == column[1][i])
            return err_set(b->e, ERR_INPUT, "%s:%zu: the interval has no length once times that differ by rounding are one "
                           "(--no-timefix keeps them apart)", f->name, design_line(f, i));
    b->d->n_times_merged = merged;
    json_set_number(b->out, "n_times_merged", (double)merged);
    diagnose(b->out, "times_merged", "%zu time%s in %s differed from another by rounding alone and %s taken as equal (--no-timefix "
             "keeps them apart)", merged, merged == 1 ? "" : "s", b->need[b->time].expr->label, merged == 1 ? "was" : "were");
    return OK;
}

Rc design_outcome(Building *b)
{
    Rc rc = OK;
    TRY(check_times(b));
    TRY(code_events(b));
    TRY(merge_times(b));
out:
    return rc;
}

/* The median of the times of one group of rows. */
static double median_of_group(double *buffer, const Design *d, const int *group, int g, size_t *count)
{
    size_t n = 0;
    for (size_t i = 0; i < d->n; i++)
        if (group[i] == g) buffer[n++] = d->time[i];
    sort_doubles(buffer, n);
    *count = n;
    return quantile_sorted(buffer, n, .5);
}

/* One centre in days, the others in months: medians of follow-up that differ more than tenfold. */
static Rc look_at_units(Building *b, const int *group, size_t n_groups, const char *name)
{
    enum { LEAST_ROWS = 5, MOST_GROUPS = 100 };
    Design *d = b->d;
    if (!group || n_groups < 2 || n_groups > MOST_GROUPS || d->start) return OK;
    double *buffer = ARENA_NEW(&b->scratch, d->n, double), low = (double)INFINITY, high = 0;
    if (!buffer) return err_nomem(b->e);
    for (size_t g = 0; g < n_groups; g++) {
        size_t count = 0;
        double m = median_of_group(buffer, d, group, (int)g, &count);
        if (count < LEAST_ROWS) continue;
        if (m < low) low = m;
        if (m > high) high = m;
    }
    if (high > 10 * low && low > 0)
        diagnose(b->out, "unit_suspect", "the median time by %s runs from %g to %g, more than tenfold: are all in the same unit?", name,
                 low, high);
    return OK;
}

Rc design_look_at_strata(Building *b)
{
    Rc rc = OK;
    Design *d = b->d;
    const Formula *f = b->formula;
    if (d->stratum && !b->wish->codes) {
        size_t *events = ARENA_NEW(&b->scratch, d->n_strata, size_t), *rows = ARENA_NEW(&b->scratch, d->n_strata, size_t);
        size_t without = 0, single = 0, first = 0;
        if (!events || !rows) return err_nomem(b->e);
        for (size_t i = 0; i < d->n; i++) { rows[d->stratum[i]]++; events[d->stratum[i]] += d->event[i] == 1; }
        for (size_t g = 0; g < d->n_strata; g++) {
            if (events[g] && rows[g] > 1) continue;
            if (!without && !single) first = g;
            if (!events[g]) without++;
            else single++;
        }
        if (without || single)
            diagnose(b->out, "empty_stratum", "%zu of %zu strata have no event%s and say nothing about the coefficients, %s among them",
                     without + single, d->n_strata, single ? " or only one row" : "", d->stratum_label[first]);
    }
    if (d->stratum) TRY(look_at_units(b, d->stratum, d->n_strata, f->strata[0]->label));
    if (b->cluster >= 0) TRY(look_at_units(b, d->cluster, d->n_clusters, b->need[b->cluster].expr->label));
out:
    return rc;
}
