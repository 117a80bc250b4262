/* reports/forest_figure.h: effects with their intervals, a line each. */
#ifndef REOX_REPORTS_FOREST_FIGURE_H
#define REOX_REPORTS_FOREST_FIGURE_H

#include "reports/scene.h"

/* A row is a heading (estimate, limits and p unused) or an effect on the ratio scale. What could not be estimated is NaN; an open limit
 * is 0 or infinite. */
typedef struct {
    bool heading;
    const char *label;
    const char *detail;            /* of a heading: "n = 60, 41 events"; may be NULL */
    double estimate, lower, upper, p;
} ForestRow;

typedef struct {
    const char *title;
    const char *effect;            /* "Hazard ratio" */
    const char *below, *above;     /* what ratios under and over 1 mean: "lower hazard", "higher hazard" */
    int conf_percent;              /* 95 */
    const ForestRow *row;
    size_t n_rows;
} ForestFigure;

Rc forest_draw(Scene *out, const ForestFigure *f, Err *e);

#endif
