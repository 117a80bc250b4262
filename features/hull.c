/* features/hull.c: convex hull by quickhull on whole numbers. A facet is seen by a point that is strictly above its plane;
 * since that is decided without rounding, what is seen is connected and bounded by one cycle of edges. */
#include "features/hull.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define NOBODY UINT32_MAX

/* While the hull grows. neighbour[k] lies across the edge from corner k to the next. */
typedef struct {
    uint32_t corner[3], neighbour[3];
    int64_t normal[3];
    uint32_t outside;          /* first of a chain of points above it */
    bool dead, seen;
} Facet;

typedef struct { uint32_t facet, edge; } Edge;

typedef struct {
    const LatticePoint *p;
    uint32_t *next;            /* [n] chains of outside sets */
    uint32_t *facet_from;      /* [n] new facet whose horizon edge begins in the point */
    Facet *facet;
    uint32_t n, cap;
    uint32_t *visible, n_visible, cap_visible;
    Edge *horizon;
    uint32_t n_horizon, cap_horizon;
} Growth;

static int by_zyx(const void *pa, const void *pb)
{
    const int32_t *a = ((const LatticePoint *)pa)->at, *b = ((const LatticePoint *)pb)->at;
    for (int k = 2; k >= 0; k--)
        if (a[k] != b[k]) return a[k] < b[k] ? -1 : 1;
    return 0;
}

static int64_t turn_xy(const LatticePoint *o, const LatticePoint *a, const LatticePoint *b)
{
    return (int64_t)(a->at[0] - o->at[0]) * (b->at[1] - o->at[1]) - (int64_t)(a->at[1] - o->at[1]) * (b->at[0] - o->at[0]);
}

/* A corner of the hull is a corner of the outline in its plane z = const (Andrew's monotone chain). Keeps those, in place;
 * p is sorted by z, y, x, each point once. */
static size_t keep_outlines(LatticePoint *p, size_t n, LatticePoint *outline)
{
    size_t kept = 0;
    for (size_t from = 0, to; from < n; from = to) {
        for (to = from + 1; to < n && p[to].at[2] == p[from].at[2]; to++) continue;
        size_t m = to - from, h = 0;
        for (size_t i = 0; i < m; i++) {
            while (h >= 2 && turn_xy(&outline[h - 2], &outline[h - 1], &p[from + i]) >= 0) h--;
            outline[h++] = p[from + i];
        }
        size_t lower = h + 1;
        for (size_t i = m - 1; m > 1 && i-- > 0;) {
            while (h >= lower && turn_xy(&outline[h - 2], &outline[h - 1], &p[from + i]) >= 0) h--;
            outline[h++] = p[from + i];
        }
        if (m > 1) h--;                                        /* the first point again */
        memcpy(p + kept, outline, h * sizeof *p);
        kept += h;
    }
    return kept;
}

static void normal_of(int64_t out[3], const LatticePoint *a, const LatticePoint *b, const LatticePoint *c)
{
    int64_t u[3], v[3];
    for (int k = 0; k < 3; k++) { u[k] = b->at[k] - a->at[k]; v[k] = c->at[k] - a->at[k]; }
    for (int k = 0; k < 3; k++) out[k] = u[(k + 1) % 3] * v[(k + 2) % 3] - u[(k + 2) % 3] * v[(k + 1) % 3];
}

/* Height above the facet's plane, times the length of its normal. */
static int64_t height(const Growth *g, const Facet *f, uint32_t i)
{
    const int32_t *o = g->p[f->corner[0]].at, *x = g->p[i].at;
    return f->normal[0] * (x[0] - o[0]) + f->normal[1] * (x[1] - o[1]) + f->normal[2] * (x[2] - o[2]);
}

/* Room for one more of `size` bytes. */
static bool grow(void *array, uint32_t n, uint32_t *cap, size_t size)
{
    void **p = array;
    if (n < *cap) return true;
    uint32_t more = *cap ? 2 * *cap : 64;
    void *q = realloc(*p, more * size);
    if (!q) return false;
    *p = q;
    *cap = more;
    return true;
}

static bool add_facet(Growth *g, uint32_t a, uint32_t b, uint32_t c)
{
    if (!grow(&g->facet, g->n, &g->cap, sizeof *g->facet)) return false;
    Facet *f = &g->facet[g->n++];
    *f = (Facet){ .corner = { a, b, c }, .neighbour = { NOBODY, NOBODY, NOBODY }, .outside = NOBODY };
    normal_of(f->normal, &g->p[a], &g->p[b], &g->p[c]);
    return true;
}

