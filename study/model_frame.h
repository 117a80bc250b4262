/* study/model_frame.h: the table that a model is fitted to: who is in it, from which clock, and why the others are not. */
#ifndef REOX_STUDY_MODEL_FRAME_H
#define REOX_STUDY_MODEL_FRAME_H

#include <stdbool.h>
#include <stddef.h>

#include "core/arena.h"
#include "core/err.h"
#include "core/frame.h"
#include "core/json.h"
#include "core/protocol.h"
#include "db/db.h"
#include "db/db_model.h"
#include "study/model_columns.h"
#include "study/variables.h"

typedef struct {
    Frame frame;               /* the patients at risk: their columns, time counted from the model's clock, event recoded to 0/1 where
                                  the endpoint has a cause and the method takes no codes */
    Frame competing;           /* the same rows with the event of all other causes; rows 0 when there is none */
    ModelRow *out;             /* patients left out by exclude, landmark or subset, with the reason; arena */
    size_t n_out;
    Json *options;             /* of the method: levels filled in from columns, cause, without subset */
    size_t patients;           /* accepted patients in all */
    Arena arena;
} ModelFrame;

/* Loads the columns of a model and decides who is in it. Landmark: kept is who is at risk after it (time > landmark); left out and
 * named: event before (also of those whom exclude or subset leave out: "…; event before the landmark"), censored before, no such scan, day of the
 * scan unknown, scan after a landmark given in days. */
Rc model_frame(ModelFrame *out, const ModelSpec *m, const ModelColumns *c, const Protocol *p, const VariableSpace *s, Db *db, Err *e);
void model_frame_free(ModelFrame *f);

/* Whether a reason of `out` says that the patient had the event before the model's clock began, alone or besides an exclusion or the subset: at
 * that clock there is nothing left to predict for him. */
bool model_row_had_event(const char *reason);

/* frame with the rows where keep[i] is 1. */
Rc frame_keep(Frame *out, const Frame *f, const unsigned char *keep, Err *e);

#endif
