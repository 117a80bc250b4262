/* features/morphology.c: size and shape of the mask: mesh, principal axes, aligned box. IBSI reference manual 3.1. */
#include <math.h>

#include "core/sum.h"
#include "features/diameter.h"
#include "features/ellipsoid.h"
#include "features/roi.h"

static const double PI = 3.14159265358979323846;

/* Eigenvalues (mm^2) of the sample covariance of the voxel centres of the mask (divisor n - 1: the reference values of the digital
 * phantom, 74 voxels, are met by it alone). Sums of indices are whole numbers, so no order
 * matters. */
static void principal_axes(double lambda[3], const Roi *roi)
{
    long long sum[3] = { 0 }, product[3][3] = { { 0 } };
    size_t i = 0;
    for (int z = 0; z < roi->n[2]; z++)
        for (int y = 0; y < roi->n[1]; y++)
            for (int x = 0; x < roi->n[0]; x++, i++) {
                if (!roi->morphological[i]) continue;
                const int at[3] = { x, y, z };
                for (int a = 0; a < 3; a++) {
                    sum[a] += at[a];
                    for (int b = a; b < 3; b++) product[a][b] += (long long)at[a] * at[b];
                }
            }
    double n = (double)roi->n_morphological, m[3][3];
    for (int a = 0; a < 3; a++)
        for (int b = a; b < 3; b++) {
            double centred = (double)product[a][b] - (double)sum[a] * ((double)sum[b] / n);
            m[a][b] = m[b][a] = n > 1 ? centred / (n - 1) * roi->spacing_mm[a] * roi->spacing_mm[b] : 0;
        }
    eigenvalues_3(lambda, (const double (*)[3])m);
}

static void put_mesh(FeatureSink *sink, const Mesh *m)
{
    const Aggregation whole = AGGREGATION_NONE;
    double V = m->volume_mm3, A = m->area_mm2, root = cbrt(36 * PI * V * V);
    sink_put(sink, FEATURE_MORPHOLOGY_VOLUME, whole, V);
    sink_put(sink, FEATURE_MORPHOLOGY_SURFACE_AREA, whole, A);
    sink_put(sink, FEATURE_MORPHOLOGY_SURFACE_TO_VOLUME_RATIO, whole, A / V);
    sink_put(sink, FEATURE_MORPHOLOGY_COMPACTNESS_1, whole, V / (sqrt(PI) * A * sqrt(A)));
    sink_put(sink, FEATURE_MORPHOLOGY_COMPACTNESS_2, whole, 36 * PI * V * V / (A * A * A));
    sink_put(sink, FEATURE_MORPHOLOGY_SPHERICAL_DISPROPORTION, whole, A / root);
    sink_put(sink, FEATURE_MORPHOLOGY_SPHERICITY, whole, root / A);
    sink_put(sink, FEATURE_MORPHOLOGY_ASPHERICITY, whole, A / root - 1);
    double side[3];
    for (int a = 0; a < 3; a++) side[a] = m->high_mm[a] - m->low_mm[a];
    sink_put(sink, FEATURE_MORPHOLOGY_VOLUME_DENSITY_AXIS_ALIGNED_BOUNDING_BOX, whole, V / (side[0] * side[1] * side[2]));
    sink_put(sink, FEATURE_MORPHOLOGY_AREA_DENSITY_AXIS_ALIGNED_BOUNDING_BOX, whole,
             A / (2 * (side[0] * side[1] + side[1] * side[2] + side[2] * side[0])));
}

