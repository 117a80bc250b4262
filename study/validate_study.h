/* study/validate_study.h: a model file that was made elsewhere, held against this cohort. */
#ifndef REOX_STUDY_VALIDATE_STUDY_H
#define REOX_STUDY_VALIDATE_STUDY_H

#include "core/err.h"
#include "core/json.h"
#include "db/db.h"
#include "ingest/study_tables.h"
#include "stats/predict.h"

typedef struct {
    const char *file;          /* heads messages */
    const Json *model;         /* the file's document */
    const char *endpoint;      /* of this study; NULL: the one of the model's name for it */
    double horizon;            /* in the model's time unit from its clock; NaN: the file's, else board's */
    const char *weights;       /* column of this study with the weight of each patient; NULL: they count alike */
    FitGroup group;            /* of a model with frailties; GROUP_AVERAGE is refused */
} ValidationRequest;

/* *out: {schema "reox.validate/1", file, model, endpoint, time_unit, horizon, n, nevent, left_out by reason, out_of_range, …} and the keys of
 * stats/external.h. Times are turned into the model's unit. ERR_INPUT, in one line headed by the file, for a variable that is not
 * here or means something else, an endpoint or landmark that is not here; ERR_ESTIMATE, *out set with its diagnosis, where too few
 * patients or no events are left. Free with json_free. */
Rc validate_study(Json **out, const ValidationRequest *q, const StudyTables *t, Db *db, Err *e);

#endif
