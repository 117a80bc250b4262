/* sample_cohort/phantom.h: a patient's chest on a fine grid, and what the scanner shows of it. */
#ifndef REOX_SAMPLE_COHORT_PHANTOM_H
#define REOX_SAMPLE_COHORT_PHANTOM_H

#include <stdint.h>

#include "core/volume.h"
#include "sample_cohort/outcome.h"

enum { SHAPE_HARMONICS = 7 };

/* Tumour surface: an ellipsoid whose radius varies with direction by low-order harmonics. */
typedef struct {
    double semi_axis_mm[3];                 /* before treatment */
    double harmonic[SHAPE_HARMONICS];
    double reach_mm[3];                     /* largest distance of the surface from the centre, by axis */
    double core;                            /* necrotic below this share of the radius; 0 for none */
    double lung;                            /* uptake of lung relative to blood */
    double respiratory_fwhm_mm;             /* along z; 0 for none */
} TumourShape;

/* Smooth Gaussian random fields on one lattice around the tumour, mean 0 and SD 1 over the tumour: where hypoxia is (place), which
 * of it goes first with treatment (fate), and where it comes new (fresh). */
typedef struct {
    int n[3];
    double pitch_mm, origin_mm[3];
    float *place, *fate, *fresh;
    double cut;                             /* place above which the tumour is hypoxic before treatment; set by the pre scan */
} HypoxiaField;

typedef struct {
    const SimulationSpec *spec;
    const CohortPatient *patient;
    TumourShape shape;
    HypoxiaField field;
    double amplitude;                       /* mean excess of hypoxic tissue over the threshold; a scan may raise it */
} Phantom;

Rc phantom_init(Phantom *out, const SimulationSpec *s, const CohortPatient *p, Err *e);
void phantom_free(Phantom *ph);

enum { TISSUE_LUNG, TISSUE_BLOOD, TISSUE_MUSCLE, TISSUE_NORMOXIC, TISSUE_NECROTIC, TISSUE_HYPOXIC };

/* The truth of one scan: cells of about 1 mm with their uptake relative to blood. */
typedef struct {
    Grid grid;
    float *tbr;
    uint8_t *tissue;
} FineTruth;
void fine_truth_free(FineTruth *f);

/* By a count of cells or voxels. hv = fhv * volume. NaN where nothing was counted. */
typedef struct { double fhv, hv_ml, volume_ml, tbr_mean, tbr_max; } HypoxiaSummary;

typedef struct {
    Volume image;                           /* SUV */
    Mask gtv, blood, muscle;
    HypoxiaSummary truth;                   /* of the fine grid */
    HypoxiaSummary expected;                /* of the noise-free blurred image, against the mean of its blood region */
} SimulatedScan;
void simulated_scan_free(SimulatedScan *s);

/* Scan number t of the patient; t = PRE must be asked for first, because later hypoxia grows out of it. fine (NULL: not wanted) is the
 * caller's to free. */
Rc phantom_scan(SimulatedScan *out, FineTruth *fine, Phantom *ph, int t, Err *e);

#endif
