/* ingest/protocol.h: study.json into a Protocol. */
#ifndef REOX_INGEST_PROTOCOL_H
#define REOX_INGEST_PROTOCOL_H

#include "core/err.h"
#include "core/hash.h"
#include "core/protocol.h"

/* Reads study_dir/study.json (INTERFACE §2). Unknown, duplicate and ill-typed keys are refused by name with the nearest known
 * one; what the document names of itself (time points, endpoints, models) must be there. Settings of features, options of
 * models, formulas and expressions stay as written: study/check_study.h judges them. sha256 (NULL: not wanted) is of the file.
 * ERR_INPUT; free with protocol_free also after a failure. */
Rc protocol_read(Protocol *out, const char *study_dir, char sha256[HASH_TEXT], Err *e);

/* The same from text; `name` heads the messages. */
Rc protocol_parse(Protocol *out, const char *text, size_t size, const char *name, Err *e);

#endif
