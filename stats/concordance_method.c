/* stats/concordance_method.c: `concordance`: C of each marker by five pair weights, and the comparison of markers. */
#include <math.h>
#include <stdlib.h>

#include "stats/concordance.h"
#include "stats/design.h"
#include "stats/diagnosis.h"
#include "stats/dist.h"
#include "stats/method.h"
#include "stats/result_keys.h"

static const MethodOption options[] = { { NULL, OPTION_FLAG, NULL, NULL } };

typedef struct { double start; size_t at; } Entry;

static int by_start(const void *x, const void *y)
{
    const Entry *a = x, *b = y;
    return a->start != b->start ? (a->start < b->start ? -1 : 1) : (a->at > b->at) - (a->at < b->at);
}

/* Efron's score at 0 of one stratum, rows order[lo … hi) by time; entry: its rows by start, NULL without delay. Risk sets grow
 * from the last time down, and lose whom they had not yet got. */
static double stratum_score(const Design *d, const double *x, const size_t *order, size_t lo, size_t hi, const Entry *entry)
{
    double score = 0, s0 = 0, s1 = 0;
    size_t late = hi;
    for (size_t j = hi; j > lo;) {
        double t = d->time[order[j - 1]], deaths = 0, dx = 0, dw = 0;
        for (; j > lo && d->time[order[j - 1]] == t; j--) {
            size_t i = order[j - 1];
            double w = d->weight ? d->weight[i] : 1;
            s0 += w;
            s1 += w * x[i];
            if (d->event[i] != 0) { deaths++; dw += w; dx += w * x[i]; }
        }
        for (; entry && late > lo && entry[late - 1].start >= t; late--) {
            size_t i = entry[late - 1].at;
            double w = d->weight ? d->weight[i] : 1;
            s0 -= w;
            s1 -= w * x[i];
        }
        score += dx;
        for (double l = 0; l < deaths; l++) score -= dw / deaths * (s1 - l / deaths * dx) / (s0 - l / deaths * dw);
    }
    return score;
}

/* Sign of the Cox coefficient of one covariate: the partial likelihood is concave, so it is that of the score at 0. order is by
 * stratum, then time; entry likewise by start. */
static int cox_sign(const Design *d, const double *x, const size_t *order, const Entry *entry)
{
    double score = 0;
    for (size_t lo = 0, hi; lo < d->n; lo = hi) {
        for (hi = lo; hi < d->n && (!d->stratum || d->stratum[order[hi]] == d->stratum[order[lo]]); hi++) continue;
        score += stratum_score(d, x, order, lo, hi, entry);
    }
    return score < 0 ? -1 : 1;
}

static void write_index(Json *o, PairWeight kind, const Concordance *c)
{
    Json *q = json_set(o, pair_weight_name(kind), json_object());
    json_set_number(q, "c", c->c);
    json_set_number(q, "se", sqrt(c->var));
    json_set_number(q, "concordant", c->concordant);
    json_set_number(q, "discordant", c->discordant);
    json_set_number(q, "tied.x", c->tied_x);
    json_set_number(q, "tied.y", c->tied_y);
    json_set_number(q, "tied.xy", c->tied_xy);
}

static Rc write_comparisons(Json *out, const Design *d, const Concordance *harrell, const int *sign, Err *e)
{
    Rc rc = OK;
    Json *list = json_set(out, "compare", json_array());
    for (size_t i = 0; i < d->p; i++)
        for (size_t j = i + 1; j < d->p; j++) {
            double cov, c[2] = { sign[i] > 0 ? harrell[i].c : 1 - harrell[i].c, sign[j] > 0 ? harrell[j].c : 1 - harrell[j].c };
            TRY(concordance_covariance(&cov, harrell[i].influence, harrell[j].influence, d->n, d->cluster, e));
            cov *= sign[i] * sign[j];
            double var[4] = { harrell[i].var, cov, cov, harrell[j].var }, se = sqrt(var[0] + var[3] - 2 * cov);
            const char *name[2] = { d->term[i], d->term[j] };
            Json *o = json_push(list, json_object());
            json_set_text(o, "a", name[0]);
            json_set_text(o, "b", name[1]);
            json_set_numbers(o, "c", c, 2);
            json_set_matrix(o, "var", var, 2, 2, name, name);
            json_set_number(o, "diff", c[0] - c[1]);
            json_set_number(o, "se", se);
            json_set_number(o, "z", (c[0] - c[1]) / se);
            json_set_number(o, "p", normal_two_sided_p((c[0] - c[1]) / se));
        }
out:
    return rc;
}

