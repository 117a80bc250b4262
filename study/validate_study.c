/* study/validate_study.c: a model file held against this cohort. */
#include "study/validate_study.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "stats/design.h"
#include "stats/diagnosis.h"
#include "stats/external.h"
#include "stats/formula.h"
#include "stats/predict.h"
#include "stats/response.h"
#include "study/model_columns.h"
#include "study/model_definitions.h"
#include "study/model_file.h"
#include "study/model_frame.h"
#include "study/predict.h"

typedef struct {
    const ValidationRequest *q;
    const StudyTables *t;
    const VariableSpace *s;
    Db *db;
    ModelDocument d;
    const Json *file_model;        /* key model of the file */
    const Endpoint *endpoint;
    const char *const *columns;    /* of the fit */
    double horizon;
    ModelSpec spec;                /* the model as one of this study */
    ModelColumns c;
    ModelFrame f;
    double unit;                   /* times of the cohort times this are the model's */
    Json *out;
    Arena arena;
    Err *e;
} Validation;

static Rc choose_endpoint(Validation *v)
{
    const Protocol *p = &v->t->protocol;
    const char *name = v->q->endpoint ? v->q->endpoint : v->d.endpoint;
    v->endpoint = name ? protocol_endpoint(p, name) : NULL;
    if (!v->endpoint)
        return err_set(v->e, ERR_INPUT, "%s: the model's endpoint is '%s', which is none of study.json's endpoints; --endpoint names the one that "
                                        "is meant", v->q->file,
                       name ? name : "");
    if (v->d.survival != (v->endpoint->time != NULL))
        return err_set(v->e, ERR_INPUT, "%s: endpoint %s is %s, the model wants %s", v->q->file, name, v->endpoint->time ? "a survival time" : "a response",
                       v->d.survival ? "a survival time" : "a response");
    if (v->d.survival && v->d.has_cause && !v->endpoint->has_cause)
        return err_set(v->e, ERR_INPUT, "%s: the model is of one cause of event, endpoint %s has no cause", v->q->file, name);
    v->unit = 1;
    if (v->d.survival) {
        TimeUnit unit = v->endpoint->unit;
        if (v->d.time_unit && !time_unit_parse(&unit, v->d.time_unit))
            return err_set(v->e, ERR_INPUT, "%s: model.time_unit is '%s'", v->q->file, v->d.time_unit);
        v->unit = time_unit_days(v->endpoint->unit) / time_unit_days(unit);
    }
    return OK;
}

static Rc prepare(Validation *v)
{
    Rc rc = OK;
    TRY(model_document(&v->d, v->q->model, v->q->file, v->e));
    if (v->d.n_levels)
        return err_set(v->e, ERR_INPUT, "%s: an ordinal model gives a probability for each of %zu levels, and the measures here are of one outcome: hold a logistic "
                       "model of the level that matters against this cohort", v->q->file, v->d.n_levels);
    v->file_model = json_get(v->q->model, "model");
    TRY(fit_columns(&v->columns, v->d.fit, v->q->group, &v->arena, v->e));
    TRY(choose_endpoint(v));
    TRY(model_definitions_agree(json_get(v->q->model, "definitions"), v->columns, &v->t->protocol, v->s, v->db, &v->t->clinical.frame, v->q->file, v->e));
    TRY(model_file_spec(&v->spec, v->q->model, v->endpoint, &v->t->protocol, v->q->file, &v->arena, v->e));
    v->horizon = v->q->horizon;
    if (v->d.survival && isnan(v->horizon)) v->horizon = json_number(json_get(v->q->model, "horizon"));
    if (v->d.survival && isnan(v->horizon) && v->t->protocol.board_endpoint && strcmp(v->endpoint->name, v->t->protocol.board_endpoint) == 0)
        v->horizon = v->t->protocol.board_horizon * v->unit;
    if (v->q->weights) json_set_text(v->spec.options, "weights", v->q->weights);
    TRY(model_columns(&v->c, &v->spec, &v->t->protocol, v->s, &v->t->clinical.frame, &v->arena, v->e));
    TRY(model_frame(&v->f, &v->spec, &v->c, &v->t->protocol, v->s, v->db, v->e));
    json_remove(v->f.options, "weights");       /* read below: a patient without weight is not one without an outcome */
out:
    return rc;
}

