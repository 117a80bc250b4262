/* stats/riley.h: how many rows a prediction model needs, and whether a fitted one had them. Riley et al. 2019 (Statistics in Medicine
 * 38:1262 and 1276). */
#ifndef REOX_STATS_RILEY_H
#define REOX_STATS_RILEY_H

#include <stdbool.h>

#include "core/json.h"

/* Limits that Riley recommends: least shrinkage, largest optimism of Nagelkerke's R2, margin of the overall risk. */
#define RILEY_SHRINKAGE 0.9
#define RILEY_OPTIMISM 0.05
#define RILEY_MARGIN 0.05
/* The normal quantile of the margin's interval as published, and as pmsampsize has it. */
#define RILEY_Z 1.96

/* Largest possible Cox-Snell R2: of a binary outcome with this prevalence; of a survival time with so many events a row. */
double riley_max_r2_binary(double prevalence);
double riley_max_r2_survival(double events_per_row);

/* Rows for which the expected shrinkage is s. */
double riley_rows_for_shrinkage(double parameters, double r2_cs, double s);
/* The shrinkage that keeps the optimism of R2 within RILEY_OPTIMISM. */
double riley_shrinkage_for_optimism(double r2_cs, double r2_max);
/* Rows for which the overall risk of a binary outcome is known to RILEY_MARGIN. */
double riley_rows_for_prevalence(double prevalence);

/* What a fit says of itself. n is patients: NaN where a patient has several rows. */
typedef struct { double n, events, parameters, lr; bool binary; } RileyFit;

/* Adds heuristic_shrinkage = (LR - p)/LR and sample_size_check: events_per_parameter, r2_cs, r2_cs_adjusted (shrunken: what
 * another cohort would show), r2_nagelkerke, needed_shrinkage, needed_optimism, needed_overall_risk (binary), n, enough. Nothing
 * without parameters; no sizes where the likelihood ratio does not exceed the parameters: then there is no signal to plan with. */
void riley_report(Json *out, const RileyFit *f);

#endif