static Rc run(Json *out, const StatCall *call, Err *e)
{
    Rc rc = OK;
    Design d = { 0 };
    Arena a = { 0 };
    size_t *order = NULL;
    TRY(design_build(&d, out, call, &(DesignWish){ .kind = FORMULA_SURVIVAL, .no_intercept = true }, e));
    TRY(design_check_levels(&d, out, d.p > 0, e));
    if (d.p == 0) { rc = err_set(e, ERR_USAGE, "'%s': a marker is expected right of ~", call->formula); goto out; }
    double tau = option_number(call, "tau", INFINITY), events = 0;
    for (size_t i = 0; i < d.n; i++) events += d.event[i] != 0;
    json_set_number(out, "nevent", events);
    json_set_text(out, "convention", "a higher marker is a higher risk; n: Harrell; n/G2: Uno with G(t-) of the events' stratum, "
                                     "events leave the risk set before censorings at the same time");
    if (isfinite(tau)) json_set_number(out, "tau", tau);
    Concordance *harrell = ARENA_NEW(&a, d.p, Concordance);
    int *sign = ARENA_NEW(&a, d.p, int);
    if (!harrell || !sign) { rc = err_nomem(e); goto out; }
    TRY(design_canonical_order(&order, &d, &a, e));
    Entry *entry = NULL;
    if (d.start) {
        entry = ARENA_NEW(&a, d.n, Entry);
        if (!entry) { rc = err_nomem(e); goto out; }
        for (size_t i = 0; i < d.n; i++) entry[i] = (Entry){ d.start[order[i]], order[i] };
        for (size_t lo = 0, hi; lo < d.n; lo = hi) {
            for (hi = lo; hi < d.n && (!d.stratum || d.stratum[order[hi]] == d.stratum[order[lo]]); hi++) continue;
            qsort(entry + lo, hi - lo, sizeof *entry, by_start);
        }
    }
    Json *markers = json_set(out, "markers", json_object());
    for (size_t j = 0; j < d.p; j++) {
        const double *x = d.x + j * d.n;
        Json *o = json_set(markers, d.term[j], json_object());
        for (int k = 0; k < PAIRS_N_KINDS; k++) {
            Concordance c;
            ConcordanceData data = { .n = d.n, .start = d.start, .time = d.time, .event = d.event, .weight = d.weight, .marker = x,
                                     .stratum = d.stratum, .pairs = (PairWeight)k, .tau = tau };
            TRY(concordance_estimate(&c, &data, d.cluster, &a, e));
            write_index(o, (PairWeight)k, &c);
            if (k == PAIRS_N) harrell[j] = c;
        }
        sign[j] = cox_sign(&d, x, order, entry);
        json_set_number(o, "direction", sign[j]);
    }
    if (isnan(harrell[0].c)) {
        rc = diagnose_fatal(out, e, "no_pairs", "no two of %zu rows can be compared: the earlier of two times must be an event (%g "
                            "events)", d.n, events);
        goto out;
    }
    TRY(write_comparisons(out, &d, harrell, sign, e));
out:
    design_free(&d);
    arena_free(&a);
    return rc;
}

const Method method_concordance = {
    .name = "concordance", .summary = "concordance of markers with survival (Harrell, Uno and others) and their comparison",
    .formula = FORMULA_SURVIVAL, .needs_data = true, .fits_protocol = true, .options = options, .run = run,
    .source = "Harrell et al. 1982; Uno et al. 2011; Therneau & Watson 2017"
};
