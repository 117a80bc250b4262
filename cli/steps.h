/* cli/steps.h: the steps of a study as `ingest`, `extract` and `run` take them. */
#ifndef REOX_CLI_STEPS_H
#define REOX_CLI_STEPS_H

#include <stdbool.h>

#include "cli/study_run.h"

/* Each does its step, prints refusals on stderr, and gives what --json shows in *out (NULL when memory is out or the step failed).
 * False when later steps make no sense (a failure of the machine, an interruption). */
bool step_ingest(Json **out, StudyRun *r);
bool step_extract(Json **out, StudyRun *r);
bool step_report(Json **out, StudyRun *r, const char *patient, const char *out_dir);      /* both may be NULL */

/* The same for people: one line on stdout. */
void step_print(StudyRun *r, const char *step, const Json *j);

#endif
