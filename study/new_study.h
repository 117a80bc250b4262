/* study/new_study.h: an empty study folder to fill in. */
#ifndef REOX_STUDY_NEW_STUDY_H
#define REOX_STUDY_NEW_STUDY_H

#include "core/err.h"

/* Writes study.json, clinical.csv, scans.csv, README.md and the folder images into dir, which must be absent or empty (ERR_INPUT). */
Rc study_new(const char *dir, Err *e);

#endif
