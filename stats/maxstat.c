/* stats/maxstat.c: `maxstat`: maximally selected rank statistics, and p-values that know of the search. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/sum.h"
#include "stats/design.h"
#include "stats/diagnosis.h"
#include "stats/dist.h"
#include "stats/method.h"
#include "stats/response.h"
#include "stats/result_keys.h"

static const MethodOption options[] = {
    { "minprop", OPTION_NUMBER, NULL, "least share of rows at or below the cut (default 0.1)" },
    { "maxprop", OPTION_NUMBER, NULL, "largest share of rows at or below the cut (default 0.9)" },
    { NULL, OPTION_FLAG, NULL, NULL }
};

/* Rows in order of the marker; cut k puts size[k] of them low. */
typedef struct {
    size_t n, n_cuts;
    double *score;                 /* in order of the marker */
    double *cut, *stat;
    size_t *size;
} Search;

typedef struct { double x, score; } Item;

static int by_x(const void *p, const void *q)
{
    const Item *a = p, *b = q;
    if (a->x != b->x) return a->x < b->x ? -1 : 1;
    return (a->score > b->score) - (a->score < b->score);
}

typedef struct { double value, event; size_t at; } Ranked;

static int by_value(const void *p, const void *q)
{
    const Ranked *a = p, *b = q;
    return (a->value > b->value) - (a->value < b->value);
}

/* Log-rank scores d_i - sum over T_j <= T_i of d_j / (1 + #{T_k > T_j}), or midranks of a response. */
static Rc make_scores(double *score, const Design *d, Err *e)
{
    size_t n = d->n;
    bool survival = d->response == RESPONSE_SURVIVAL;
    Ranked *r = malloc((n + 1) * sizeof *r);
    if (!r) return err_nomem(e);
    for (size_t i = 0; i < n; i++) r[i] = (Ranked){ survival ? d->time[i] : d->y[i], survival ? d->event[i] != 0 : 0, i };
    qsort(r, n, sizeof *r, by_value);
    double hazard = 0;
    for (size_t lo = 0, hi; lo < n; lo = hi) {
        double events = 0;
        for (hi = lo; hi < n && r[hi].value == r[lo].value; hi++) events += r[hi].event;
        hazard += events / (1 + (double)(n - hi));
        for (size_t i = lo; i < hi; i++)
            score[r[i].at] = survival ? r[i].event - hazard : ((double)lo + 1 + (double)hi) / 2;
    }
    free(r);
    return OK;
}

/* |standardised rank sum| of the first m rows for every cut. */
static void standardise(double *stat, const Search *s, const double *score)
{
    double n = (double)s->n, mean = mean_of(score, s->n);
    Sum ss = { 0 }, low = { 0 };
    for (size_t i = 0; i < s->n; i++) sum_add(&ss, (score[i] - mean) * (score[i] - mean));
    double var = sum_value(&ss) / (n - 1);
    size_t k = 0;
    for (size_t i = 0; i < s->n && k < s->n_cuts; i++) {
        sum_add(&low, score[i] - mean);
        double m = (double)i + 1;
        if (s->size[k] == i + 1) stat[k++] = fabs(sum_value(&low)) / sqrt(m * (n - m) / n * var);
    }
}

static Rc make_search(Search *s, const Design *d, double minprop, double maxprop, Arena *a, Err *e)
{
    Rc rc = OK;
    size_t n = s->n = d->n, least = (size_t)floor((double)n * minprop), most = (size_t)floor((double)n * maxprop);
    Item *item = ARENA_NEW(a, n, Item);
    double *score = ARENA_NEW(a, n, double);
    s->score = ARENA_NEW(a, n, double);
    s->cut = ARENA_NEW(a, n, double);
    s->stat = ARENA_NEW(a, n, double);
    s->size = ARENA_NEW(a, n, size_t);
    if (!item || !score || !s->score || !s->cut || !s->stat || !s->size) return err_nomem(e);
    TRY(make_scores(score, d, e));
    for (size_t i = 0; i < n; i++) item[i] = (Item){ d->x[i], score[i] };
    qsort(item, n, sizeof *item, by_x);
    for (size_t i = 0; i < n; i++) {
        s->score[i] = item[i].score;
        bool last_of_value = i + 1 < n && item[i + 1].x != item[i].x;
        if (!last_of_value || i + 1 < least || i + 1 > most) continue;
        s->cut[s->n_cuts] = item[i].x;
        s->size[s->n_cuts++] = i + 1;
    }
    standardise(s->stat, s, s->score);
out:
    return rc;
}

