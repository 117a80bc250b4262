/* core/scan.h: one row of scans.csv. */
#ifndef REOX_CORE_SCAN_H
#define REOX_CORE_SCAN_H

#include <stddef.h>

#include "core/volume.h"

typedef enum { SCAN_DONE, SCAN_NOT_DONE, SCAN_NOT_ASSESSABLE } ScanStatus;
const char *scan_status_name(ScanStatus s);       /* done, not_done, not_assessable */

typedef struct {
    char *name;               /* gtv, blood, … : what stands behind roi_ */
    char *path;               /* as in the table, with #LABEL; NULL when the cell is missing */
} ScanRoi;

/* Numbers that the table leaves open are NaN, texts NULL. Memory is the owning ScanList's arena. */
typedef struct {
    char *patient;
    char *timepoint;          /* as in the protocol */
    char *tracer;             /* as written */
    char *tracer_slug;        /* as it stands in names of variables */
    ScanStatus status;
    char *image;
    Units units;
    ScanRoi *roi;
    size_t n_roi;
    double reference_value;   /* in the image's unit */
    double day;               /* from the endpoints' time zero */
    double uptake_min, injected_mbq, weight_kg, height_m;
    char *sex, *center;
    size_t line;              /* in scans.csv */
} Scan;

#endif