static void count(Json *object, const char *reason)
{
    const double n = json_number(json_get(object, reason));
    json_set_number(object, reason, isnan(n) ? 1 : n + 1);
}

/* State of the rows of the frame: 0, 1, and 2 for another cause; NaN where it is missing. A response is 0/1. */
static Rc outcomes(double *y, double *time, Validation *v)
{
    Rc rc = OK;
    Design d = { 0 };
    Json *ignored = json_object();
    const Frame *f = &v->f.frame;
    const size_t n = f->rows;
    for (size_t i = 0; i < n; i++) y[i] = time[i] = NAN;
    /* Left side alone, so that a row without a covariate is not taken for one without an outcome. */
    const char *formula = v->d.survival ? arena_printf(&v->arena, "Surv(%s, %s) ~ 1", v->endpoint->time, v->endpoint->event)
                                        : arena_printf(&v->arena, "%s ~ 1", v->endpoint->column);
    StatCall call = { .formula = formula, .data = f, .options = v->f.options, .threads = 1 };
    DesignWish wish = { .kind = v->d.survival ? FORMULA_SURVIVAL : FORMULA_RESPONSE, .no_intercept = v->d.survival };
    if (!formula || !ignored) { rc = err_nomem(v->e); goto out; }
    TRY(design_build(&d, ignored, &call, &wish, v->e));
    double *response = NULL;
    if (!v->d.survival) TRY(response_binary(&response, &d, v->out, v->e));
    const FrameColumn *other = v->f.competing.rows ? frame_column(&v->f.competing, v->endpoint->event) : NULL;
    for (size_t i = 0; i < d.n; i++) {
        const size_t row = d.row[i];
        if (!v->d.survival) { y[row] = response[i]; continue; }
        time[row] = d.time[i] * v->unit;
        y[row] = d.event[i] != 0 ? 1 : other && !other->is_text && other->num[row] == 1 ? 2 : 0;
    }
out:
    design_free(&d);
    json_free(ignored);
    return rc;
}

/* Weights of the rows of the frame, NULL without --weights. */
static Rc row_weights(const double **weight, Validation *v)
{
    *weight = NULL;
    if (!v->q->weights) return OK;
    const FrameColumn *c = frame_column(&v->f.frame, v->q->weights);
    if (!c || c->is_text) return err_set(v->e, ERR_INPUT, "--weights: %s is no column of numbers", v->q->weights);
    for (size_t i = 0; i < v->f.frame.rows; i++)
        if (c->num[i] < 0 || isinf(c->num[i]))
            return err_set(v->e, ERR_INPUT, "%s:%zu: %s is %g, expected a weight from 0 on", v->f.frame.name, v->f.frame.line[i], v->q->weights, c->num[i]);
    *weight = c->num;
    return OK;
}

/* Predicted risks of rows; NaN with a reason where there is none. */
static Rc risks(Prediction *p, Validation *v)
{
    const Json *competing[16];
    size_t n = 0;
    for (const Json *x = json_first(v->d.competing); x && n < 16; x = json_next(x)) competing[n++] = x;
    if (!v->d.survival) return predict_probability(p, v->d.fit, &v->f.frame, .95, &v->arena, v->e);
    return predict_risk(p, v->d.fit, competing, n, &v->f.frame, &(PredictWish){ isnan(v->horizon) ? 0 : v->horizon, .95, v->q->group }, &v->arena, v->e);
}

/* A model with tt() is recalibrated on its rows cut at the steps of its hazard: the event belongs to the last piece. place[x->n]: the rows
 * that are judged. */
