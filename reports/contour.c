/* reports/contour.c: marching squares whose segments are chained into rings. */
#include "reports/contour.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

/* The field with a border of one sample below the level. Every edge between neighbouring samples has a number: the
 * horizontal one to the right of (x, y) is 2 * at(x, y), the vertical one below it 2 * at(x, y) + 1. */
typedef struct {
    const float *f;
    int nx, ny, w, h;
    double level;
} Field;

static double sample(const Field *g, int x, int y)
{
    if (x < 1 || y < 1 || x > g->nx || y > g->ny) return -INFINITY;
    double v = g->f[(size_t)(y - 1) * (size_t)g->nx + (size_t)(x - 1)];
    return isnan(v) ? -INFINITY : v;
}

static size_t edge(const Field *g, int x, int y, int vertical)
{
    return 2 * ((size_t)y * (size_t)g->w + (size_t)x) + (size_t)vertical;
}

/* Where the level lies on an edge, in coordinates of the field without its border. */
static void edge_point(double *px, double *py, const Field *g, size_t id)
{
    int x = (int)(id / 2 % (size_t)g->w), y = (int)(id / 2 / (size_t)g->w), vertical = (int)(id & 1);
    double a = sample(g, x, y), b = vertical ? sample(g, x, y + 1) : sample(g, x + 1, y);
    /* From outside the field the crossing is taken half way. */
    double u = isfinite(a) && isfinite(b) && a != b ? (g->level - a) / (b - a) : 0.5;
    *px = x - 1 + (vertical ? 0 : u);
    *py = y - 1 + (vertical ? u : 0);
}

/* Segments run with the higher side on their right, so each edge has one successor: next[edge] = edge, or SIZE_MAX. */
static void cell(size_t *next, const Field *g, int x, int y)
{
    double v[4] = { sample(g, x, y), sample(g, x + 1, y), sample(g, x + 1, y + 1), sample(g, x, y + 1) };
    int code = 0;
    for (int k = 0; k < 4; k++) code |= (v[k] >= g->level) << k;
    const size_t top = edge(g, x, y, 0), right = edge(g, x + 1, y, 1), bottom = edge(g, x, y + 1, 0), left = edge(g, x, y, 1);
    double middle = (v[0] + v[1] + v[2] + v[3]) / 4;
    bool joined = middle >= g->level;                /* saddle: are the two high corners connected? */
    switch (code) {
    case 1: next[top] = left; break;
    case 2: next[right] = top; break;
    case 3: next[right] = left; break;
    case 4: next[bottom] = right; break;
    case 5:
        if (joined) { next[top] = right; next[bottom] = left; }
        else { next[top] = left; next[bottom] = right; }
        break;
    case 6: next[bottom] = top; break;
    case 7: next[bottom] = left; break;
    case 8: next[left] = bottom; break;
    case 9: next[top] = bottom; break;
    case 10:
        if (joined) { next[left] = top; next[right] = bottom; }
        else { next[right] = top; next[left] = bottom; }
        break;
    case 11: next[right] = bottom; break;
    case 12: next[left] = right; break;
    case 13: next[top] = right; break;
    case 14: next[left] = top; break;
    default: break;
    }
}

Rc contour_trace(Contour *out, const float *f, int nx, int ny, double level, Arena *a, Err *e)
{
    Rc rc = OK;
    Field g = { f, nx, ny, nx + 2, ny + 2, level };
    Contour c = { 0 };
    size_t edges = 2 * (size_t)g.w * (size_t)g.h, n_rings = 0;
    size_t *next = malloc(edges * sizeof *next);
    unsigned char *seen = calloc(edges, 1);
    if (!next || !seen) { rc = err_nomem(e); goto out; }
    for (size_t i = 0; i < edges; i++) next[i] = SIZE_MAX;
    for (int y = 0; y + 1 < g.h; y++) for (int x = 0; x + 1 < g.w; x++) cell(next, &g, x, y);
    for (int pass = 0; pass < 2; pass++) {           /* count the rings, then keep them */
        if (pass) {
            c.ring = ARENA_NEW(a, n_rings, Ring);
            if (!c.ring) { rc = err_nomem(e); goto out; }
            for (size_t i = 0; i < edges; i++) seen[i] = 0;
        }
        for (size_t i = 0; i < edges; i++) {
            if (next[i] == SIZE_MAX || seen[i]) continue;
            size_t length = 0;
            for (size_t k = i; !seen[k]; k = next[k]) { seen[k] = 1; length++; }
            if (!pass) { n_rings++; continue; }
            Ring *r = &c.ring[c.n++];
            r->x = ARENA_NEW(a, length, double);
            r->y = ARENA_NEW(a, length, double);
            if (!r->x || !r->y) { rc = err_nomem(e); goto out; }
            size_t k = i;
            for (r->n = 0; r->n < length; r->n++, k = next[k]) edge_point(&r->x[r->n], &r->y[r->n], &g, k);
        }
    }
    *out = c;
out:
    free(next);
    free(seen);
    return rc;
}

double contour_area(const Contour *c)
{
    double twice = 0;
    for (size_t i = 0; i < c->n; i++) {
        const Ring *r = &c->ring[i];
        for (size_t k = 0; k < r->n; k++) {
            size_t m = k + 1 < r->n ? k + 1 : 0;
            twice += r->x[k] * r->y[m] - r->x[m] * r->y[k];
        }
    }
    return fabs(twice) / 2;
}
