/* stats/cox_sweep.c: what of a Cox likelihood has x in it, by sweeps over rows that stay in the cache until they are done with. */
#include <math.h>
#include <string.h>

#include "stats/cox_fit.h"
#include "stats/cox_walk.h"
#include "stats/rows.h"

enum { STRETCH = 128, LEAST_STRETCH = 64 };      /* rows that are taken at once, and that are worth it */

/* ---- sums over the risk set, as time runs backwards */

typedef struct {
    const CoxData *d;
    CoxStratum t;
    size_t next, leaving;      /* one past the next row to enter, to leave */
    double *s1, *deaths;       /* sums of r x over the risk set, over the deaths of the time */
    double most;               /* what S0 has been since s1 was summed */
} Backwards;

/* Where q->leaving is once block k is over, and the risks that leave with it. */
static size_t leavers(double *risks, const Backwards *q, size_t leaving, size_t k)
{
    const CoxData *d = q->d;
    *risks = 0;
    for (; leaving > q->t.row_from && d->start[d->by_start[leaving - 1]] >= d->block[k].time; leaving--) *risks += d->r[d->by_start[leaving - 1]];
    return leaving;
}

static void leave(Backwards *q, size_t k)
{
    const CoxData *d = q->d;
    const double at_risk = d->event_terms[k].at_risk;
    double all;
    if (!d->start) return;
    const size_t first = leavers(&all, q, q->leaving, k);
    rows_subtract(q->s1, d->x, d->r, d->by_start + first, q->leaving - first, (size_t)d->p);
    q->leaving = first;
    q->most = fmax(q->most, at_risk + all);
    if (!(at_risk > 0) || q->most <= COX_LOST * at_risk) return;       /* 0: no one who counts dies at this time */
    cox_at_risk(q->s1, d, k, q->next, q->t.row_to);
    q->most = at_risk;
}

/* Blocks before `last`, at most `most` of them, that are walked over at once: that bring few rows in all, and after none of which S1 is
 * summed anew. Goes over them; how many they were, 0 where the very next is no such block, and how many squares they gave. */
static size_t walk(Backwards *q, size_t last, size_t most, double *squares, double *residual, size_t *n_squares)
{
    const CoxData *d = q->d;
    size_t leave_at[COX_SQUARES], leaving = q->leaving, first = last, two = 0;
    double so_far = q->most;
    if (most > COX_SQUARES / 2) most = COX_SQUARES / 2;
    while (first > q->t.block_from && last - first < most && q->next - d->block[first - 1].from <= STRETCH) {
        const CoxEventTerms *e = &d->event_terms[first - 1];
        if (d->start) {
            double all;
            const size_t until = leavers(&all, q, leaving, first - 1);
            if (leaving - until > STRETCH) break;
            all = fmax(so_far, e->at_risk + all);
            if (e->at_risk > 0 && all > COX_LOST * e->at_risk) break;
            so_far = all;
            leave_at[COX_SQUARES - 1 - (last - first)] = leaving = until;
        }
        two += e->deaths != 0 || e->rest != 0;
        first--;
    }
    if (first == last) return 0;
    cox_walk(&(CoxWalk){ d, last, first, q->next, q->leaving, d->start ? leave_at + COX_SQUARES - (last - first) : NULL, q->s1, squares, residual });
    q->next = d->block[first].from;
    q->leaving = leaving;
    q->most = so_far;
    *n_squares = last - first + two;
    return last - first;
}

/* The vectors whose squares are the rank-one terms of block k: one, or two with tied deaths (Efron). */
static size_t squares(double *to, const Backwards *q, const CoxEventTerms *e)
{
    const size_t width = rows_width((size_t)q->d->p);
    if (e->deaths == 0 && e->rest == 0) {
        for (size_t j = 0; j < width; j++) to[j] = e->all * q->s1[j];
        return 1;
    }
    for (size_t j = 0; j < width; j++) {
        to[j] = e->all * q->s1[j] + e->deaths * q->deaths[j];
        to[width + j] = e->rest * q->deaths[j];
    }
    return 2;
}

/* ---- score and information */

typedef struct {
    CoxData *d;
    double *score;             /* NULL: not wanted */
    double *met, *squares;     /* packed sums; NULL: no information wanted */
    size_t undone;             /* rows from `next` to here have entered, but are not in score and information */
    size_t n_squares;
} Sweep;