static Rc pieces_of(ExternalData *x, const FitPieces *q, const double *y, const double *time, const double *last_time, const size_t *place, size_t rows,
                    size_t p, Validation *v)
{
    Arena *a = &v->arena;
    unsigned char *judged = arena_alloc(a, rows + 1);
    double *column = ARENA_NEW(a, (5 + p) * (q->n + 1), double), *event = column, *eta = event + q->n + 1, *cumhaz = eta + q->n + 1;
    double *offset = cumhaz + q->n + 1, *z = offset + q->n + 1;
    double *weight = x->weight ? z + p * (q->n + 1) : NULL;
    int *piece_of = ARENA_NEW(a, q->n + 1, int), *place_of = ARENA_NEW(a, rows + 1, int);
    size_t *from = ARENA_NEW(a, q->n + 1, size_t), n = 0;
    ExternalData *pieces = ARENA_NEW(a, 1, ExternalData);
    if (!judged || !column || !from || !pieces || !piece_of || !place_of) return err_nomem(v->e);
    for (size_t i = 0; i < x->n; i++) { judged[place[i]] = 1; place_of[place[i]] = (int)i; }
    for (size_t k = 0; k < q->n; k++) if (judged[q->row[k]]) from[n++] = k;
    for (size_t k = 0; k < n; k++) {
        const size_t row = q->row[from[k]];
        event[k] = q->ends[from[k]] && y[row] == 1 && !(time[row] > last_time[row]);
        eta[k] = q->eta[from[k]];
        offset[k] = q->offset[from[k]];
        piece_of[k] = place_of[row];
        if (weight) weight[k] = x->weight[place_of[row]];
        cumhaz[k] = q->cumhaz[from[k]];
        for (size_t j = 0; j < p; j++) z[j * n + k] = q->x[j * q->n + from[k]];
    }
    *pieces = (ExternalData){ .n = n, .p = p, .y = event, .time = cumhaz, .eta = eta, .offset = offset, .cumhaz = cumhaz, .x = z, .term = x->term,
                              .weight = weight, .row = piece_of, .n_rows = x->n };
    x->pieces = pieces;
    return OK;
}

static Rc measure(Validation *v)
{
    Rc rc = OK;
    Arena *a = &v->arena;
    const Frame *f = &v->f.frame;
    const size_t rows = f->rows;
    double *y = ARENA_NEW(a, rows + 1, double), *time = ARENA_NEW(a, rows + 1, double);
    Prediction *p = ARENA_NEW(a, rows + 1, Prediction);
    FitRows r = { 0 };
    Json *left_out = json_set(v->out, "left_out", json_object());
    if (!y || !time || !p) return err_nomem(v->e);
    for (size_t i = 0; i < v->f.n_out; i++) count(left_out, v->f.out[i].reason);
    const double *weight = NULL;
    TRY(outcomes(y, time, v));
    TRY(row_weights(&weight, v));
    if (v->d.no_value) diagnose(v->out, "no_risk", "%s: what follows is about the ranking alone", v->d.no_value);
    else TRY(risks(p, v));
    TRY(fit_rows(&r, v->d.fit, f, v->d.survival ? time : NULL, &(PredictWish){ v->horizon, .95, v->q->group }, a, v->e));
    const bool has_risk = !v->d.no_value && (!v->d.survival || !isnan(v->horizon));
    ExternalData x = { .p = r.p, .horizon = has_risk ? v->horizon : NAN, .conf = .95 };
    double *column = ARENA_NEW(a, 7 * (rows + 1), double), *kept = ARENA_NEW(a, rows * r.p + 1, double);
    size_t *place = ARENA_NEW(a, rows + 1, size_t), outside = 0, beyond = 0, events = 0;
    const char **term = ARENA_NEW(a, r.p + 1, const char *);
    unsigned char *behind = arena_alloc(a, rows + 1);
    int *stratum = ARENA_NEW(a, rows + 1, int);
    if (!column || !kept || !place || !term || !behind || !stratum) return err_nomem(v->e);
    double *cy = column, *ct = column + rows + 1, *risk = ct + rows + 1, *eta = risk + rows + 1, *cumhaz = eta + rows + 1,
        *offset = cumhaz + rows + 1, *own_weight = offset + rows + 1;
    for (size_t i = 0; i < rows; i++) {
        if (isnan(y[i])) { count(left_out, "missing: outcome"); continue; }
        if (weight && !(weight[i] > 0)) { count(left_out, isnan(weight[i]) ? "missing: weight" : "weight 0"); continue; }
        if (isnan(r.eta[i]) || (has_risk && p[i].status != PREDICTED)) {
            const char *reason = p[i].status == PREDICT_BEYOND ? "the horizon lies behind the last time of the model's stratum" : p[i].reason;
            count(left_out, reason ? reason : "no prediction");
            continue;
        }
        outside += p[i].out_of_range;
        cy[x.n] = y[i];
        ct[x.n] = time[i];
        risk[x.n] = has_risk ? p[i].estimate : NAN;
        eta[x.n] = r.eta[i];
        cumhaz[x.n] = r.cumhaz ? r.cumhaz[i] : NAN;
        offset[x.n] = r.offset[i];
        if (weight) own_weight[x.n] = weight[i];
        stratum[x.n] = r.stratum[i];
        /* Behind the model's last time it says nothing of the hazard: follow-up ends there for the recalibration. */
        behind[x.n] = v->d.survival && time[i] > r.last_time[i];
        beyond += behind[x.n];
        events += y[i] == 1;
        place[x.n++] = i;
    }
    for (size_t j = 0; j < r.p; j++) for (size_t i = 0; i < x.n; i++) kept[j * x.n + i] = r.x[j * rows + place[i]];
    const Json *terms = json_get(v->d.fit, "term");
    const size_t first = json_size(terms) - r.p;
    for (size_t j = 0; j < r.p; j++) term[j] = json_text(json_at(terms, first + j)) ? json_text(json_at(terms, first + j)) : "";
    x.y = cy; x.time = v->d.survival ? ct : NULL; x.risk = risk; x.eta = eta;
    x.cumhaz = r.cumhaz ? cumhaz : NULL; x.x = kept; x.term = term; x.beyond = behind; x.offset = offset;
    x.n_strata = (int)json_size(json_get(v->d.fit, "baseline"));
    x.stratum = v->d.survival && x.n_strata > 1 ? stratum : NULL;
    x.weight = weight ? own_weight : NULL;
    if (r.pieces) TRY(pieces_of(&x, r.pieces, y, time, r.last_time, place, rows, r.p, v));
    json_set_number(v->out, "patients", (double)v->f.patients);
    json_set_number(v->out, "n", (double)x.n);
    json_set_number(v->out, "nevent", (double)events);
    json_set_number(v->out, "out_of_range", (double)outside);
    if (v->d.survival) json_set_number(v->out, "followed_longer_than_the_model", (double)beyond);
    if (x.n < 2) return diagnose_fatal(v->out, v->e, "too_few_rows", "%zu patients have an outcome and a prediction", x.n);
    if (events == 0) return diagnose_fatal(v->out, v->e, "no_events", "none of %zu patients has an event", x.n);
    if (!v->d.survival && events == x.n) return diagnose_fatal(v->out, v->e, "one_class", "all %zu patients have the response", x.n);
    if (events < 100) diagnose(v->out, "few_events", "%zu events: fewer than 100 leave calibration and recalibration uncertain (Collins, Ogundimu & "
                                                     "Altman 2016)", events);
    x.subdistribution = v->d.subdistribution;
    x.scale = isnan(r.scale) ? 0 : r.scale;
    x.dist = r.dist;
    TRY(external_validate(v->out, &x, a, v->e));
out:
    return rc;
}

