/* stats/fit_json.h: what all fits have in common as Json. */
#ifndef REOX_STATS_FIT_JSON_H
#define REOX_STATS_FIT_JSON_H

#include "core/json.h"
#include "stats/design.h"

/* A new fit with schema, kind, formula, n, nevent, design, strata and offsets; column[n_columns] are the places of the
 * coefficients among the design's columns. */
Json *fit_json_begin(const char *kind, const Design *d, const StatCall *call, int n_columns, const int *column, double nevent);

#endif
