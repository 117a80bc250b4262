/* study/report_labels.h: what pages call endpoints, terms, definitions and clocks. */
#ifndef REOX_STUDY_REPORT_LABELS_H
#define REOX_STUDY_REPORT_LABELS_H

#include "core/protocol.h"
#include "core/str.h"
#include "study/model_columns.h"
#include "study/scan_read.h"
#include "study/variables.h"

/* "Overall survival" for os; the name itself where it is none of the usual ones. curve: what a Kaplan–Meier axis says. */
const char *endpoint_label(const Endpoint *p);
const char *endpoint_curve_label(const Endpoint *p);
const char *endpoint_incidence_label(const Endpoint *p);       /* of a cumulative incidence */

/* "FHV, FMISO pre to mid (change)" for titles and terms. */
void variable_words(Str *out, const VariableSpace *s, const Variable *v);

/* "TBR ≥ 1.4, reference blood", or why there is no such rule. */
void definition_label(Str *out, const ScanRule *rule, Units units);

/* A term of a model for people: a variable, a clinical column with the protocol's label and unit, a level of one; else as it is.
 * *per and *step: the step that its ratio is shown for. */
void term_label(Str *out, double *per, const char **step, const char *term, const VariableSpace *s, const Protocol *p, const Frame *clinical);

/* "day 0", "day 28", "each patient's mid scan". */
void clock_label(Str *out, const ModelSpec *m, const Protocol *p);

#endif
