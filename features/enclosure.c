/* features/enclosure.c: bodies around the mask's mesh: convex hull, smallest box, smallest ellipsoid. One hull serves all. */
#include <math.h>
#include <string.h>

#include "core/sum.h"
#include "features/box.h"
#include "features/ellipsoid.h"
#include "features/hull.h"
#include "features/roi.h"

/* The mesh's vertices are midpoints between voxel centres: whole numbers in units of half a voxel. */
static Rc lattice_of(LatticePoint **out, const Mesh *mesh, const double spacing_mm[3], Arena *a, Err *e)
{
    LatticePoint *p = ARENA_NEW(a, mesh->n_vertices, LatticePoint);
    if (!p) return err_nomem(e);
    for (size_t i = 0; i < mesh->n_vertices; i++)
        for (int k = 0; k < 3; k++) p[i].at[k] = (int32_t)lround(2 * mesh->vertex[i][k] / spacing_mm[k]);
    *out = p;
    return OK;
}

static const Aggregation whole = AGGREGATION_NONE;

/* half: half a voxel in mm, the lattice's unit along each axis. */
static void put_hull(FeatureSink *sink, const Mesh *mesh, const Hull *h, const double half[3])
{
    Sum area = { 0 };
    for (size_t f = 0; f < h->n_facets; f++) {
        double squares = 0;
        for (int k = 0; k < 3; k++) {
            double side = (double)h->facet[f].normal[k] * half[(k + 1) % 3] * half[(k + 2) % 3];
            squares += side * side;
        }
        sum_add(&area, sqrt(squares) / 2);
    }
    sink_put(sink, FEATURE_MORPHOLOGY_VOLUME_DENSITY_CONVEX_HULL, whole,
             mesh->volume_mm3 / ((double)h->volume_6 / 6 * half[0] * half[1] * half[2]));
    sink_put(sink, FEATURE_MORPHOLOGY_AREA_DENSITY_CONVEX_HULL, whole, mesh->area_mm2 / sum_value(&area));
}

Rc enclosure_features(FeatureSink *sink, const Roi *roi, const Settings *s, Arena *a, Err *e)
{
    Rc rc = OK;
    Hull hull = { 0 };
    LatticePoint *lattice = NULL;
    const Mesh *mesh = roi->mesh;
    double half[3], edge[3], semi_axis[3];
    (void)s;

    for (int k = 0; k < 3; k++) half[k] = roi->spacing_mm[k] / 2;
    TRY(lattice_of(&lattice, mesh, roi->spacing_mm, a, e));
    TRY(hull_build(&hull, lattice, mesh->n_vertices, a, e));
    double (*point)[3] = arena_array(a, hull.n_points, sizeof *point);
    uint32_t (*triangle)[3] = arena_array(a, hull.n_facets, sizeof *triangle);
    if (!point || !triangle) { rc = err_nomem(e); goto out; }
    for (size_t i = 0; i < hull.n_points; i++)
        for (int k = 0; k < 3; k++) point[i][k] = hull.point[i].at[k] * half[k];
    for (size_t f = 0; f < hull.n_facets; f++) memcpy(triangle[f], hull.facet[f].corner, sizeof triangle[f]);

    put_hull(sink, mesh, &hull, half);
    if (sink_wants(sink, FAMILY_MORPHOLOGY, NEEDS_BOX)) {
        TRY(box_minimum(edge, (const double (*)[3])point, hull.n_points, (const uint32_t (*)[3])triangle, hull.n_facets, e));
        double area = 2 * (edge[0] * edge[1] + edge[1] * edge[2] + edge[2] * edge[0]);
        sink_put(sink, FEATURE_MORPHOLOGY_VOLUME_DENSITY_ORIENTED_MINIMUM_BOUNDING_BOX, whole, mesh->volume_mm3 / (edge[0] * edge[1] * edge[2]));
        sink_put(sink, FEATURE_MORPHOLOGY_AREA_DENSITY_ORIENTED_MINIMUM_BOUNDING_BOX, whole, mesh->area_mm2 / area);
    }
    if (sink_wants(sink, FAMILY_MORPHOLOGY, NEEDS_ELLIPSOID)) {
        TRY(ellipsoid_enclosing(semi_axis, (const double (*)[3])point, hull.n_points, e));
        sink_put(sink, FEATURE_MORPHOLOGY_VOLUME_DENSITY_MINIMUM_VOLUME_ENCLOSING_ELLIPSOID, whole,
                 mesh->volume_mm3 / ellipsoid_volume(semi_axis));
        sink_put(sink, FEATURE_MORPHOLOGY_AREA_DENSITY_MINIMUM_VOLUME_ENCLOSING_ELLIPSOID, whole, mesh->area_mm2 / ellipsoid_area(semi_axis));
    }
out:
    return rc;
}
