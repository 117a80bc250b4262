/* features/mesh.c: marching cubes on a binary mask. */
#include "features/mesh.h"

#include <math.h>

enum { CORNERS = 8, EDGES = 12, CASES = 256 };

/* What one of the 256 cubes contributes: its triangles' area, their summed area vector, and the sum of centre . area vector, with
 * positions from the cube's corner 0. The cube's own place is added by the caller: volume = 1/3 sum (centre . area vector) over all
 * triangles (divergence theorem). */
typedef struct { double area, vector[3], moment; } CubeCase;

/* Corner c stands at (c & 1, c >> 1 & 1, c >> 2). An edge along `axis` is named by the corner at its lower end. */
static int edge_of(int corner, int axis)
{
    int low = corner & ~(1 << axis);
    int others = (low & 1) | (low >> 1 & 1) << 1 | (low >> 2 & 1) << 2;
    int rest = axis == 0 ? others >> 1 : axis == 1 ? (others & 1) | (others >> 2) << 1 : others & 3;
    return axis * 4 + rest;
}

static int axis_between(int a, int b)
{
    int d = a ^ b;
    return d == 1 ? 0 : d == 2 ? 1 : 2;
}

/* Midpoint of an edge, in mm from corner 0. */
static void midpoint(double out[3], int edge, const double spacing_mm[3])
{
    int axis = edge / 4, rest = edge % 4, at[3];
    at[(axis + 1) % 3] = axis == 1 ? rest >> 1 : rest & 1;
    at[(axis + 2) % 3] = axis == 1 ? rest & 1 : rest >> 1;
    at[axis] = 0;
    for (int a = 0; a < 3; a++) out[a] = (a == axis ? 0.5 : at[a]) * spacing_mm[a];
}

/* next[edge]: the edge to which the surface's outline goes from there across the cube's face. On each face, walked around as seen from
 * outside, the outline joins the edge where the walk enters the mask with the one where it next leaves it; on a face whose inside
 * corners are diagonal this parts them, the same for both cubes that share the face, so the surface is closed. */
static void outline(int next[EDGES], int bits)
{
    for (int i = 0; i < EDGES; i++) next[i] = -1;
    for (int axis = 0; axis < 3; axis++)
        for (int side = 0; side < 2; side++) {
            int u = 1 << (axis + 1) % 3, v = 1 << (axis + 2) % 3, base = side << axis;
            int q[4] = { base, base | u, base | u | v, base | v };
            if (side == 0) { int swap = q[1]; q[1] = q[3]; q[3] = swap; }
            for (int k = 0; k < 4; k++) {
                int from = q[k], to = q[(k + 1) % 4];
                if ((bits >> from & 1) || !(bits >> to & 1)) continue;       /* not an entry */
                for (int step = 1; step < 4; step++) {
                    int a = q[(k + step) % 4], b = q[(k + step + 1) % 4];
                    if (!(bits >> a & 1) || (bits >> b & 1)) continue;
                    next[edge_of(from, axis_between(from, to))] = edge_of(a, axis_between(a, b));
                    break;
                }
            }
        }
}

static double triangle_area(const double p[3], const double q[3], const double r[3], double vector[3])
{
    double s[3], t[3];
    for (int a = 0; a < 3; a++) { s[a] = q[a] - p[a]; t[a] = r[a] - p[a]; }
    for (int a = 0; a < 3; a++) vector[a] = 0.5 * (s[(a + 1) % 3] * t[(a + 2) % 3] - s[(a + 2) % 3] * t[(a + 1) % 3]);
    return sqrt(vector[0] * vector[0] + vector[1] * vector[1] + vector[2] * vector[2]);
}

/* One triangle that counts `share` times. */
static void add_triangle(CubeCase *c, const double p[3], const double q[3], const double r[3], double share)
{
    double n[3];
    c->area += share * triangle_area(p, q, r, n);
    for (int a = 0; a < 3; a++) {
        c->moment += share * ((p[a] + q[a] + r[a]) / 3 * n[a]);
        c->vector[a] += share * n[a];
    }
}

/* The outline's corners p, spanned by those triangles that have most area together on the unit cube, where the corners are w; dynamic
 * programming over the diagonals (Klincsek 1980). */
static void add_spanned(CubeCase *c, double p[EDGES][3], double w[EDGES][3], int n, double share)
{
    double most[EDGES][EDGES] = { { 0 } }, vector[3];
    int by[EDGES][EDGES] = { { 0 } }, stack[2 * EDGES][2], depth = 0;
    for (int gap = 2; gap < n; gap++)
        for (int i = 0; i + gap < n; i++) {
            int j = i + gap;
            for (int k = i + 1; k < j; k++) {
                double area = most[i][k] + most[k][j] + triangle_area(w[i], w[k], w[j], vector);
                if (k == i + 1 || area > most[i][j] * (1 + 1e-12)) { most[i][j] = area; by[i][j] = k; }
            }
        }
    stack[depth][0] = 0;
    stack[depth++][1] = n - 1;
    while (depth > 0) {
        int i = stack[--depth][0], j = stack[depth][1], k = by[i][j];
        if (j - i < 2) continue;
        add_triangle(c, p[i], p[k], p[j], share);
        stack[depth][0] = i;
        stack[depth++][1] = k;
        stack[depth][0] = k;
        stack[depth++][1] = j;
    }
}

