/* reports/risk_figure.h: predicted risks with their intervals on one axis from 0 to 100 %. */
#ifndef REOX_REPORTS_RISK_FIGURE_H
#define REOX_REPORTS_RISK_FIGURE_H

#include "reports/scene.h"

typedef struct {
    const char *label;             /* "os_pre" */
    const char *detail;            /* "n = 60, 41 events" */
    double value, lower, upper;    /* 0 … 1; NaN value: not predicted */
    const char *absent;            /* why there is no value */
    bool outside;                  /* beyond the range of the model's data */
} RiskRow;

typedef struct {
    const char *title, *x_label;
    const RiskRow *row;
    size_t n_rows;
} RiskFigure;

Rc risk_draw(Scene *out, const RiskFigure *f, Err *e);

#endif
