/* reports/slice_figure.h: slices of one patient side by side, with contours, scale and colour bar. */
#ifndef REOX_REPORTS_SLICE_FIGURE_H
#define REOX_REPORTS_SLICE_FIGURE_H

#include "reports/slice.h"
#include "reports/scene.h"

typedef struct {
    const char *heading;           /* "pre" */
    const char *detail;            /* "FMISO, day 14"; may be NULL */
    const Slice *slice;            /* NULL when there is none … */
    const char *absent;            /* … and why: "not done" */
} SlicePanel;

typedef struct {
    const char *title;
    const SlicePanel *panel;
    size_t n_panels;
    double window_hi;              /* colour bar from 0 to this */
    const char *unit;              /* of the colour bar: "TBR" */
    double threshold;              /* marked on the colour bar; NaN for none */
    const char *hypoxic_label;     /* "hypoxic subvolume (TBR ≥ 1.4)"; NULL for none */
} SliceFigure;

/* Up to four panels a row. All slices must have one size_mm. */
Rc slice_figure_draw(Scene *out, const SliceFigure *f, Err *e);

#endif
