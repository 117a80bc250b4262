/* study/variables.h: names of variables (INTERFACE §3): what a name means, and columns by name for formulas, views and export. */
#ifndef REOX_STUDY_VARIABLES_H
#define REOX_STUDY_VARIABLES_H

#include <stdbool.h>
#include <stddef.h>

#include "core/arena.h"
#include "core/err.h"
#include "core/frame.h"
#include "core/protocol.h"
#include "core/str.h"
#include "db/db.h"
#include "db/db_feature.h"
#include "features/feature.h"
#include "ingest/scans.h"

/* What names can be made of in one study: its tracers (slugs), time points, regions, and the aggregations that its settings ask
 * for. Everything is the arena's. */
typedef struct {
    char **tracer;
    Units *units;                              /* [n_tracers] of the intensities that features are computed from */
    size_t n_tracers;
    char **timepoint, **timepoint_slug;        /* in order of time */
    size_t n_timepoints;
    char **roi;                                /* slugs, gtv first; reference regions have no features and are left out */
    size_t n_rois;
    unsigned aggregations[FEATURE_COUNT];      /* bit a: some tracer's settings compute the feature in Aggregation a */
    Arena arena;
} VariableSpace;

/* From the protocol (settings of features, time points) and what the list of scans names. */
Rc variable_space(VariableSpace *out, const Protocol *p, const ScanList *scans, Err *e);
/* The same from what was ingested into the database. */
Rc variable_space_stored(VariableSpace *out, const Protocol *p, Db *db, Err *e);
void variable_space_free(VariableSpace *s);

typedef enum { VARIABLE_FEATURE, VARIABLE_DELTA, VARIABLE_RATIO } VariableKind;

/* One variable. Text belongs to the space. */
typedef struct {
    VariableKind kind;
    const char *tracer;                        /* slug */
    int from, to;                              /* indices of time points; to is -1 for a feature of one scan */
    const char *roi;
    FeatureId feature;
    Aggregation aggregation;
} Variable;

/* Its name: "fmiso_pre_fhv", "fdg_pre_node_suv_max", "fmiso_pre_mid_delta_tbr_max"; the aggregation follows where the feature has
 * more than one in the study. */
void variable_name(Str *out, const VariableSpace *s, const Variable *v);

/* Finds what a name means. *found false: it is no variable of this study. ERR_INPUT when it can be read in two ways. */
Rc variable_resolve(Variable *out, bool *found, const VariableSpace *s, const char *name, Err *e);

/* The index of a time point as written, or -1: the stored one may be older than the protocol at hand. */
int variable_timepoint(const VariableSpace *s, const char *name);

/* The latest time point that a variable sees (its `to`, else its `from`), as an index. */
int variable_latest(const Variable *v);

/* "TBRmax change pre to mid, FMISO" for axes and tables. */
void variable_label(Str *out, const VariableSpace *s, const Variable *v);
const char *variable_unit(const VariableSpace *s, const Variable *v);          /* "SUV^2", "mL" …; "1" for a ratio */

/* How the database knows it; `name` holds the key's own text and must outlive it. */
void variable_key(VariableKey *out, Str *name, const VariableSpace *s, const Variable *v);

/* A frame of the accepted patients in order of row: "patient", the clinical columns asked for (NULL-terminated list), then the
 * variables (NaN where there is no scan or no value). line[] is that of clinical.csv. A name that is neither is ERR_INPUT,
 * with the nearest one; `where` heads the message ("study.json: models.os_pre"). Names that come twice are taken once. */
Rc study_frame(Frame *out, Db *db, const VariableSpace *s, const char *const *columns, const char *where, Err *e);

#endif
