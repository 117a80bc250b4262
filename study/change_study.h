/* study/change_study.h: changes of features between serial scans of one patient and tracer. */
#ifndef REOX_STUDY_CHANGE_STUDY_H
#define REOX_STUDY_CHANGE_STUDY_H

#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "core/progress.h"
#include "core/protocol.h"
#include "db/db.h"

typedef struct { size_t pairs, computed, unchanged, removed; } ChangeCounts;

/* Brings the changes up to date with the features in the database: every pair of time points of the protocol, every patient and
 * tracer that has features at both; pairs that are no longer asked for go. One transaction a patient. */
Rc change_study(ChangeCounts *out, const Protocol *p, Db *db, int64_t run_id, const Progress *w, Err *e);

#endif
