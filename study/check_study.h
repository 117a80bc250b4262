/* study/check_study.h: a study folder judged as a whole, for `check` and `ingest` alike. */
#ifndef REOX_STUDY_CHECK_STUDY_H
#define REOX_STUDY_CHECK_STUDY_H

#include "core/err.h"
#include "core/progress.h"
#include "ingest/study_tables.h"

/* study_tables_read, then everything that only the rooms together can judge: settings of features, methods, options and
 * formulas of models, expressions of exclude, columns named like a variable, variables of models that no scan can give.
 * ERR_INPUT: refused whole. A model that breaks the rules of landmarks is not refused here but when it is fitted. */
Rc study_open(StudyTables *out, const char *study_dir, const Progress *w, Err *e);

/* What `reox check` does: study_open, what of the settings `extract` will refuse, then every scan's files. Rejections of patients and scans are in t->rejected. */
Rc check_study(StudyTables *t, const char *study_dir, int threads, const Progress *w, Err *e);

#endif