static void score_of_rows(double *score, const CoxData *d, size_t from, size_t to)
{
    const size_t p = (size_t)d->p, width = rows_width(p);
    double martingale[STRETCH];
    while (from < to) {
        const size_t m = to - from < STRETCH ? to - from : STRETCH;
        for (size_t i = 0; i < m; i++) martingale[i] = d->death[from + i] - d->rl[from + i];
        memset(d->part, 0, width * sizeof *d->part);
        rows_sum(d->part, d->x + from * p, martingale, m, p);
        for (size_t j = 0; j < p; j++) score[j] += d->part[j];
        from += m;
    }
}

static void do_rows(Sweep *s, size_t from)
{
    const size_t p = (size_t)s->d->p;
    const size_t m = s->undone - from;
    rows_cross_ahead(s->met, s->d->x + from * p, s->d->rl + from, m, p, s->d->x + (from < m ? 0 : from - m) * p);
    if (s->score) score_of_rows(s->score, s->d, from, s->undone);
    s->undone = from;
}

/* Rows from … next-1 enter: r x is added to `sum`. */
static void enter(Backwards *q, double *sum, size_t from, Sweep *s)
{
    const CoxData *d = q->d;
    const size_t p = (size_t)d->p;
    while (q->next > from) {
        const size_t low = q->next - from < STRETCH ? from : q->next - STRETCH;
        rows_sum(sum, d->x + low * p, d->r + low, q->next - low, p);
        q->next = low;
        if (s && s->undone - low >= LEAST_STRETCH) do_rows(s, low);
    }
}

static void do_squares(Sweep *s)
{
    rows_cross(s->squares, s->d->squares, rows_width((size_t)s->d->p), NULL, s->n_squares, (size_t)s->d->p);
    s->n_squares = 0;
}

static void enter_block(Backwards *q, size_t k, Sweep *s)
{
    const CoxData *d = q->d;
    const CoxBlock *b = &d->block[k];
    const size_t width = rows_width((size_t)d->p);
    enter(q, q->s1, b->to, s);
    if (d->event_terms[k].deaths == 0 && d->event_terms[k].rest == 0) enter(q, q->s1, b->from, s);
    else {
        memset(q->deaths, 0, width * sizeof *q->deaths);
        enter(q, q->deaths, b->first_death, s);
        for (size_t j = 0; j < width; j++) q->s1[j] += q->deaths[j];
        enter(q, q->s1, b->from, s);
    }
    leave(q, k);
}

void cox_sweep(CoxData *d, double *score, double *info)
{
    const size_t p = (size_t)d->p, width = rows_width(p), packed = rows_packed(p);
    if (score) memset(score, 0, p * sizeof *score);
    if (!info) {
        for (size_t s = 0; s < d->n_strata; s++) {
            const CoxStratum t = d->stratum[s];
            if (t.block_to > t.block_from) score_of_rows(score, d, d->start ? t.row_from : d->block[t.block_from].from, t.row_to);
        }
        return;
    }
    Sweep s = { .d = d, .score = score, .met = d->packed, .squares = d->packed + packed };
    memset(d->packed, 0, 2 * packed * sizeof *d->packed);
    for (size_t h = 0; h < d->n_strata; h++) {
        const CoxStratum t = d->stratum[h];
        Backwards q = { d, t, t.row_to, t.row_to, d->s1, d->s1_deaths, 0 };
        s.undone = t.row_to;
        memset(d->s1, 0, width * sizeof *d->s1);
        for (size_t k = t.block_to, gave; k > t.block_from;) {
            if (s.n_squares + 2 > COX_SQUARES) do_squares(&s);
            const size_t over = walk(&q, k, (COX_SQUARES - s.n_squares) / 2, d->squares + s.n_squares * width, NULL, &gave);
            if (over) {
                s.n_squares += gave;
                k -= over;
                if (s.undone - q.next >= LEAST_STRETCH) do_rows(&s, q.next);
                continue;
            }
            enter_block(&q, --k, &s);
            s.n_squares += squares(d->squares + s.n_squares * width, &q, &d->event_terms[k]);
        }
        if (s.undone > q.next) do_rows(&s, q.next);
        /* Rows before the first event have met nothing. */
    }
    do_squares(&s);
    rows_unpack(info, s.met, s.squares, p);
}

