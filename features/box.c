/* features/box.c: minimum bounding box by trying the faces of a convex body and rotating calipers about their normals. */
#include "features/box.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct { double u, v; } Flat;

typedef struct {
    const double (*point)[3];
    size_t n;
    Flat *flat, *outline;      /* [n], [n+1] */
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

static int by_u(const void *pa, const void *pb)
{
    const Flat *a = pa, *b = pb;
    if (a->u != b->u) return a->u < b->u ? -1 : 1;
    return a->v < b->v ? -1 : a->v > b->v;
}

static double turn(const Flat *o, const Flat *a, const Flat *b) { return (a->u - o->u) * (b->v - o->v) - (a->v - o->v) * (b->u - o->u); }

/* Corners of the outline of s->flat, counter-clockwise (Andrew's monotone chain). Corners that are one but for rounding, or
 * in line with their neighbours, are dropped: the direction of an edge between them would be noise. */
static size_t outline_of(Shape *s)
{
    size_t h = 0;
    double span = 0;
    for (size_t i = 0; i < s->n; i++) span = fmax(span, fmax(fabs(s->flat[i].u), fabs(s->flat[i].v)));
    const double nothing = 1e-14 * span * span;
    qsort(s->flat, s->n, sizeof *s->flat, by_u);
    for (size_t i = 0; i < s->n; i++) {
        while (h >= 2 && turn(&s->outline[h - 2], &s->outline[h - 1], &s->flat[i]) <= nothing) h--;
        s->outline[h++] = s->flat[i];
    }
    size_t lower = h + 1;
    for (size_t i = s->n - 1; i-- > 0;) {
        while (h >= lower && turn(&s->outline[h - 2], &s->outline[h - 1], &s->flat[i]) <= nothing) h--;
        s->outline[h++] = s->flat[i];
    }
    return h - 1;
}

/* The best box with one axis given: the smallest rectangle around the outline seen along it has a side on one of the
 * outline's edges. Calipers go round: the farthest corners along and across an edge only move on. */
static Box best_about(Shape *s, const double axis[3])
{
    Box b = { .volume = INFINITY };
    double e1[3] = { 0 }, e2[3];
    int least = 0;
    for (int k = 1; k < 3; k++) if (fabs(axis[k]) < fabs(axis[least])) least = k;
    e1[least] = 1;
    cross(e2, axis, e1);
    normalise(e2);
    cross(e1, e2, axis);
    double depth = width(s, axis);
    for (size_t i = 0; i < s->n; i++) {
        double p[3];
        for (int k = 0; k < 3; k++) p[k] = s->point[i][k] - s->point[0][k];
        s->flat[i] = (Flat){ dot(p, e1), dot(p, e2) };
    }
    size_t m = outline_of(s), right = 0, top = 0, left = 0;
    for (size_t i = 0; i < m; i++) {
        const Flat *p = s->outline;
        double du = p[(i + 1) % m].u - p[i].u, dv = p[(i + 1) % m].v - p[i].v, l = sqrt(du * du + dv * dv);
        if (l == 0) continue;
        du /= l;
        dv /= l;
#define ALONG(j) (p[(j) % m].u * du + p[(j) % m].v * dv)
#define ACROSS(j) (p[(j) % m].v * du - p[(j) % m].u * dv)
        if (right < i + 1) right = i + 1;
        while (right < i + m && ALONG(right + 1) > ALONG(right)) right++;
        if (top < right) top = right;
        while (top < i + m && ACROSS(top + 1) > ACROSS(top)) top++;
        if (left < top) left = top;
        while (left < i + m && ALONG(left + 1) < ALONG(left)) left++;
        double length = ALONG(right) - ALONG(left), height = ACROSS(top) - ACROSS(i);
#undef ALONG
#undef ACROSS
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

static void minus(double out[3], const double a[3], const double b[3]) { for (int k = 0; k < 3; k++) out[k] = a[k] - b[k]; }

/* Normals of the faces (twice their area long), and of pairs of edges of a small body. Returns their number. */
static size_t candidates(Candidate *c, double (*normal)[3], const Shape *s, const uint32_t (*triangle)[3], size_t n_triangles)
{
    size_t n = 0, edges = 0;
    double direction[EDGES_MAX][3];
    for (size_t f = 0; f < n_triangles; f++) {
        double u[3], v[3];
        minus(u, s->point[triangle[f][1]], s->point[triangle[f][0]]);
        minus(v, s->point[triangle[f][2]], s->point[triangle[f][0]]);
        cross(normal[f], u, v);
        memcpy(c[n++].axis, normal[f], sizeof normal[f]);
        for (int k = 0; k < 3 && n_triangles * 3 <= 2 * EDGES_MAX; k++) {
            uint32_t from = triangle[f][k], to = triangle[f][(k + 1) % 3];
            if (from < to) minus(direction[edges++], s->point[to], s->point[from]);
        }
    }
    for (size_t i = 0; i < edges; i++)
        for (size_t j = 0; j < i; j++) {
            cross(c[n].axis, direction[i], direction[j]);
            if (dot(c[n].axis, c[n].axis) > 1e-12 * dot(direction[i], direction[i]) * dot(direction[j], direction[j])) n++;
        }
    for (size_t k = 0; k < n; k++) normalise(c[k].axis);
    return n;
}

/* Turns a box about its own axes until none of them lets it shrink. */
static Box shrink(Shape *s, Box b)
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
    Shape s = { .point = point, .n = n };
    Candidate *c = malloc((n_triangles + EDGES_MAX * EDGES_MAX / 2) * sizeof *c);
    double (*normal)[3] = malloc(n_triangles * sizeof *normal);
    const double promising = 1.03;             /* boxes up to that much larger than the best so far are worth turning */

    s.flat = malloc(n * sizeof *s.flat);
    s.outline = malloc((n + 1) * sizeof *s.outline);
    if (!c || !normal || !s.flat || !s.outline) { rc = err_nomem(e); goto out; }
    /* A box about an axis holds a prism over the body's shadow: it has at least the width times the shadow's area, which
     * is half the sum of the faces' projected areas (Cauchy). */
    size_t m = candidates(c, normal, &s, triangle, n_triangles);
    for (size_t k = 0; k < m; k++) {
        double shadow = 0;
        for (size_t f = 0; f < n_triangles; f++) shadow += fabs(dot(normal[f], c[k].axis));
        c[k].bound = width(&s, c[k].axis) * shadow / 4;
    }
    qsort(c, m, sizeof *c, by_bound);
    Box best = { .volume = INFINITY };
    for (size_t k = 0; k < m && c[k].bound < best.volume; k++) {
        Box b = best_about(&s, c[k].axis);
        if (b.volume < best.volume * promising) b = shrink(&s, b);
        if (b.volume < best.volume) best = b;
    }
    for (int k = 0; k < 3; k++) edge[k] = best.length[k];
    for (int i = 0; i < 2; i++)
        for (int j = 0; j < 2 - i; j++)
            if (edge[j] < edge[j + 1]) { double t = edge[j]; edge[j] = edge[j + 1]; edge[j + 1] = t; }
out:
    free(c);
    free(normal);
    free(s.flat);
    free(s.outline);
    return rc;
}
