/* sample_cohort/simulate.h: a study folder with known truth. */
#ifndef REOX_SAMPLE_COHORT_SIMULATE_H
#define REOX_SAMPLE_COHORT_SIMULATE_H

#include <stddef.h>

#include "core/progress.h"
#include "sample_cohort/outcome.h"
#include "sample_cohort/phantom.h"

/* One patient with what the phantom showed: NaN members where there are no images. */
typedef struct {
    CohortPatient patient;
    HypoxiaSummary truth[SIMULATION_TIMEPOINTS], expected[SIMULATION_TIMEPOINTS];
} SimulatedPatient;

typedef struct { size_t patients, scans, not_done, deaths, failures, responders, responses; } SimulationCounts;

/* Writes study.json, clinical.csv, scans.csv, truth.json and, with images, scans/ into dir, which is made. ERR_INPUT when dir holds a
 * study that no simulation wrote. The bytes depend on the specification alone. */
Rc simulate_cohort(SimulationCounts *out, const SimulationSpec *s, const char *dir, int threads, const Progress *progress, Err *e);

#endif
