/* sample_cohort/outcome.h: one simulated patient without pictures: covariates, true hypoxia, scans, outcomes. */
#ifndef REOX_SAMPLE_COHORT_OUTCOME_H
#define REOX_SAMPLE_COHORT_OUTCOME_H

#include <stdbool.h>
#include <stddef.h>

#include "core/rng.h"
#include "core/scan.h"
#include "sample_cohort/spec.h"

enum { PRE, MID, END, SIMULATION_TIMEPOINTS };
extern const char *const simulation_timepoint[SIMULATION_TIMEPOINTS];

/* What one stream of random numbers is for. A patient's streams depend on seed, patient and purpose alone, so a switch that
 * skips one of them changes no other. */
typedef enum {
    PURPOSE_PATIENT, PURPOSE_OUTCOME, PURPOSE_CENSORING, PURPOSE_MISSING, PURPOSE_SCANNER, PURPOSE_TUMOUR,
    PURPOSE_SHAPE, PURPOSE_FIELD, PURPOSE_MOTION,
    PURPOSE_TEXTURE, PURPOSE_NOISE = PURPOSE_TEXTURE + SIMULATION_TIMEPOINTS
} Purpose;
Rng patient_stream(const SimulationSpec *s, size_t patient, int purpose);

typedef struct {
    size_t index;
    char id[16];
    int center;
    /* what the clinic knows */
    double age, weight_kg, height_m, hb_g_dl, rt_dose_gy, pack_years;
    bool male, scc, chemo;
    int stage;                     /* 0 IIIA, 1 IIIB, 2 IIIC */
    int performance;               /* 0, 1, 2 */
    /* tumour: logit of the hypoxic fraction as a scanner without noise is to measure it, which the outcomes depend on, and the
     * volume, by time point */
    double logit_fhv[SIMULATION_TIMEPOINTS], volume_ml[SIMULATION_TIMEPOINTS];
    double amplitude;              /* mean excess of hypoxic tissue over the threshold */
    double z0, zm, v, a;           /* standardised covariates */
    /* outcomes in months from the start of radiotherapy */
    double lrf_time, death_time;   /* uncensored; both exist for everybody */
    double censor_time;            /* infinite without censoring */
    bool responder, response_known;
    /* scans */
    ScanStatus status[SIMULATION_TIMEPOINTS];
    int day[SIMULATION_TIMEPOINTS];
    double uptake_min[SIMULATION_TIMEPOINTS], injected_mbq[SIMULATION_TIMEPOINTS], blood_suv[SIMULATION_TIMEPOINTS];
} CohortPatient;

/* Patient number i (from 0) of the specification; the same whatever other patients there are. */
void patient_draw(CohortPatient *p, const SimulationSpec *s, size_t i);

/* What follow-up shows, in months rounded to 0.001. Codes: 1 locoregional failure, 2 death before it, 0 neither. */
void patient_observed(const CohortPatient *p, double *os_months, int *os_event, double *lrf_months, int *lrf_code);

double logistic(double x);         /* 1 / (1 + e^-x), same bits everywhere */

#endif
