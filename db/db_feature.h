/* db/db_feature.h: features of scans, changes between scans, and the definitions beside them. */
#ifndef REOX_DB_DB_FEATURE_H
#define REOX_DB_DB_FEATURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/frame.h"
#include "core/json.h"
#include "db/db.h"
#include "features/change.h"
#include "features/feature.h"

/* What a number means, as a document; stored once, known by a digest. Inside the caller's transaction. */
Rc db_definition_store(int64_t *id, Db *db, const Json *document, Err *e);
Rc db_definition_load(Json **document, Db *db, int64_t id, Err *e);         /* JSON null when there is none; json_free */
Rc db_extraction_remove(Db *db, int64_t scan, Err *e);
Rc db_definition_prune(Db *db, Err *e);                    /* those that no value points to */

/* The registry, row by row, into feature_info; *changed when a row was new or differed. */
Rc db_feature_info_store(bool *changed, Db *db, Err *e);

/* What numbers were made of, and by which definitions (ids): one for hypoxia metrics, one for all others. */
typedef struct {
    const char *settings_sha, *inputs_sha;
    int64_t definition, hypoxia_definition;
} MadeOf;

/* The features of one region of a scan. */
typedef struct {
    const char *roi;
    FeatureVector features;
    Units units;                       /* for feature_unit */
} RegionFeatures;

/* Replaces everything computed from a scan; changes that were made with it go. Inside the caller's transaction. */
Rc db_extraction_store(Db *db, int64_t run_id, int64_t scan, const MadeOf *made, const RegionFeatures *region, size_t n_regions, Err *e);

/* The features of all regions of a scan, for its changes; by roi, then in the registry's order. Free each .features. `made` gets
 * the definitions alone. */
Rc db_extraction_load(RegionFeatures **out, size_t *n, MadeOf *made, Db *db, int64_t scan, Arena *a, Err *e);

/* The changes of one region between two scans. */
typedef struct {
    const char *roi;
    const FeatureChange *change;
    size_t n;
    Units units;
    const char *unlike;                /* not NULL: all but the hypoxia rows are undefined for this reason (images in other units) */
} RegionChanges;

/* Hashes of a comparison that is there; "" when it is not. */
Rc db_comparison_hashes(char settings_sha[65], char inputs_sha[65], Db *db, int64_t from, int64_t to, Err *e);
Rc db_comparison_store(Db *db, int64_t run_id, int64_t from, int64_t to, const MadeOf *made, const RegionChanges *region,
                       size_t n_regions, Err *e);
Rc db_comparison_remove(Db *db, int64_t from, int64_t to, Err *e);

/* Pairs (from, to) of all comparisons, in arena memory. */
typedef struct { int64_t from, to; } ScanPair;
Rc db_comparisons(ScanPair **out, size_t *n, Db *db, Arena *a, Err *e);

/* num[i] of the patient in f's column "patient": a feature of a scan (to NULL) or a change between two; NaN where undefined,
 * not there, or the scan or patient is refused. name is the feature's, or the change's ("delta_fhv"); aggregation "" or its name
 * ("3D:mrg"). */
typedef struct { const char *tracer_slug, *from, *to, *roi, *name, *aggregation; } VariableKey;
Rc db_variable_load(double *num, Db *db, const Frame *f, const VariableKey *key, Err *e);

/* Day of each patient's scan: the latest among the tracers named (NULL-terminated; NULL: all) at this time point that are done.
 * NaN: no such scan, or its day unknown; *has[i] tells the two apart. */
Rc db_scan_days(double *day, bool *has, Db *db, const Frame *f, const char *timepoint, const char *const *tracer_slug, Err *e);

#endif
