/* reports/change_figure.h: hypoxia over time: a bar a patient (waterfall), a line a patient (spaghetti). */
#ifndef REOX_REPORTS_CHANGE_FIGURE_H
#define REOX_REPORTS_CHANGE_FIGURE_H

#include "reports/scene.h"

/* Changes of one quantity between two scans; NaN where a patient lacks one of them. */
typedef struct {
    const char *title;
    const char *y_label;           /* "Change in FHV from pre to mid (percentage points)" */
    const double *change;          /* [n] of all patients */
    size_t n;
} WaterfallFigure;
Rc waterfall_draw(Scene *out, const WaterfallFigure *f, Err *e);

/* One quantity at the time points, value[patient * n_timepoints + timepoint]; NaN where it is missing: no point, and the
 * line that bridges it is dashed. Median and quartiles stand beside. */
typedef struct {
    const char *title;
    const char *y_label;           /* "FHV (%)" */
    const char *const *timepoint;
    size_t n_timepoints;
    const double *value;
    size_t n;
} SpaghettiFigure;
Rc spaghetti_draw(Scene *out, const SpaghettiFigure *f, Err *e);

#endif