/* An outline of five corners or more is not flat. Spanned as above it is what the classic tables have for five and six corners (the
 * reference values are met by it, and not by least area or by a fan). Outlines of six have two equally good ways, which are mirrored:
 * the mean over all places where the outline may begin takes both alike, so that turning the image changes nothing. */
static void add_outline(CubeCase *c, const int *loop, int n, const double spacing_mm[3])
{
    static const double unit[3] = { 1, 1, 1 };
    int turns = n > 5 ? n : 1;
    for (int first = 0; first < turns; first++) {
        double p[EDGES][3], w[EDGES][3];
        for (int k = 0; k < n; k++) {
            midpoint(p[k], loop[(first + k) % n], spacing_mm);
            midpoint(w[k], loop[(first + k) % n], unit);
        }
        add_spanned(c, p, w, n, 1.0 / turns);
    }
}

static void make_case(CubeCase *c, int bits, const double spacing_mm[3])
{
    int next[EDGES];
    *c = (CubeCase){ 0 };
    outline(next, bits);
    for (int start = 0; start < EDGES; start++) {
        int loop[EDGES], n = 0;
        for (int edge = start; next[edge] >= 0;) {
            loop[n++] = edge;
            int to = next[edge];
            next[edge] = -1;
            edge = to;
        }
        if (n) add_outline(c, loop, n, spacing_mm);
    }
}

static int inside(const uint8_t *mask, const int n[3], int x, int y, int z)
{
    if (x < 0 || y < 0 || z < 0 || x >= n[0] || y >= n[1] || z >= n[2]) return 0;
    return mask[((size_t)z * (size_t)n[1] + (size_t)y) * (size_t)n[0] + (size_t)x] != 0;
}

/* How often each case occurs, and the sum of the places where. Whole numbers, so no order matters. */
typedef struct { long long count, at[3]; } CaseCount;

static void count_cases(CaseCount count[CASES], const uint8_t *mask, const int n[3])
{
    for (int z = -1; z < n[2]; z++)
        for (int y = -1; y < n[1]; y++) {
            int bits = 0;
            for (int x = -1; x < n[0]; x++) {
                /* The cube moves on by one voxel: its far corners become its near ones. */
                bits = bits >> 1 & 0x55;
                bits |= inside(mask, n, x + 1, y, z) << 1 | inside(mask, n, x + 1, y + 1, z) << 3
                      | inside(mask, n, x + 1, y, z + 1) << 5 | inside(mask, n, x + 1, y + 1, z + 1) << 7;
                if (bits == 0 || bits == CASES - 1) continue;
                count[bits].count++;
                count[bits].at[0] += x;
                count[bits].at[1] += y;
                count[bits].at[2] += z;
            }
        }
}

/* Midpoints between voxels of which one is inside; NULL only counts. */
static size_t collect_vertices(double (*out)[3], const uint8_t *mask, const int n[3], const double spacing_mm[3])
{
    size_t count = 0;
    for (int z = -1; z < n[2]; z++)
        for (int y = -1; y < n[1]; y++)
            for (int x = -1; x < n[0]; x++) {
                int here = inside(mask, n, x, y, z);
                const int at[3] = { x, y, z };
                for (int axis = 0; axis < 3; axis++) {
                    if (inside(mask, n, x + (axis == 0), y + (axis == 1), z + (axis == 2)) == here) continue;
                    if (out)
                        for (int a = 0; a < 3; a++) out[count][a] = (at[a] + (a == axis ? 0.5 : 0)) * spacing_mm[a];
                    count++;
                }
            }
    return count;
}

Rc mesh_build(Mesh *out, const uint8_t *mask, const int n[3], const double spacing_mm[3], Arena *a, Err *e)
{
    CaseCount *count = ARENA_NEW(a, CASES, CaseCount);
    Mesh m = { 0 };
    m.n_vertices = collect_vertices(NULL, mask, n, spacing_mm);
    m.vertex = arena_array(a, m.n_vertices, sizeof *m.vertex);
    if (!count || !m.vertex) return err_nomem(e);
    count_cases(count, mask, n);
    for (int bits = 0; bits < CASES; bits++) {
        CubeCase c;
        if (count[bits].count == 0) continue;
        make_case(&c, bits, spacing_mm);
        m.area_mm2 += (double)count[bits].count * c.area;
        m.volume_mm3 += (double)count[bits].count * c.moment;
        for (int k = 0; k < 3; k++) m.volume_mm3 += (double)count[bits].at[k] * spacing_mm[k] * c.vector[k];
    }
    m.volume_mm3 /= 3;
    collect_vertices(m.vertex, mask, n, spacing_mm);
    for (int k = 0; k < 3; k++) {
        m.low_mm[k] = INFINITY;
        m.high_mm[k] = -INFINITY;
    }
    for (size_t i = 0; i < m.n_vertices; i++)
        for (int k = 0; k < 3; k++) {
            m.low_mm[k] = fmin(m.low_mm[k], m.vertex[i][k]);
            m.high_mm[k] = fmax(m.high_mm[k], m.vertex[i][k]);
        }
    *out = m;
    return OK;
}
