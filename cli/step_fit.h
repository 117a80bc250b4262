/* cli/step_fit.h: the step of a study that fits its models, as `fit` and `run` take it. */
#ifndef REOX_CLI_STEP_FIT_H
#define REOX_CLI_STEP_FIT_H

#include <stdbool.h>

#include "cli/study_run.h"

/* Fits what is stale of the models named (NULL-terminated; NULL: all; force: also what is not stale), prints refusals on stderr and
 * gives what --json shows in *out. r->code takes 3 for a refused model, 4 for one that could not be estimated. False when later
 * steps make no sense. */
bool step_fit(Json **out, StudyRun *r, const char *const *only, bool force);

/* The same for people, on stdout: a block a model. */
void step_fit_print(StudyRun *r, const Json *j);

#endif