/* ---- eight at once */

enum { RUNS = 128 };      /* as many as COX_SQUARES at least: a block is one run */

/* Runs of rows that meet the same hazard, with its eight multiples. */
typedef struct {
    double *packed, *room;
    size_t from, n, end[RUNS];
    double c[RUNS * LANES];
} Runs;

static void do_runs(Runs *q, const CoxData *d)
{
    const size_t p = (size_t)d->p;
    if (q->n == 0) return;
    rows_cross_eight(q->packed, d->x + q->from * p, p, d->r + q->from, q->end, q->c, q->n, p, q->room);
    q->from += q->end[q->n - 1];
    q->n = 0;
}

/* `hazard`: LANES numbers for the stratum's start and after each of its blocks, what has been met of the multiplied jumps. */
static void cross_of_rows(Runs *q, const CoxData *d, CoxStratum t, const double *multiplier, double *hazard)
{
    memset(hazard, 0, LANES * sizeof *hazard);
    for (size_t k = t.block_from; k < t.block_to; k++) {
        double *before = hazard + LANES * (k - t.block_from);
        for (size_t w = 0; w < LANES; w++) before[LANES + w] = before[w] + multiplier[LANES * k + w] * d->event_terms[k].jump;
    }
    q->from = d->start ? t.row_from : d->block[t.block_from].from;
    for (size_t i = q->from, to; i < t.row_to; i = to) {
        const size_t first = d->enter[i], last = d->leave[i];
        const unsigned char dies = d->event[i];
        for (to = i + 1; to < t.row_to && d->leave[to] == last && d->enter[to] == first && d->event[to] == dies;) to++;
        if (q->n == RUNS) do_runs(q, d);
        double *c = q->c + LANES * q->n;
        q->end[q->n++] = to - q->from;
        if (last <= first) { memset(c, 0, LANES * sizeof *c); continue; }
        /* A tied death meets less of the last block. */
        const size_t b = last - 1;
        const double *before = hazard + LANES * (first - t.block_from), *until = hazard + LANES * (b - t.block_from);
        const double jump = dies ? d->event_terms[b].jump_death : d->event_terms[b].jump;
        for (size_t w = 0; w < LANES; w++) c[w] = until[w] + multiplier[LANES * b + w] * jump - before[w];
    }
    do_runs(q, d);
}

/* The deaths' x less what was expected of them at block k. */
static void residual(double *u, const Backwards *q, size_t k)
{
    const CoxData *d = q->d;
    const CoxBlock *b = &d->block[k];
    const CoxEventTerms e = d->event_terms[k];
    const size_t p = (size_t)d->p, width = rows_width(p);
    const double less = e.deaths != 0 || e.rest != 0 ? e.jump - e.jump_death : 0;
    memset(u, 0, width * sizeof *u);
    rows_sum(u, d->x + b->first_death * p, d->w ? d->w + b->first_death : NULL, b->to - b->first_death, p);
    for (size_t j = 0; j < width; j++) u[j] -= e.jump * q->s1[j] - less * q->deaths[j];
}

/* Blocks that wait to be multiplied: their rank-one terms and residuals, and where no row leaves before its end what comes with each. */
typedef struct { Runs runs; RowsStep step[RUNS]; double *residual, *score, *running; } Blocks;

static void do_blocks(Blocks *q, const CoxData *d)
{
    const size_t p = (size_t)d->p, width = rows_width(p);
    Runs *runs = &q->runs;
    if (runs->n == 0) return;
    if (q->running) rows_cross_steps(runs->packed, q->running, d->x, d->r, d->squares, q->step, runs->c, runs->n, p, runs->room);
    else rows_cross_eight(runs->packed, d->squares, width, NULL, runs->end, runs->c, runs->n, p, runs->room);
    rows_combine(q->score, q->residual, runs->c, runs->n, width);
    runs->n = 0;
}

