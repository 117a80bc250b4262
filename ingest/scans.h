/* ingest/scans.h: the list of scans. */
#ifndef REOX_INGEST_SCANS_H
#define REOX_INGEST_SCANS_H

#include <stddef.h>

#include "core/err.h"
#include "core/hash.h"
#include "core/progress.h"
#include "core/protocol.h"
#include "core/scan.h"
#include "ingest/clinical.h"

typedef struct {
    Scan *scan;                /* in the table's order; scans of refused patients are left out */
    size_t n;
    char **roi_name;           /* [n_roi_names] slugs behind roi_, as columns of the table */
    size_t n_roi_names;
    char **timepoint;          /* in the protocol's order, else in order of appearance; as written */
    size_t n_timepoints;
    char sha256[HASH_TEXT];
    Arena arena;
} ScanList;

/* Reads the table that the protocol names. The whole table is refused (ERR_INPUT, with its line) for: a missing column, an
 * unknown patient or time point, a doubled key, bad unit, status, day, date or number, a scan that is done without image, a ROI
 * named like a time point. Scan.tracer_slug is the preset's name for a preset's alias. Warns of unknown columns, a tracer without
 * preset, Bq/mL, time points whose days are out of order. Paths are judged when they are read. */
Rc scans_read(ScanList *out, const char *study_dir, const Protocol *p, const ClinicalTable *c, const Progress *w, Err *e);
void scans_free(ScanList *l);

#endif
