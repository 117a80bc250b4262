/* features/diameter.c: the largest distance between points, of which only corners of their hull come into question. */
#include "features/diameter.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct { double key, u, v, at[3]; } Candidate;

static int by_plane(const void *a, const void *b)
{
    const Candidate *p = a, *q = b;
    if (p->key != q->key) return p->key < q->key ? -1 : 1;
    if (p->u != q->u) return p->u < q->u ? -1 : 1;
    return (p->v > q->v) - (p->v < q->v);
}

static int by_key_down(const void *a, const void *b)
{
    const Candidate *p = a, *q = b;
    return (p->key < q->key) - (p->key > q->key);
}

static double turn(const Candidate *o, const Candidate *p, const Candidate *q)
{
    return (p->u - o->u) * (q->v - o->v) - (p->v - o->v) * (q->u - o->u);
}

/* Corners of the convex outline of m sorted points of one plane (Andrew's monotone chain); hull has room for m + 1. */
static size_t plane_hull(Candidate *hull, const Candidate *p, size_t m)
{
    size_t n = 0;
    if (m < 3) { memcpy(hull, p, m * sizeof *p); return m; }
    for (size_t i = 0; i < m; i++) {
        while (n >= 2 && turn(&hull[n - 2], &hull[n - 1], &p[i]) <= 0) n--;
        hull[n++] = p[i];
    }
    size_t lower = n + 1;
    for (size_t i = m - 1; i-- > 0;) {
        while (n >= lower && turn(&hull[n - 2], &hull[n - 1], &p[i]) <= 0) n--;
        hull[n++] = p[i];
    }
    return n - 1;
}

/* A corner of the hull is a corner of the outline in each plane through it: keeps those, plane after plane across one axis. */
static size_t keep_corners(Candidate *p, Candidate *scratch, size_t n, int axis)
{
    for (size_t i = 0; i < n; i++) {
        p[i].key = p[i].at[axis];
        p[i].u = p[i].at[(axis + 1) % 3];
        p[i].v = p[i].at[(axis + 2) % 3];
    }
    qsort(p, n, sizeof *p, by_plane);
    size_t kept = 0;
    for (size_t from = 0, to; from < n; from = to) {
        for (to = from + 1; to < n && p[to].key == p[from].key; to++) continue;
        size_t corners = plane_hull(scratch, p + from, to - from);
        memcpy(p + kept, scratch, corners * sizeof *p);
        kept += corners;
    }
    return kept;
}

Rc largest_distance(double *out, const double (*point)[3], size_t n, Arena *a, Err *e)
{
    *out = 0;
    if (n < 2) return OK;
    Candidate *p = ARENA_NEW(a, n, Candidate), *scratch = ARENA_NEW(a, n + 1, Candidate);
    if (!p || !scratch) return err_nomem(e);
    double centre[3] = { 0 };
    for (size_t i = 0; i < n; i++) memcpy(p[i].at, point[i], sizeof p[i].at);
    for (int axis = 2; axis >= 0; axis--) n = keep_corners(p, scratch, n, axis);

    for (size_t i = 0; i < n; i++)
        for (int k = 0; k < 3; k++) centre[k] += p[i].at[k] / (double)n;
    for (size_t i = 0; i < n; i++) {
        double d2 = 0;
        for (int k = 0; k < 3; k++) d2 += (p[i].at[k] - centre[k]) * (p[i].at[k] - centre[k]);
        p[i].key = sqrt(d2);
    }
    /* Farthest from the centre first: two points whose distances from it sum to no more than the best cannot beat it. */
    qsort(p, n, sizeof *p, by_key_down);
    double best = 0, best2 = 0;
    for (size_t i = 0; i < n && 2 * p[i].key > best; i++)
        for (size_t j = i + 1; j < n && p[i].key + p[j].key > best; j++) {
            double d2 = 0;
            for (int k = 0; k < 3; k++) d2 += (p[i].at[k] - p[j].at[k]) * (p[i].at[k] - p[j].at[k]);
            if (d2 > best2) { best2 = d2; best = sqrt(d2); }
        }
    *out = best;
    return OK;
}