/* Lausen & Schumacher 1992: the supremum of a standardised Brownian bridge. */
static double p_bridge(double b, double minprop, double maxprop)
{
    double f = normal_pdf(b);
    return b < 1 ? 1 : fmin(fmax(4 * f / b + f * (b - 1 / b) * log(maxprop * (1 - minprop) / ((1 - maxprop) * minprop)), 0), 1);
}

/* Lausen et al. 1994: improved Bonferroni inequality over the sizes that occur. */
static double p_bonferroni(double b, const Search *s)
{
    double n = (double)s->n, D = 0;
    for (size_t k = 0; k + 1 < s->n_cuts; k++) {
        double m1 = (double)s->size[k], m2 = (double)s->size[k + 1], t = sqrt(1 - m1 * (n - m2) / ((n - m1) * m2));
        D += exp(-b * b / 2) / acos(-1) * (t - (b * b / 4 - 1) * t * t * t / 6);
    }
    return fmin(fmax(normal_two_sided_p(b) + D, 0), 1);
}

/* Nodes and weights of Gauss and Legendre on [-1, 1]. */
static void gauss_legendre(double *x, double *w, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        double z = cos(acos(-1) * ((double)i + 0.75) / ((double)n + 0.5)), derivative = 1;
        for (int it = 0; it < 100; it++) {
            double p0 = 1, p1 = z;
            for (size_t k = 2; k <= n; k++) {
                double p2 = ((2 * (double)k - 1) * z * p1 - ((double)k - 1) * p0) / (double)k;
                p0 = p1;
                p1 = p2;
            }
            derivative = (double)n * (z * p1 - p0) / (z * z - 1);
            double step = p1 / derivative;
            z -= step;
            if (fabs(step) < 1e-15) break;
        }
        x[i] = z;
        w[i] = 2 / ((1 - z * z) * derivative * derivative);
    }
}

/* Multivariate normal p-value. The statistics at sizes m1 < m2 < … correlate as a Markov chain, so the rectangle probability is
 * a chain of one-dimensional integrals; what leaves [-b, b] is added up step by step, so that small p keep their digits. NaN
 * where the chain is too long. */
static Rc p_gauss(double *p, double b, const Search *s, Err *e)
{
    double n = (double)s->n, narrow = 1;
    *p = NAN;
    for (size_t k = 0; k + 1 < s->n_cuts; k++) {
        double m1 = (double)s->size[k], m2 = (double)s->size[k + 1];
        narrow = fmin(narrow, 1 - m1 * (n - m2) / ((n - m1) * m2));
    }
    size_t nodes = (size_t)fmax(48, ceil(6 * 2 * b / sqrt(narrow)));
    if (s->n_cuts == 0 || !(b > 0) || (double)nodes * (double)nodes * (double)s->n_cuts > 2e9) return OK;
    double *x = calloc(4 * nodes + 1, sizeof *x);
    if (!x) return err_nomem(e);
    double *w = x + nodes, *f = x + 2 * nodes, *g = x + 3 * nodes;
    gauss_legendre(x, w, nodes);
    for (size_t i = 0; i < nodes; i++) {
        x[i] *= b;
        w[i] *= b;
        f[i] = normal_pdf(x[i]);
    }
    Sum out = { 0 };
    sum_add(&out, normal_two_sided_p(b));
    for (size_t k = 0; k + 1 < s->n_cuts; k++) {
        double m1 = (double)s->size[k], m2 = (double)s->size[k + 1];
        double rho = sqrt(m1 * (n - m2) / ((n - m1) * m2)), sd = sqrt(1 - rho * rho);
        for (size_t i = 0; i < nodes; i++) {
            double centre = rho * x[i];
            sum_add(&out, w[i] * f[i] * (normal_sf((b - centre) / sd) + normal_cdf((-b - centre) / sd)));
        }
        for (size_t j = 0; j < nodes; j++) {
            double total = 0;
            for (size_t i = 0; i < nodes; i++) {
                double z = (x[j] - rho * x[i]) / sd;
                if (fabs(z) < 9) total += w[i] * f[i] * exp(-z * z / 2);
            }
            g[j] = total / (sd * sqrt(2 * acos(-1)));
        }
        memcpy(f, g, nodes * sizeof *f);
    }
    *p = fmin(sum_value(&out), 1);
    free(x);
    return OK;
}

