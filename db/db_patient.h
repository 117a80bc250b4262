/* db/db_patient.h: patients and the clinical table. */
#ifndef REOX_DB_DB_PATIENT_H
#define REOX_DB_DB_PATIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/frame.h"
#include "core/protocol.h"
#include "db/db.h"

/* What a second reading of the clinical table changed. {0} at first; all text is the arena's. */
typedef struct {
    char **column;             /* columns with at least one other value, new and vanished columns too */
    size_t n_columns;
    char **changed;            /* patients with another value */
    size_t n_changed;
    char **added, **removed;
    size_t n_added, n_removed;
    bool renumbered;           /* a row moved, or a label, unit or the columns' order changed */
    Arena arena;
} ClinicalChange;
void clinical_change_free(ClinicalChange *c);

/* Makes tables patient, clinical, clinical_column hold the frame (column "patient" first), writing what differs and nothing else.
 *   listed   every id of the table, refused ones too, in its order: gives the row numbers, and who is not in it is removed with
 *            scans and values, while who is listed but not in the frame keeps what he has
 * Inside the caller's transaction. */
Rc db_clinical_store(ClinicalChange *out, Db *db, const Frame *clinical, char *const *listed, size_t n_listed,
                     const Protocol *p, Err *e);

/* Accepted patients in order of row, and their clinical values: "patient" (text) and every clinical column, or only those named
 * (NULL-terminated list, unknown names are left out). A column is text when clinical_column says so. line[i] is the row's number
 * plus 1, for the header: where the row stands unless cells hold line breaks. */
Rc db_clinical_load(Frame *out, Db *db, const char *const *only, Err *e);

#endif
