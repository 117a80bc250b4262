/* study/wide.h: which columns the views v_wide and v_wide_<tracer>_<timepoint> have in this study. */
#ifndef REOX_STUDY_WIDE_H
#define REOX_STUDY_WIDE_H

#include <stdbool.h>

#include "core/err.h"
#include "core/progress.h"
#include "core/protocol.h"
#include "db/db.h"

/* Makes the views fit what is stored and what the protocol's models name. v_wide: clinical columns, the variables that models name,
 * hypoxia features of every scan and region, and their changes between the protocol's pairs. Own transaction; nothing is written
 * when they fit already. */
Rc wide_refresh(bool *changed, Db *db, const Protocol *p, const Progress *w, Err *e);

#endif