/* Block k, which `next` comes after; its vectors are there. */
static void push_block(Blocks *q, const CoxData *d, size_t k, size_t next, const double *multiplier)
{
    const CoxBlock *b = &d->block[k];
    const CoxEventTerms *e = &d->event_terms[k];
    const bool tied = e->deaths != 0 || e->rest != 0;
    Runs *runs = &q->runs;
    const size_t before = runs->n ? runs->end[runs->n - 1] : 0;
    q->step[runs->n] = (RowsStep){ b->from, next - b->from, b->first_death, tied ? b->to - b->first_death : 0, tied ? 2 : 1, e->jump,
                                   tied ? e->jump - e->jump_death : 0 };
    memcpy(runs->c + LANES * runs->n, multiplier + LANES * k, LANES * sizeof *multiplier);
    runs->end[runs->n++] = before + (tied ? 2 : 1);
}

/* Where rows leave before their end a running cross product would lose digits: there the rows count by the hazard that each has met. */
static void eight_of_stratum(Runs *rows, Blocks *blocks, CoxData *d, CoxStratum t, const double *multiplier, double *hazard)
{
    const size_t p = (size_t)d->p, width = rows_width(p);
    Runs *runs = &blocks->runs;
    Backwards q = { d, t, t.row_to, t.row_to, d->s1, d->s1_deaths, 0 };
    if (t.block_to == t.block_from) return;
    if (blocks->running) memset(blocks->running, 0, rows_packed(p) * sizeof *blocks->running);
    else cross_of_rows(rows, d, t, multiplier, hazard);
    memset(d->s1, 0, width * sizeof *d->s1);
    for (size_t k = t.block_to, gave; k > t.block_from;) {
        size_t next = q.next;
        const size_t before = runs->n ? runs->end[runs->n - 1] : 0;
        const size_t over = walk(&q, k, (COX_SQUARES - before) / 2, d->squares + before * width, blocks->residual + runs->n * width, &gave);
        if (!over) {
            enter_block(&q, k - 1, NULL);
            residual(blocks->residual + runs->n * width, &q, k - 1);
            squares(d->squares + before * width, &q, &d->event_terms[k - 1]);
        }
        for (size_t until = k - (over ? over : 1); k > until; k--) {
            push_block(blocks, d, k - 1, next, multiplier);
            next = d->block[k - 1].from;
        }
        if (runs->end[runs->n - 1] + 2 > COX_SQUARES) do_blocks(blocks, d);
    }
    if (blocks->running) do_blocks(blocks, d);
}

Rc cox_eight(double *score, double *info, CoxData *d, const double *multiplier, Err *e)
{
    const size_t p = (size_t)d->p, width = rows_width(p), packed = rows_packed(p);
    Rc rc = OK;
    Arena a = { 0 };
    size_t most = 0;
    for (size_t h = 0; d->start && h < d->n_strata; h++) {
        const size_t blocks = d->stratum[h].block_to - d->stratum[h].block_from;
        if (blocks > most) most = blocks;
    }
    Runs *rows = ARENA_NEW(&a, 1, Runs);
    Blocks *blocks = ARENA_NEW(&a, 1, Blocks);
    double *sums = ARENA_NEW(&a, 2 * LANES * packed + 1, double), *room = ARENA_ROOM(&a, ROWS_RUNS * packed + 1, double);
    double *running = d->start ? NULL : ARENA_NEW(&a, packed + 1, double), *hazard = ARENA_NEW(&a, LANES * (most + 1), double);
    double *u = ARENA_ROOM(&a, RUNS * width + 1, double), *sum = ARENA_NEW(&a, LANES * width + 1, double);
    if (!rows || !blocks || !sums || !room || (!d->start && !running) || !hazard || !u || !sum) { rc = err_nomem(e); goto out; }
    *rows = (Runs){ .packed = sums, .room = room };
    *blocks = (Blocks){ .runs = { .packed = sums + LANES * packed, .room = room }, .residual = u, .score = sum, .running = running };
    memset(d->s1_deaths, 0, width * sizeof *d->s1_deaths);
    for (size_t h = 0; h < d->n_strata; h++) eight_of_stratum(rows, blocks, d, d->stratum[h], multiplier, hazard);
    do_blocks(blocks, d);
    for (size_t w = 0; w < LANES; w++) {
        const double *of_rows = rows->packed + w * packed, *of_blocks = blocks->runs.packed + w * packed;
        rows_unpack(info + w * p * p, running ? of_blocks : of_rows, running ? NULL : of_blocks, p);
        memcpy(score + w * p, sum + w * width, p * sizeof *score);
    }
out:
    arena_free(&a);
    return rc;
}
