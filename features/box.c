/* features/box.c: minimum bounding box by trying the faces of a convex body, and turning about their normals. */
#include "features/box.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

typedef struct { double u, v; } Flat;
typedef struct { uint32_t from, to, face, twin; } Edge;        /* of two faces; from < to */

typedef struct {
    const double (*point)[3];
    size_t n;
    double (*normal)[3];       /* [faces] twice the face's area long */
    size_t faces;
    Edge *edge;                /* [edges] */
    size_t edges;
    double *facing;            /* [faces] scratch: normal along the line of sight */
    Flat *from, *to;           /* [edges] scratch: the outline's edges */
} Shape;

/* A box: three axes at right angles and the lengths along them. */
typedef struct { double axis[3][3], length[3], volume; } Box;

static double dot(const double a[3], const double b[3]) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }

static void cross(double out[3], const double a[3], const double b[3])
{
    for (int k = 0; k < 3; k++) out[k] = a[(k + 1) % 3] * b[(k + 2) % 3] - a[(k + 2) % 3] * b[(k + 1) % 3];
}

static void normalise(double a[3])
{
    double l = sqrt(dot(a, a));
    for (int k = 0; k < 3; k++) a[k] /= l;
}

static double width(const Shape *s, const double axis[3])
{
    double lo = INFINITY, hi = -INFINITY;
    for (size_t i = 0; i < s->n; i++) {
        double d = dot(s->point[i], axis);
        lo = d < lo ? d : lo;
        hi = d > hi ? d : hi;
    }
    return hi - lo;
}

/* The best box with one axis given. The outline seen along it is made of the edges between a face that looks our way and one
 * that does not; the smallest rectangle around it has a side on one of them (Freeman and Shapira 1975). */
static Box best_about(const Shape *s, const double axis[3])
{
    Box b = { .volume = INFINITY };
    double e1[3] = { 0 }, e2[3], depth = width(s, axis);
    int least = 0;
    for (int k = 1; k < 3; k++) if (fabs(axis[k]) < fabs(axis[least])) least = k;
    e1[least] = 1;
    cross(e2, axis, e1);
    normalise(e2);
    cross(e1, e2, axis);
    for (size_t f = 0; f < s->faces; f++) s->facing[f] = dot(s->normal[f], axis);
    size_t m = 0;
    double span = 0;
    for (size_t k = 0; k < s->edges; k++) {
        if ((s->facing[s->edge[k].face] > 0) == (s->facing[s->edge[k].twin] > 0)) continue;
        const double *p = s->point[s->edge[k].from], *q = s->point[s->edge[k].to];
        s->from[m] = (Flat){ dot(p, e1), dot(p, e2) };
        s->to[m] = (Flat){ dot(q, e1), dot(q, e2) };
        double l = fabs(s->to[m].u - s->from[0].u) + fabs(s->to[m].v - s->from[0].v);
        span = l > span ? l : span;
        m++;
    }
    /* Each corner of the outline begins or ends two of its edges; every edge's ends are looked at, so none is left out. */
    for (size_t i = 0; i < m; i++) {
        double du = s->to[i].u - s->from[i].u, dv = s->to[i].v - s->from[i].v, l = sqrt(du * du + dv * dv);
        if (l <= 1e-9 * span) continue;                        /* seen end on: its direction is noise */
        du /= l;
        dv /= l;
        double along_lo = INFINITY, along_hi = -INFINITY, across_lo = INFINITY, across_hi = -INFINITY;
        for (size_t j = 0; j < m; j++) {
            double u0 = s->from[j].u * du + s->from[j].v * dv, v0 = s->from[j].v * du - s->from[j].u * dv;
            double u1 = s->to[j].u * du + s->to[j].v * dv, v1 = s->to[j].v * du - s->to[j].u * dv;
            double u_lo = u0 < u1 ? u0 : u1, u_hi = u0 < u1 ? u1 : u0, v_lo = v0 < v1 ? v0 : v1, v_hi = v0 < v1 ? v1 : v0;
            along_lo = u_lo < along_lo ? u_lo : along_lo;
            along_hi = u_hi > along_hi ? u_hi : along_hi;
            across_lo = v_lo < across_lo ? v_lo : across_lo;
            across_hi = v_hi > across_hi ? v_hi : across_hi;
        }
        double length = along_hi - along_lo, height = across_hi - across_lo;
        if (length * height * depth < b.volume) {
            b.volume = length * height * depth;
            b.length[0] = depth;
            b.length[1] = length;
            b.length[2] = height;
            for (int k = 0; k < 3; k++) {
                b.axis[0][k] = axis[k];
                b.axis[1][k] = du * e1[k] + dv * e2[k];
                b.axis[2][k] = du * e2[k] - dv * e1[k];
            }
        }
    }
    return b;
}

typedef struct { double bound, axis[3]; } Candidate;

static int by_bound(const void *pa, const void *pb)
{
    const Candidate *a = pa, *b = pb;
    if (a->bound != b->bound) return a->bound < b->bound ? -1 : 1;
    for (int k = 0; k < 3; k++) if (a->axis[k] != b->axis[k]) return a->axis[k] < b->axis[k] ? -1 : 1;
    return 0;
}

enum { EDGES_MAX = 60 };       /* of a body whose pairs of edges are tried */

