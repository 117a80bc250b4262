/* sample_cohort/spec.h: what a simulation is asked for, and what its tracers and scanners are. */
#ifndef REOX_SAMPLE_COHORT_SPEC_H
#define REOX_SAMPLE_COHORT_SPEC_H

#include <stdbool.h>
#include <stdint.h>

#include "core/err.h"
#include "core/json.h"

typedef enum { SCENARIO_NULL, SCENARIO_PRE, SCENARIO_MID, SCENARIO_BOTH, SCENARIO_SEPARATION, SCENARIO_COUNT } Scenario;
const char *scenario_name(Scenario s);

enum { SIMULATION_CENTERS = 4 };

/* A tracer as the phantom shows it: uptake relative to blood. */
typedef struct {
    const char *name;
    double threshold;              /* TBR from which a voxel is hypoxic, against blood */
    double amplitude;              /* median over patients of the mean excess over the threshold */
    double amplitude_gsd;
    double muscle;                 /* muscle to blood */
    double blood_suv;
    double activity_mbq, activity_sd;
} SimulationTracer;

/* A centre's scanner and habits. */
typedef struct {
    const char *name;
    double spacing_mm[3];
    double fwhm_mm;                /* isotropic point spread */
    double blood_cov;              /* noise: SD over mean of a blood voxel */
    double uptake_min;
} SimulationCenter;
const SimulationCenter *simulation_center(int i);

/* Log hazard ratios or log odds ratios of one standard deviation: z0 and zm of logit FHV before and during treatment, v of
 * log volume, a of age. */
typedef struct { double intercept, z0, zm, v, a; } Effects;

typedef struct {
    int n;
    uint64_t seed;
    const SimulationTracer *tracer;
    Scenario scenario;
    bool own_effects;
    Effects lrf, death, response;  /* what generates the outcomes */
    bool center[SIMULATION_CENTERS];
    bool images, motion, missing, censoring;
    double noise;                  /* factor on the centres' COV, 0 for none */
} SimulationSpec;

/* All keys are optional; an unknown key, a wrong type or a value out of range is ERR_INPUT. j NULL: the defaults. */
Rc simulation_spec_read(SimulationSpec *out, const Json *j, const char *name, Err *e);

/* The effective specification, every key filled in. */
Json *simulation_spec_json(const SimulationSpec *s);

/* The marginal Cox coefficients of overall survival for this specification; false where there are none (own effects,
 * separation). Made by tools/marginal_coefficients.c. */
bool simulation_marginal_os(Effects *out, const SimulationSpec *s);

#endif