/* Whole-number scores for exact counting: halves doubled, anything else spread over 0 … n and rounded. */
static void round_scores(double *out, const double *score, size_t n)
{
    double low = INFINITY, high = -INFINITY;
    bool halves = true;
    for (size_t i = 0; i < n; i++) {
        low = fmin(low, score[i]);
        high = fmax(high, score[i]);
        halves = halves && 2 * score[i] == floor(2 * score[i]);
    }
    bool whole = halves;
    for (size_t i = 0; i < n; i++) whole = whole && score[i] == floor(score[i]);
    for (size_t i = 0; i < n; i++)
        out[i] = whole ? score[i] - low : halves ? 2 * (score[i] - low) : nearbyint((score[i] - low) * (double)n / (high - low));
}

static double largest(const double *x, size_t n)
{
    double m = -INFINITY;
    for (size_t i = 0; i < n; i++) m = fmax(m, x[i]);
    return m;
}

/* Sums of the k largest and k smallest scores for k = 0 … n, scores sorted ascending. */
static void extremes(double *top, double *bottom, const double *sorted, size_t n)
{
    top[0] = bottom[0] = 0;
    for (size_t k = 0; k < n; k++) {
        top[k + 1] = top[k] + sorted[n - 1 - k];
        bottom[k + 1] = bottom[k] + sorted[k];
    }
}

/* Most cells of the table of counts that are worked through. */
#define HL_WORK_MAX 2e10

/* Hothorn & Lausen 2003. P(M >= b) is at most the sum over sizes of P(|T_m| >= b), less what is counted twice for certain: sums so
 * far out at one size that they are still beyond b at the next, whatever rows join. The permutation distribution of the rank
 * sum of m rows is counted exactly (Streitberg & Röhmel 1986). NaN where the table is too large. */
static Rc p_exact_bound(double *p, const Search *s, Err *e)
{
    Rc rc = OK;
    size_t n = s->n, most = s->size[s->n_cuts - 1];
    double *score = calloc(5 * n + 6, sizeof *score), *H = NULL;
    *p = NAN;
    if (!score) return err_nomem(e);
    double *sorted = score + n, *stat = score + 2 * n, *top = score + 3 * n, *bottom = score + 4 * n + 2;
    round_scores(score, s->score, n);
    standardise(stat, s, score);
    double b = largest(stat, s->n_cuts), N = (double)n, total = sum_of(score, n), mean = total / N, ss = 0;
    memcpy(sorted, score, n * sizeof *score);
    sort_doubles(sorted, n);
    extremes(top, bottom, sorted, n);
    for (size_t i = 0; i < n; i++) ss += (score[i] - mean) * (score[i] - mean);
    double var = ss / (N - 1);
    size_t rows = most + 1, cols = (size_t)top[most] + 1;
    if (!isfinite(b) || !(var > 0) || (double)rows * (double)cols * N > HL_WORK_MAX || n > 1000) goto out;
    H = calloc(rows * cols, sizeof *H);      /* H[m][t]: subsets of m rows with sum t */
    if (!H) { rc = err_nomem(e); goto out; }
    H[0] = 1;
    size_t reach = 0;
    for (size_t i = 0; i < n; i++) {
        size_t a = (size_t)sorted[i];
        reach += a;
        for (size_t m = i + 1 < most ? i + 1 : most; m > 0; m--) {
            double *to = H + m * cols;
            const double *from = H + (m - 1) * cols;
            size_t last = reach < cols - 1 ? reach : cols - 1;
            for (size_t t = a; t <= last; t++) to[t] += from[t - a];
        }
    }
    Sum sum = { 0 };
    for (size_t k = 0; k < s->n_cuts; k++) {
        double m = (double)s->size[k], E = m * mean, sd = sqrt(m * (N - m) / N * var), edge = b * (1 - 1e-12);
        const double *h = H + s->size[k] * cols;
        size_t join = k + 1 < s->n_cuts ? s->size[k + 1] - s->size[k] : 0;
        double m2 = m + (double)join, E2 = m2 * mean, sd2 = sqrt(m2 * (N - m2) / N * var), count = exp(log_choose(N, m));
        for (size_t t = 0; t < cols; t++) {
            if (h[t] == 0 || fabs((double)t - E) / sd < edge) continue;
            double share = h[t] / count;
            sum_add(&sum, share);
            if (!join) continue;
            bool stays = (double)t < E ? (E2 - ((double)t + top[join])) / sd2 >= edge : ((double)t + bottom[join] - E2) / sd2 >= edge;
            if (stays) sum_add(&sum, -share);
        }
    }
    *p = fmin(sum_value(&sum), 1);
out:
    free(score);
    free(H);
    return rc;
}

