/* core/geom.c: affine maps and grids. */
#include "core/geom.h"

#include <math.h>

size_t grid_voxels(const Grid *g)
{
    return (size_t)g->n[0] * (size_t)g->n[1] * (size_t)g->n[2];
}

double grid_voxel_ml(const Grid *g)
{
    return g->spacing_mm[0] * g->spacing_mm[1] * g->spacing_mm[2] / 1000.0;
}

Affine affine_identity(void)
{
    return (Affine){ { { 1, 0, 0, 0 }, { 0, 1, 0, 0 }, { 0, 0, 1, 0 } } };
}

Affine affine_from_spacing(const double s[3], const double o[3])
{
    return (Affine){ { { s[0], 0, 0, o[0] }, { 0, s[1], 0, o[1] }, { 0, 0, s[2], o[2] } } };
}

void affine_apply(double out[3], const Affine *a, const double p[3])
{
    double q[3];
    for (int i = 0; i < 3; i++) q[i] = a->m[i][0] * p[0] + a->m[i][1] * p[1] + a->m[i][2] * p[2] + a->m[i][3];
    for (int i = 0; i < 3; i++) out[i] = q[i];
}

double affine_det(const Affine *a)
{
    const double (*m)[4] = a->m;
    return m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1]) - m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0])
         + m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0]);
}

bool affine_invert(Affine *out, const Affine *a)
{
    double det = affine_det(a);
    if (!isfinite(det) || det == 0) return false;
    const double (*m)[4] = a->m;
    Affine r;
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++) {
            int i1 = (i + 1) % 3, i2 = (i + 2) % 3, j1 = (j + 1) % 3, j2 = (j + 2) % 3;
            r.m[j][i] = (m[i1][j1] * m[i2][j2] - m[i1][j2] * m[i2][j1]) / det;
        }
    for (int i = 0; i < 3; i++) r.m[i][3] = -(r.m[i][0] * m[0][3] + r.m[i][1] * m[1][3] + r.m[i][2] * m[2][3]);
    *out = r;
    return true;
}

double grid_corner_distance_mm(const Grid *a, const Grid *b, int *corner)
{
    double worst = -1;
    for (int c = 0; c < 8; c++) {
        double pa[3], pb[3];
        for (int i = 0; i < 3; i++) {
            pa[i] = c >> i & 1 ? a->n[i] - 1 : 0;
            pb[i] = c >> i & 1 ? b->n[i] - 1 : 0;
        }
        affine_apply(pa, &a->world, pa);
        affine_apply(pb, &b->world, pb);
        double d = sqrt((pa[0] - pb[0]) * (pa[0] - pb[0]) + (pa[1] - pb[1]) * (pa[1] - pb[1]) + (pa[2] - pb[2]) * (pa[2] - pb[2]));
        if (!(d <= worst)) { worst = d; if (corner) *corner = c; }
    }
    return worst;
}

static bool same_dimensions(const Grid *a, const Grid *b)
{
    return a->n[0] == b->n[0] && a->n[1] == b->n[1] && a->n[2] == b->n[2];
}

bool grid_same(const Grid *a, const Grid *b)
{
    return same_dimensions(a, b) && grid_corner_distance_mm(a, b, NULL) <= 0.01;
}

Rc grid_require_same(const Grid *image, const Grid *mask, const char *mask_name, Err *e)
{
    int c = 0;
    double d = grid_corner_distance_mm(image, mask, &c);
    if (!same_dimensions(image, mask))
        return err_set(e, ERR_INPUT, "%s: mask grid of %d x %d x %d voxels differs from the image's %d x %d x %d (corners up to %.4g mm apart): "
                       "geometry mismatch, expected the image's grid", mask_name, mask->n[0], mask->n[1], mask->n[2],
                       image->n[0], image->n[1], image->n[2], d);
    if (!(d <= 0.01))
        return err_set(e, ERR_INPUT, "%s: mask geometry differs from the image's grid by %.4g mm at the corner (%s, %s, %s), expected at most 0.01 mm",
                       mask_name, d, c & 1 ? "last x" : "first x", c & 2 ? "last y" : "first y", c & 4 ? "last z" : "first z");
    return OK;
}
