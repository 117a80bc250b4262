/* reports/slice.h: one axial slice of a scan as the report shows it: uptake in TBR, tumour and hypoxic contours, in mm. */
#ifndef REOX_REPORTS_SLICE_H
#define REOX_REPORTS_SLICE_H

#include <stdbool.h>

#include "core/arena.h"
#include "core/err.h"
#include "core/protocol.h"
#include "core/volume.h"
#include "reports/contour.h"

/* A square of size_mm in the axial plane through the tumour's hottest voxel, centred on the tumour; seen from the feet as
 * radiologists do: the patient's right on the left, anterior above. Memory is the arena's. */
typedef struct {
    Arena arena;
    int n;                     /* samples along a side */
    double size_mm;
    double z_mm;               /* RAS position of the plane */
    float *value;              /* n x n, rows from above; image divided by reference; NaN outside the image */
    Contour tumour, hypoxic;   /* in samples; hypoxic empty without reference or threshold */
    bool is_ratio;             /* false: there was no reference, value is in the image's own unit */
    Units units;
} Slice;

/* reference NaN: the image's own unit; threshold NaN: no hypoxic contour. ERR_INPUT when the mask is empty. */
Rc slice_cut(Slice *out, const Volume *image, const Mask *tumour, double reference, double threshold, Operator op,
             double size_mm, Err *e);
void slice_free(Slice *s);

/* Side of the square (mm) that shows a tumour with a margin of 25 mm, within 90 … 240 mm; NaN for an empty mask. */
double slice_size_mm(const Mask *tumour);

#endif