static Rc run(Json *out, const StatCall *call, Err *e)
{
    Rc rc = OK;
    Design d = { 0 };
    Search s = { 0 };
    double minprop = option_number(call, "minprop", 0.1), maxprop = option_number(call, "maxprop", 0.9), gauss, exact;
    if (!(minprop > 0 && minprop < maxprop && maxprop < 1))
        return err_set(e, ERR_USAGE, "--minprop %g and --maxprop %g: expected 0 < minprop < maxprop < 1", minprop, maxprop);
    if (option_text(call, "weights", NULL)) return err_set(e, ERR_USAGE, "maxstat takes no --weights");
    TRY(design_build(&d, out, call, &(DesignWish){ .kind = FORMULA_ANY, .no_intercept = true }, e));
    if (d.response == RESPONSE_COUNTING || d.response == RESPONSE_TEXT || d.response == RESPONSE_NONE || d.p != 1) {
        rc = err_set(e, ERR_USAGE, "'%s': maxstat wants Surv(time, event) or a number left of ~ and one marker right of it", call->formula);
        goto out;
    }
    TRY(design_sort_rows(&d, e));
    double events = 0;
    for (size_t i = 0; d.event && i < d.n; i++) events += d.event[i] != 0;
    if (d.event) json_set_number(out, "nevent", events);
    if (d.event && events == 0) { rc = diagnose_fatal(out, e, "no_events", "none of %zu rows has an event", d.n); goto out; }
    TRY(make_search(&s, &d, minprop, maxprop, &d.arena, e));
    if (s.n_cuts == 0) {
        rc = diagnose_fatal(out, e, "one_group", "no cut of %s leaves between %g and %g of the rows at or below it", d.term[0], minprop,
                            maxprop);
        goto out;
    }
    size_t best = 0;
    for (size_t k = 1; k < s.n_cuts; k++)
        if (s.stat[k] > s.stat[best]) best = k;
    double b = s.stat[best];
    if (!isfinite(b)) { rc = diagnose_fatal(out, e, "one_class", "all outcomes rank the same: there is nothing to select"); goto out; }
    TRY(p_gauss(&gauss, b, &s, e));
    TRY(p_exact_bound(&exact, &s, e));
    json_set_number(out, "statistic", b);
    json_set_number(out, "cutpoint", s.cut[best]);
    json_set_number(out, "p_uncorrected", normal_two_sided_p(b));
    json_set_number(out, "p_Lau92", p_bridge(b, minprop, maxprop));
    json_set_number(out, "p_Lau94", p_bonferroni(b, &s));
    json_set_number(out, "p_HL", exact);
    json_set_number(out, "p_exactGauss", gauss);
    json_set_text(out, "convention", "low group x <= cut; p_HL bounds the permutation distribution of whole-number scores");
    Json *o = json_set(out, "profile", json_object());
    json_set_numbers(o, "cut", s.cut, s.n_cuts);
    json_set_numbers(o, "stat", s.stat, s.n_cuts);
out:
    design_free(&d);
    return rc;
}

const Method method_maxstat = {
    .name = "maxstat", .summary = "the best cut-point of a marker, with p-values corrected for the search",
    .formula = FORMULA_ANY, .needs_data = true, .options = options, .run = run,
    .source = "Lausen & Schumacher 1992; Lausen et al. 1994; Hothorn & Lausen 2003"
};
