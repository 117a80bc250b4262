/* sample_cohort/shape.h: geometry of the phantom: the tumour's surface, its random fields, the organs around it. */
#ifndef REOX_SAMPLE_COHORT_SHAPE_H
#define REOX_SAMPLE_COHORT_SHAPE_H

#include "sample_cohort/phantom.h"

void shape_draw(TumourShape *out, const SimulationSpec *s, const CohortPatient *p);

/* Distance from the centre relative to the surface in that direction (below 1: inside) of a point in mm, the tumour being `scale` times
 * its size before treatment. */
double shape_radius(const TumourShape *s, double scale, const double q[3]);

/* The fields over the box of the tumour. */
Rc field_draw(HypoxiaField *out, const TumourShape *shape, const SimulationSpec *s, const CohortPatient *p, Err *e);
void field_free(HypoxiaField *f);
double field_at(const HypoxiaField *f, const float *values, const double q[3]);      /* trilinear */

/* Organs in millimetres from the tumour's centre: two limbs of the aorta along z, below heart_top between and around them the chamber
 * of the heart, and a slab of muscle behind. */
typedef struct {
    double blood_x;                         /* centre of the heart; the limbs are at (blood_x, +-aorta_y) */
    double aorta_y, aorta_radius, heart_radius, heart_top;
    double muscle_top, muscle_bottom;       /* y */
    double low[3], high[3];                 /* field of view */
} Anatomy;
void anatomy_place(Anatomy *out, const TumourShape *shape);
double blood_depth(const Anatomy *a, const double q[3]);      /* mm inside the wall of aorta or heart; negative outside */

#endif
