/* study/export_study.h: the database's views as CSV, with a data dictionary. */
#ifndef REOX_STUDY_EXPORT_STUDY_H
#define REOX_STUDY_EXPORT_STUDY_H

#include <stddef.h>

#include "core/err.h"
#include "core/json.h"
#include "core/progress.h"
#include "core/protocol.h"
#include "db/db.h"

/* Writes into the folder (made when absent): a file for each view, VIEW.csv; change_<tracer>_<from>_<to>.csv with every change as a
 * column, a row a patient; dictionary.csv, a row for each column of each file. Each file is whole or absent. *files: an array of
 * {file, rows, columns}. */
Rc export_study(Json **files, const char *folder, Db *db, const Protocol *p, const Progress *w, Err *e);

#endif
