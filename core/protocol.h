/* core/protocol.h: study.json as the rest of the program speaks of it. */
#ifndef REOX_CORE_PROTOCOL_H
#define REOX_CORE_PROTOCOL_H

#include <stdbool.h>
#include <stddef.h>

#include "core/arena.h"
#include "core/json.h"

typedef enum { OP_GE, OP_GT, OP_LE, OP_LT } Operator;
const char *operator_name(Operator op);                    /* ">=" … */
bool operator_parse(Operator *out, const char *text);
bool operator_holds(Operator op, double x, double threshold);

typedef enum { TIME_DAYS, TIME_WEEKS, TIME_MONTHS, TIME_YEARS } TimeUnit;
const char *time_unit_name(TimeUnit u);                    /* "days" … */
bool time_unit_parse(TimeUnit *out, const char *text);
double time_unit_days(TimeUnit u);                         /* 1, 7, 30.4375, 365.25 */

/* What makes a voxel hypoxic for one tracer. Empty members are filled from the preset by whoever resolves it. */
typedef struct {
    char *tracer;             /* as written in study.json */
    char *reference;          /* roi name, or NULL */
    bool has_threshold, has_operator;
    double threshold;
    Operator op;
} HypoxiaRule;

typedef struct {
    char *name;
    char *time, *event;       /* columns; NULL for a response */
    char *column;             /* response column; NULL for survival */
    bool has_cause;
    double cause;             /* code of the event of interest */
    TimeUnit unit;
} Endpoint;

typedef enum { LANDMARK_NONE, LANDMARK_TIMEPOINT, LANDMARK_DAYS } LandmarkKind;

typedef struct {
    char *name, *method, *formula;
    LandmarkKind landmark;
    int landmark_timepoint;   /* index in timepoints */
    double landmark_days;
    bool allow_immortal_time;
    Json *options;            /* levels, subset, weights, cluster and the method's own, as written; an object */
} ModelSpec;

typedef struct {
    char *name, *label, *unit;
    char **levels;
    size_t n_levels;
} ColumnSpec;

typedef struct { char *expression, *reason; } ExcludeRule;
typedef struct { int from, to; } ChangePair;               /* indices in timepoints */

typedef struct {
    Arena arena;
    char *name;
    char *clinical, *scans;   /* file names below the study folder */
    char **timepoint;
    size_t n_timepoints;
    bool timepoints_declared; /* false: those of scans.csv in order of appearance, without an order in time */
    HypoxiaRule *hypoxia;
    size_t n_hypoxia;
    Json *features;           /* settings, as written; NULL when absent. features/settings.c reads them */
    ColumnSpec *column;
    size_t n_columns;
    ExcludeRule *exclude;
    size_t n_exclude;
    ChangePair *change;       /* the default (each with the first) is filled in */
    size_t n_changes;
    Endpoint *endpoint;
    size_t n_endpoints;
    char *board_endpoint;
    double board_horizon;     /* in the endpoint's unit; NaN when absent */
    char **board_model;
    size_t n_board_models;
    ModelSpec *model;
    size_t n_models;
    Json *document;           /* the whole file, for hashing and for reports */
} Protocol;

void protocol_free(Protocol *p);
int protocol_timepoint(const Protocol *p, const char *name);               /* index or -1 */
const Endpoint *protocol_endpoint(const Protocol *p, const char *name);    /* NULL when absent */
const ModelSpec *protocol_model(const Protocol *p, const char *name);

#endif