static int by_ends(const void *pa, const void *pb)
{
    const Edge *a = pa, *b = pb;
    if (a->from != b->from) return a->from < b->from ? -1 : 1;
    if (a->to != b->to) return a->to < b->to ? -1 : 1;
    return a->face < b->face ? -1 : a->face > b->face;
}

static void minus(double out[3], const double a[3], const double b[3]) { for (int k = 0; k < 3; k++) out[k] = a[k] - b[k]; }

/* The bodies' faces and edges; each edge is shared by two triangles. false when the triangles do not close. */
static bool shape_build(Shape *s, const uint32_t (*triangle)[3])
{
    size_t n = 0;
    for (size_t f = 0; f < s->faces; f++) {
        double u[3], v[3];
        minus(u, s->point[triangle[f][1]], s->point[triangle[f][0]]);
        minus(v, s->point[triangle[f][2]], s->point[triangle[f][0]]);
        cross(s->normal[f], u, v);
        for (int k = 0; k < 3; k++) {
            uint32_t a = triangle[f][k], b = triangle[f][(k + 1) % 3];
            s->edge[n++] = (Edge){ a < b ? a : b, a < b ? b : a, (uint32_t)f, 0 };
        }
    }
    qsort(s->edge, n, sizeof *s->edge, by_ends);
    for (size_t k = 0; k + 1 < n; k += 2) {
        if (s->edge[k].from != s->edge[k + 1].from || s->edge[k].to != s->edge[k + 1].to) return false;
        s->edge[s->edges] = s->edge[k];
        s->edge[s->edges++].twin = s->edge[k + 1].face;
    }
    return true;
}

/* Normals of the faces, and of pairs of edges of a small body. Returns their number. */
static size_t candidates(Candidate *c, const Shape *s)
{
    size_t n = 0;
    for (size_t f = 0; f < s->faces; f++) memcpy(c[n++].axis, s->normal[f], sizeof s->normal[f]);
    for (size_t i = 0; i < s->edges && s->edges <= EDGES_MAX; i++)
        for (size_t j = 0; j < i; j++) {
            double u[3], v[3];
            minus(u, s->point[s->edge[i].to], s->point[s->edge[i].from]);
            minus(v, s->point[s->edge[j].to], s->point[s->edge[j].from]);
            cross(c[n].axis, u, v);
            if (dot(c[n].axis, c[n].axis) > 1e-12 * dot(u, u) * dot(v, v)) n++;
        }
    for (size_t k = 0; k < n; k++) normalise(c[k].axis);
    return n;
}

/* Turns a box about its own axes until none of them lets it shrink. */
static Box shrink(const Shape *s, Box b)
{
    for (int turns = 1, still = 0; still < 3 && turns < 60; turns++) {
        Box other = best_about(s, b.axis[turns % 3]);
        if (other.volume < b.volume * (1 - 1e-12)) { b = other; still = 0; }
        else still++;
    }
    return b;
}

Rc box_minimum(double edge[3], const double (*point)[3], size_t n, const uint32_t (*triangle)[3], size_t n_triangles, Err *e)
{
    Rc rc = OK;
    Shape s = { .point = point, .n = n, .faces = n_triangles };
    Candidate *c = malloc((n_triangles + EDGES_MAX * EDGES_MAX / 2) * sizeof *c);
    const double promising = 1.03;             /* boxes up to that much larger than the best so far are worth turning */
    Box best = { .volume = INFINITY, .length = { NAN, NAN, NAN } };

    s.normal = malloc(n_triangles * sizeof *s.normal);
    s.facing = malloc(n_triangles * sizeof *s.facing);
    s.edge = malloc(3 * n_triangles * sizeof *s.edge);
    s.from = malloc(3 * n_triangles * sizeof *s.from);
    if (!c || !s.normal || !s.facing || !s.edge || !s.from) { rc = err_nomem(e); goto out; }
    if (!shape_build(&s, triangle)) { rc = err_set(e, ERR_INTERNAL, "a convex body of %zu triangles is not closed", n_triangles); goto out; }
    s.to = s.from + s.edges;
    /* A box about an axis holds a prism over the body's shadow: it has at least the width times the shadow's area, which
     * is half the sum of the faces' projected areas (Cauchy). */
    size_t m = candidates(c, &s);
    for (size_t k = 0; k < m; k++) {
        double shadow = 0;
        for (size_t f = 0; f < n_triangles; f++) shadow += fabs(dot(s.normal[f], c[k].axis));
        c[k].bound = width(&s, c[k].axis) * shadow / 4;
    }
    qsort(c, m, sizeof *c, by_bound);
    for (size_t k = 0; k < m && c[k].bound < best.volume; k++) {
        if (k && fabs(dot(c[k].axis, c[k - 1].axis)) > 1 - 1e-14) continue;      /* another triangle of the same face */
        Box b = best_about(&s, c[k].axis);
        if (b.volume < best.volume * promising) b = shrink(&s, b);
        if (b.volume < best.volume) best = b;
    }
out:
    for (int k = 0; k < 3; k++) edge[k] = best.length[k];
    for (int i = 0; i < 2; i++)
        for (int j = 0; j < 2 - i; j++)
            if (edge[j] < edge[j + 1]) { double t = edge[j]; edge[j] = edge[j + 1]; edge[j + 1] = t; }
    free(c);
    free(s.normal);
    free(s.facing);
    free(s.edge);
    free(s.from);
    return rc;
}