Rc validate_study(Json **out, const ValidationRequest *q, const StudyTables *t, Db *db, Err *e)
{
    Rc rc = OK;
    VariableSpace s = { 0 };
    Validation v = { .q = q, .t = t, .s = &s, .db = db, .horizon = NAN, .out = json_object(), .e = e };
    *out = NULL;
    if (!v.out) { rc = err_nomem(e); goto out; }
    TRY(variable_space_stored(&s, &t->protocol, db, e));
    TRY(prepare(&v));
    json_set_text(v.out, "schema", "reox.validate/1");
    json_set_text(v.out, "file", q->file);
    json_set(v.out, "model", json_copy(v.file_model));
    json_set(v.out, "endpoint", json_from_text(v.endpoint->name));
    json_set_text(v.out, "measure", v.d.measure);
    if (q->weights) json_set_text(v.out, "weights", q->weights);
    if (json_get(v.d.fit, "frailty")) json_set_text(v.out, "group", fit_group_name(q->group));
    json_set(v.out, "time_unit", json_from_text(v.d.time_unit));
    json_set_number(v.out, "horizon", v.d.survival ? v.horizon : NAN);
    if (json_get(q->model, "performance")) json_set(v.out, "development", json_copy(json_get(q->model, "performance")));
    json_set(v.out, "diagnosis", json_array());
    rc = measure(&v);
    if (rc == OK || rc == ERR_ESTIMATE) { *out = v.out; v.out = NULL; }
out:
    json_free(v.out);
    json_free(v.spec.options);
    model_frame_free(&v.f);
    variable_space_free(&s);
    arena_free(&v.arena);
    return rc;
}
