/* stats/calibration.h: the smooth calibration curve: observed risk as a function of the predicted one. */
#ifndef REOX_STATS_CALIBRATION_H
#define REOX_STATS_CALIBRATION_H

#include <stdbool.h>
#include <stddef.h>

#include "core/arena.h"
#include "core/err.h"
#include "core/json.h"

/* Predicted risks in (0, 1) and the outcome: time NULL: y is 0/1; else the state (0 censored, 1 the event, 2 another event) at `time`,
 * and the risk is that of the event up to `horizon`. */
typedef struct {
    size_t n;
    const double *risk, *y, *time;
    double horizon;
    const double *weight;      /* [n] NULL: rows count alike. Whole numbers are so many rows; others are taken relative to their mean */
} CalibrationData;

/* Observed risk at the points of a grid of predicted risks, and distances |observed - predicted| over the rows: mean (ICI), median
 * (E50), 90 % quantile (E90), largest. exists false: too few different predictions or events. */
typedef struct {
    bool exists;
    size_t n_grid;
    double *grid, *observed;
    double ici, e50, e90, largest;
    int columns;               /* of the spline: 1 is a straight line */
} CalibrationCurve;

/* Regression of the outcome on a restricted cubic spline of the transformed prediction: logistic on logit(risk); Cox on
 * log(-log(1 - risk)), as a subdistribution hazard where there are other events. Knots: 4 from 100 events or non-events on, else 3.
 * grid NULL: n_grid points between the 2.5 % and 97.5 % quantile. With weights the regression is weighted, and rows count by weight in
 * quantiles, mean and the number of events. Austin & Steyerberg 2019; Austin, Harrell & van Klaveren 2020; Austin, Putter et al. 2022. */
Rc calibration_curve(CalibrationCurve *out, const CalibrationData *d, const double *grid, size_t n_grid, Arena *a, Err *e);

/* {predicted, observed, ici, e50, e90, emax} */
void calibration_json(Json *object, const char *key, const CalibrationCurve *c);

#endif
