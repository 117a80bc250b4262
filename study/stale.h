/* study/stale.h: what must be done again: digests of what results are made of. */
#ifndef REOX_STUDY_STALE_H
#define REOX_STUDY_STALE_H

#include "core/err.h"
#include "core/frame.h"
#include "core/hash.h"
#include "core/json.h"
#include "core/progress.h"
#include "core/protocol.h"
#include "db/db.h"

/* Of names, types and values of all columns, and so of who is in it: what a model was fitted to. */
void frame_digest(char out[HASH_TEXT], const Frame *f);

/* Of a document in canonical form. */
Rc json_digest(char out[HASH_TEXT], const Json *j, Err *e);

/* What a model was made of beside its table: its entry in the protocol, the endpoint, levels and exclusions it refers to. */
Rc model_settings_digest(char out[HASH_TEXT], const Protocol *p, const ModelSpec *m, Err *e);

/* Everything that a report shows: the protocol, and every stable view but v_run. One for all reports of a study. */
Rc report_inputs_digest(char out[HASH_TEXT], const Protocol *p, Db *db, Err *e);

/* Tells which models and reports in the database are stale, a line each kind, through the progress' note. */
Rc stale_tell(Db *db, const Progress *w, Err *e);

#endif
