/* study/scan_read.h: the files of one row of scans.csv, read and judged; for check, ingest and extract alike. */
#ifndef REOX_STUDY_SCAN_READ_H
#define REOX_STUDY_SCAN_READ_H

#include <stdbool.h>
#include <stddef.h>

#include "core/arena.h"
#include "core/err.h"
#include "core/hash.h"
#include "core/protocol.h"
#include "core/scan.h"
#include "core/str.h"
#include "core/volume.h"

typedef struct {
    const char *name;          /* as Scan.roi[].name */
    const char *path;          /* below the study folder, without #LABEL */
    int label;                 /* -1: the whole mask */
    bool is_reference;         /* a reference region: count, mean, SD, COV, no features */
    Mask mask;
    size_t voxels;
    double mean, sd, cov;      /* of the image inside; sd is the sample's (n - 1), NaN for one voxel; cov = sd / mean */
    char sha256[HASH_TEXT];
} ScanRegion;

/* {0} at first. All text is the arena's. */
typedef struct {
    Volume image;
    char image_sha256[HASH_TEXT];
    ScanRegion *region;        /* one for each roi of the row that has a path */
    size_t n_regions;
    char **warning;            /* whole lines without "reox: warning: " */
    size_t n_warnings;
    Arena arena;
} ScanData;

/* Reads image and masks of a done scan. ERR_INPUT, in one line that begins with the file and ends with the scan, for what cannot
 * be trusted: outside the study folder, not NIfTI (DICOM is not supported yet), a mask on another grid (says by how many mm at
 * which corner), an empty mask, several labels without #LABEL, NaN or infinite voxels inside a region. `reference`
 * (NULL: none) is the protocol's reference region for this tracer; blood, muscle and mediastinum are reference regions always.
 * A reference region whose mean is not positive is refused where the tracer's reference names it. */
Rc scan_read(ScanData *out, const char *study_dir, const Scan *s, const char *reference, Err *e);
void scan_data_free(ScanData *d);

const ScanRegion *scan_region(const ScanData *d, const char *name);       /* NULL when absent */
bool region_is_reference(const char *roi_name, const char *reference);

/* The reference region and value that count for one scan, from row, protocol and preset (in that order). */
typedef struct {
    const char *region;        /* roi name, or NULL */
    double value;              /* reference_value of the row, else NaN */
    double threshold;          /* NaN when nothing names one */
    bool has_operator;
    Operator op;
    const char *tracer;        /* the preset's name, else as written */
} ScanRule;
void scan_rule(ScanRule *out, const Protocol *p, const Scan *s);

/* "dir/mask.nii.gz#2" into path and label (-1 without). ERR_INPUT for a label that is no whole number from 1 to a million and for
 * what only DICOM has ("rtstruct.dcm#GTV"). */
Rc mask_path_split(Str *path, int *label, const char *cell, Err *e);

/* SHA-256 of every file of the row, in one text: changes exactly when one of its files does. Cheap beside reading. */
Rc scan_files_hash(char out[HASH_TEXT], const char *study_dir, const Scan *s, Err *e);

#endif
