/* features/mesh.c: marching cubes on a binary mask. */
#include "features/mesh.h"

#include <math.h>
#include <string.h>

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
                for (int step = 3; step > 0; step--) {
                    int a = q[(k + step) % 4], b = q[(k + step + 1) % 4];
                    if (!(bits >> a & 1) || (bits >> b & 1)) continue;
                    next[edge_of(from, axis_between(from, to))] = edge_of(a, axis_between(a, b));
                    break;
                }
            }
        }
}

static void add_triangle(CubeCase *c, const double p[3], const double q[3], const double r[3])
{
    double s[3], t[3], n[3], centre_dot = 0;
    for (int a = 0; a < 3; a++) { s[a] = q[a] - p[a]; t[a] = r[a] - p[a]; }
    for (int a = 0; a < 3; a++) n[a] = 0.5 * (s[(a + 1) % 3] * t[(a + 2) % 3] - s[(a + 2) % 3] * t[(a + 1) % 3]);
    for (int a = 0; a < 3; a++) {
        centre_dot += (p[a] + q[a] + r[a]) / 3 * n[a];
        c->vector[a] += n[a];
    }
    c->area += sqrt(n[0] * n[0] + n[1] * n[1] + n[2] * n[2]);
    c->moment += centre_dot;
}

static void make_cases(CubeCase cases[CASES], const double spacing_mm[3])
{
    memset(cases, 0, CASES * sizeof *cases);
    for (int bits = 1; bits < CASES - 1; bits++) {
        int next[EDGES];
        outline(next, bits);
        for (int start = 0; start < EDGES; start++) {
            if (next[start] < 0) continue;
            int loop[EDGES], n = 0;
            for (int edge = start; next[edge] >= 0;) {
                loop[n++] = edge;
                int to = next[edge];
                next[edge] = -1;
                edge = to;
            }
            double p[EDGES][3];
            for (int k = 0; k < n; k++) midpoint(p[k], loop[k], spacing_mm);
            for (int k = 2; k < n; k++) add_triangle(&cases[bits], p[0], p[k - 1], p[k]);
        }
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
    CubeCase *cases = ARENA_NEW(a, CASES, CubeCase);
    CaseCount *count = ARENA_NEW(a, CASES, CaseCount);
    Mesh m = { 0 };
    m.n_vertices = collect_vertices(NULL, mask, n, spacing_mm);
    m.vertex = arena_array(a, m.n_vertices, sizeof *m.vertex);
    if (!cases || !count || !m.vertex) return err_nomem(e);
    make_cases(cases, spacing_mm);
    count_cases(count, mask, n);
    for (int c = 0; c < CASES; c++) {
        m.area_mm2 += (double)count[c].count * cases[c].area;
        m.volume_mm3 += (double)count[c].count * cases[c].moment;
        for (int k = 0; k < 3; k++) m.volume_mm3 += (double)count[c].at[k] * spacing_mm[k] * cases[c].vector[k];
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