/* Puts a point on the chain of the first facet from `first` on that it is above; forgets it when there is none. */
static void assign(Growth *g, uint32_t i, uint32_t first)
{
    for (uint32_t k = first; k < g->n; k++)
        if (height(g, &g->facet[k], i) > 0) {
            g->next[i] = g->facet[k].outside;
            g->facet[k].outside = i;
            return;
        }
}

/* Four points that are not in one plane, far apart; false when there are none. */
static bool first_tetrahedron(uint32_t t[4], const LatticePoint *p, uint32_t n)
{
    uint32_t lo = 0, hi = 0;
    for (uint32_t i = 1; i < n; i++) {
        if (p[i].at[0] < p[lo].at[0]) lo = i;
        if (p[i].at[0] > p[hi].at[0]) hi = i;
    }
    if (p[lo].at[0] == p[hi].at[0]) return false;
    double best = 0;
    int64_t normal[3] = { 0 }, m[3];
    t[0] = lo;
    t[1] = hi;
    for (uint32_t i = 0; i < n; i++) {
        normal_of(m, &p[lo], &p[hi], &p[i]);
        double d = (double)m[0] * (double)m[0] + (double)m[1] * (double)m[1] + (double)m[2] * (double)m[2];
        if (d > best) { best = d; t[2] = i; memcpy(normal, m, sizeof normal); }
    }
    if (best == 0) return false;
    int64_t far = 0;
    for (uint32_t i = 0; i < n; i++) {
        int64_t d = 0;
        for (int k = 0; k < 3; k++) d += normal[k] * (p[i].at[k] - p[lo].at[k]);
        if (llabs(d) > llabs(far)) { far = d; t[3] = i; }
    }
    if (far == 0) return false;
    if (far > 0) { uint32_t s = t[1]; t[1] = t[2]; t[2] = s; }         /* t[3] below the triangle t[0] t[1] t[2] */
    return true;
}

static void link_facets(Growth *g, uint32_t count)
{
    for (uint32_t a = 0; a < count; a++)
        for (int i = 0; i < 3; i++)
            for (uint32_t b = 0; b < count; b++)
                for (int j = 0; j < 3; j++)
                    if (g->facet[a].corner[i] == g->facet[b].corner[(j + 1) % 3] && g->facet[a].corner[(i + 1) % 3] == g->facet[b].corner[j])
                        g->facet[a].neighbour[i] = b;
}

/* All facets that the point sees, starting from one, and the edges where what it sees ends. */
static bool look(Growth *g, uint32_t eye, uint32_t start)
{
    g->n_visible = g->n_horizon = 0;
    if (!grow(&g->visible, 0, &g->cap_visible, sizeof *g->visible)) return false;
    g->visible[g->n_visible++] = start;
    g->facet[start].seen = true;
    for (uint32_t k = 0; k < g->n_visible; k++)
        for (uint32_t i = 0; i < 3; i++) {
            uint32_t other = g->facet[g->visible[k]].neighbour[i];
            if (g->facet[other].seen) continue;
            if (height(g, &g->facet[other], eye) > 0) {
                if (!grow(&g->visible, g->n_visible, &g->cap_visible, sizeof *g->visible)) return false;
                g->facet[other].seen = true;
                g->visible[g->n_visible++] = other;
            } else {
                if (!grow(&g->horizon, g->n_horizon, &g->cap_horizon, sizeof *g->horizon)) return false;
                g->horizon[g->n_horizon++] = (Edge){ g->visible[k], i };
            }
        }
    return true;
}

/* The cone from the horizon to the point takes the place of what the point sees. */
static bool cone(Growth *g, uint32_t eye)
{
    uint32_t first = g->n;
    for (uint32_t k = 0; k < g->n_horizon; k++) {
        Edge h = g->horizon[k];
        uint32_t a = g->facet[h.facet].corner[h.edge], b = g->facet[h.facet].corner[(h.edge + 1) % 3];
        uint32_t beyond = g->facet[h.facet].neighbour[h.edge];
        if (!add_facet(g, a, b, eye)) return false;
        g->facet_from[a] = g->n - 1;
        g->facet[g->n - 1].neighbour[0] = beyond;
        for (int j = 0; j < 3; j++)
            if (g->facet[beyond].corner[j] == b && g->facet[beyond].corner[(j + 1) % 3] == a) g->facet[beyond].neighbour[j] = g->n - 1;
    }
    for (uint32_t k = first; k < g->n; k++) {
        uint32_t next = g->facet_from[g->facet[k].corner[1]];
        g->facet[k].neighbour[1] = next;                       /* across (b, eye) */
        g->facet[next].neighbour[2] = k;                       /* across (eye, its a) */
    }
    for (uint32_t k = 0; k < g->n_visible; k++) {
        Facet *f = &g->facet[g->visible[k]];
        f->dead = true;
        for (uint32_t i = f->outside, after; i != NOBODY; i = after) {
            after = g->next[i];
            if (i != eye) assign(g, i, first);
        }
        g->facet[g->visible[k]].outside = NOBODY;
    }
    return true;
}