static void put_axes(FeatureSink *sink, const Roi *roi)
{
    const Aggregation whole = AGGREGATION_NONE;
    double lambda[3], length[3];
    principal_axes(lambda, roi);
    for (int a = 0; a < 3; a++) length[a] = 4 * sqrt(lambda[a]);
    sink_put(sink, FEATURE_MORPHOLOGY_MAJOR_AXIS_LENGTH, whole, length[0]);
    sink_put(sink, FEATURE_MORPHOLOGY_MINOR_AXIS_LENGTH, whole, length[1]);
    sink_put(sink, FEATURE_MORPHOLOGY_LEAST_AXIS_LENGTH, whole, length[2]);
    if (lambda[0] > 0) {
        sink_put(sink, FEATURE_MORPHOLOGY_ELONGATION, whole, sqrt(lambda[1] / lambda[0]));
        sink_put(sink, FEATURE_MORPHOLOGY_FLATNESS, whole, sqrt(lambda[2] / lambda[0]));
    } else {
        sink_undefined(sink, FEATURE_MORPHOLOGY_ELONGATION, whole, "the ROI is one voxel");
        sink_undefined(sink, FEATURE_MORPHOLOGY_FLATNESS, whole, "the ROI is one voxel");
    }
    if (!roi->mesh) return;
    const double semi_axis[3] = { length[0] / 2, length[1] / 2, length[2] / 2 };
    if (semi_axis[2] > 1e-6 * semi_axis[0]) {
        sink_put(sink, FEATURE_MORPHOLOGY_VOLUME_DENSITY_APPROXIMATE_ENCLOSING_ELLIPSOID, whole,
                 roi->mesh->volume_mm3 / ellipsoid_volume(semi_axis));
        sink_put(sink, FEATURE_MORPHOLOGY_AREA_DENSITY_APPROXIMATE_ENCLOSING_ELLIPSOID, whole,
                 roi->mesh->area_mm2 / ellipsoid_area(semi_axis));
    } else {
        const char *flat = "the voxel centres lie in one plane, the ellipsoid has no volume";
        sink_undefined(sink, FEATURE_MORPHOLOGY_VOLUME_DENSITY_APPROXIMATE_ENCLOSING_ELLIPSOID, whole, flat);
        sink_undefined(sink, FEATURE_MORPHOLOGY_AREA_DENSITY_APPROXIMATE_ENCLOSING_ELLIPSOID, whole, flat);
    }
}

/* Centre of mass shift and integrated intensity: geometry of the mask, intensities of what re-segmentation left. */
static void put_intensity(FeatureSink *sink, const Roi *roi)
{
    const Aggregation whole = AGGREGATION_NONE;
    if (roi->n_inside == 0) {
        sink_undefined(sink, FEATURE_MORPHOLOGY_CENTRE_OF_MASS_SHIFT, whole, roi->none_inside);
        sink_undefined(sink, FEATURE_MORPHOLOGY_INTEGRATED_INTENSITY, whole, roi->none_inside);
        return;
    }
    long long at_sum[3] = { 0 };
    Sum weighted[3] = { { 0 } }, total = { 0 };
    size_t i = 0;
    for (int z = 0; z < roi->n[2]; z++)
        for (int y = 0; y < roi->n[1]; y++)
            for (int x = 0; x < roi->n[0]; x++, i++) {
                if (!roi->morphological[i]) continue;
                const int at[3] = { x, y, z };
                for (int a = 0; a < 3; a++) at_sum[a] += at[a];
                if (!roi->inside[i]) continue;
                double v = (double)roi->intensity[i];
                for (int a = 0; a < 3; a++) sum_add(&weighted[a], v * at[a]);
                sum_add(&total, v);
            }
    double shift2 = 0, sum = sum_value(&total);
    for (int a = 0; a < 3; a++) {
        double d = (sum_value(&weighted[a]) / sum - (double)at_sum[a] / (double)roi->n_morphological) * roi->spacing_mm[a];
        shift2 += d * d;
    }
    if (sum != 0) sink_put(sink, FEATURE_MORPHOLOGY_CENTRE_OF_MASS_SHIFT, whole, sqrt(shift2));
    else sink_undefined(sink, FEATURE_MORPHOLOGY_CENTRE_OF_MASS_SHIFT, whole, "the intensities sum to 0");
    if (roi->mesh)
        sink_put(sink, FEATURE_MORPHOLOGY_INTEGRATED_INTENSITY, whole, sum / (double)roi->n_inside * roi->mesh->volume_mm3);
}

Rc morphology_features(FeatureSink *sink, const Roi *roi, const Settings *s, Arena *a, Err *e)
{
    (void)s;
    Rc rc = OK;
    sink_put(sink, FEATURE_MORPHOLOGY_VOLUME_VOXEL_COUNTING, AGGREGATION_NONE,
             (double)roi->n_morphological * roi->spacing_mm[0] * roi->spacing_mm[1] * roi->spacing_mm[2]);
    if (roi->mesh) put_mesh(sink, roi->mesh);
    if (roi->mesh && sink->wanted[FEATURE_MORPHOLOGY_MAXIMUM_3D_DIAMETER]) {
        double diameter = 0;
        TRY(largest_distance(&diameter, (const double (*)[3])roi->mesh->vertex, roi->mesh->n_vertices, a, e));
        sink_put(sink, FEATURE_MORPHOLOGY_MAXIMUM_3D_DIAMETER, AGGREGATION_NONE, diameter);
    }
    if (sink_wants(sink, FAMILY_MORPHOLOGY, NEEDS_AXES)) put_axes(sink, roi);
    if (sink_wants(sink, FAMILY_MORPHOLOGY, NEEDS_INTENSITY)) put_intensity(sink, roi);
out:
    return rc;
}
