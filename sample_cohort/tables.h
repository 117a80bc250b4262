/* sample_cohort/tables.h: the text files of a simulated study. */
#ifndef REOX_SAMPLE_COHORT_TABLES_H
#define REOX_SAMPLE_COHORT_TABLES_H

#include "sample_cohort/simulate.h"

void clinical_table(Str *out, const SimulatedPatient *p, size_t n);
void scans_table(Str *out, const SimulatedPatient *p, size_t n, const SimulationSpec *s);
Rc protocol_text(Str *out, const SimulationSpec *s, Err *e);                  /* study.json */
Rc truth_text(Str *out, const SimulatedPatient *p, size_t n, const SimulationSpec *s, Err *e);

#endif