/* Living facets and the points that they name. */
static Rc harvest(Hull *out, const Growth *g, uint32_t n, Arena *a, Err *e)
{
    Hull h = { 0 };
    for (uint32_t k = 0; k < g->n; k++) h.n_facets += !g->facet[k].dead;
    h.facet = ARENA_NEW(a, h.n_facets, HullFacet);
    h.point = ARENA_NEW(a, h.n_facets / 2 + 2, LatticePoint);  /* Euler: F = 2V - 4 */
    if (!h.facet || !h.point) return err_nomem(e);
    for (uint32_t i = 0; i < n; i++) g->next[i] = NOBODY;      /* from here on: the point's new number */
    size_t f = 0;
    for (uint32_t k = 0; k < g->n; k++) {
        const Facet *from = &g->facet[k];
        if (from->dead) continue;
        HullFacet *to = &h.facet[f++];
        memcpy(to->normal, from->normal, sizeof to->normal);
        for (int j = 0; j < 3; j++) {
            uint32_t i = from->corner[j];
            if (g->next[i] == NOBODY) { g->next[i] = (uint32_t)h.n_points; h.point[h.n_points++] = g->p[i]; }
            to->corner[j] = g->next[i];
        }
        const int32_t *c = g->p[from->corner[0]].at, *o = h.point[0].at;
        for (int j = 0; j < 3; j++) h.volume_6 += from->normal[j] * (c[j] - o[j]);
    }
    *out = h;
    return OK;
}

Rc hull_build(Hull *out, LatticePoint *p, size_t n, Arena *a, Err *e)
{
    Rc rc = OK;
    Growth g = { .p = p };
    LatticePoint *outline = malloc((n + 1) * sizeof *outline);
    uint32_t t[4] = { 0 };

    *out = (Hull){ 0 };
    if (!outline) { rc = err_nomem(e); goto out; }
    qsort(p, n, sizeof *p, by_zyx);
    size_t once = 0;
    for (size_t i = 0; i < n; i++)
        if (i == 0 || by_zyx(&p[i], &p[i - 1]) != 0) outline[once++] = p[i];
    memcpy(p, outline, once * sizeof *p);
    n = keep_outlines(p, once, outline);
    if (n < 4 || !first_tetrahedron(t, p, (uint32_t)n)) goto out;

    g.next = malloc(n * sizeof *g.next);
    g.facet_from = malloc(n * sizeof *g.facet_from);
    if (!g.next || !g.facet_from) { rc = err_nomem(e); goto out; }
    if (!add_facet(&g, t[0], t[1], t[2]) || !add_facet(&g, t[0], t[3], t[1]) || !add_facet(&g, t[1], t[3], t[2]) ||
        !add_facet(&g, t[2], t[3], t[0])) { rc = err_nomem(e); goto out; }
    link_facets(&g, 4);
    for (uint32_t i = 0; i < n; i++)
        if (i != t[0] && i != t[1] && i != t[2] && i != t[3]) assign(&g, i, 0);
    for (uint32_t k = 0; k < g.n; k++) {
        if (g.facet[k].dead || g.facet[k].outside == NOBODY) continue;
        uint32_t eye = g.facet[k].outside;
        int64_t far = height(&g, &g.facet[k], eye);
        for (uint32_t i = g.next[eye]; i != NOBODY; i = g.next[i]) {
            int64_t d = height(&g, &g.facet[k], i);
            if (d > far) { far = d; eye = i; }
        }
        if (!look(&g, eye, k) || !cone(&g, eye)) { rc = err_nomem(e); goto out; }
    }
    TRY(harvest(out, &g, (uint32_t)n, a, e));
out:
    free(outline);
    free(g.next);
    free(g.facet_from);
    free(g.facet);
    free(g.visible);
    free(g.horizon);
    return rc;
}
