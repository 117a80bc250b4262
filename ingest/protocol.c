/* ingest/protocol.c: study.json into a Protocol; every key is known, typed and there once. */
#include "ingest/protocol.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/file.h"
#include "core/limits.h"
#include "core/str.h"

enum { NAME_MAX_BYTES = 64, WHERE_MAX = 256, FILE_NAME_LONGEST = 255 };

/* What the parts of the document are read with. */
typedef struct {
    Protocol *p;
    const char *name;          /* the file, for messages */
    const Json *root;
    Err *e;
} Reading;

static Rc keep(char **out, Reading *r, const char *text)
{
    *out = arena_strdup(&r->p->arena, text);
    return *out ? OK : err_nomem(r->e);
}

static Rc new_array(void **out, Reading *r, size_t n, size_t size)
{
    *out = arena_array(&r->p->arena, n ? n : 1, size);
    return *out ? OK : err_nomem(r->e);
}

/* "study.json: models.os_pre": how messages name a part. */
static const char *part(char where[WHERE_MAX], const Reading *r, const char *path)
{
    snprintf(where, WHERE_MAX, "%.80s: %.160s", r->name, path);
    return where;
}

static Rc want_name(const char *text, const char *where, Reading *r)
{
    if (!*text) return err_set(r->e, ERR_INPUT, "%s: name is empty, expected a text", where);
    if (strlen(text) > NAME_MAX_BYTES) return err_set(r->e, ERR_INPUT, "%s: name has %zu bytes, expected at most %d", where, strlen(text), NAME_MAX_BYTES);
    return OK;
}

static Rc want_file(char **out, Reading *r, const char *key)
{
    Rc rc = OK;
    const char *text = NULL;
    TRY(json_want_text(&text, r->root, key, r->name, r->e));
    if (!text || !*text) { rc = err_set(r->e, ERR_INPUT, "%s: %s is missing, expected the name of a CSV file", r->name, key); goto out; }
    if (strlen(text) > FILE_NAME_LONGEST) {
        rc = err_set(r->e, ERR_INPUT, "%s: %s is a name of %zu characters, expected at most %d", r->name, key, strlen(text), FILE_NAME_LONGEST);
        goto out;
    }
    TRY(keep(out, r, text));
out:
    return rc;
}

/* Texts of an array, each a text that is not empty. */
static Rc read_texts(char ***out, size_t *n, const Json *array, const char *where, Reading *r)
{
    Rc rc = OK;
    char **list = NULL;
    size_t i = 0;
    TRY(new_array((void **)&list, r, json_size(array), sizeof *list));
    for (const Json *x = json_first(array); x; x = json_next(x), i++) {
        const char *text = json_text(x);
        if (!text || !*text) {
            rc = err_set(r->e, ERR_INPUT, "%s[%zu]: is %s, expected a text", where, i, text ? "empty" : json_type_name(x));
            goto out;
        }
        TRY(keep(&list[i], r, text));
    }
    *out = list;
    *n = i;
out:
    return rc;
}

/* Time points are parts of names of variables: their slugs must be there, be different, and not be two others joined. */
static Rc read_timepoints(Reading *r)
{
    Rc rc = OK;
    Protocol *p = r->p;
    const Json *array = NULL;
    char where[WHERE_MAX], **slug = NULL;
    TRY(json_want_array(&array, r->root, "timepoints", r->name, r->e));
    if (!array) goto out;
    part(where, r, "timepoints");
    TRY(read_texts(&p->timepoint, &p->n_timepoints, array, where, r));
    p->timepoints_declared = p->n_timepoints > 0;
    TRY(new_array((void **)&slug, r, p->n_timepoints, sizeof *slug));
    for (size_t i = 0; i < p->n_timepoints; i++) {
        TRY(want_name(p->timepoint[i], where, r));
        TRY(keep(&slug[i], r, p->timepoint[i]));
        text_slug(slug[i], p->timepoint[i]);
        if (!*slug[i]) { rc = err_set(r->e, ERR_INPUT, "%s[%zu]: %s holds no letter or digit", where, i, p->timepoint[i]); goto out; }
        for (size_t j = 0; j < i; j++)
            if (strcmp(slug[i], slug[j]) == 0) {
                rc = err_set(r->e, ERR_INPUT, "%s: time point %s is there twice (as %s): duplicate", where, p->timepoint[i], p->timepoint[j]);
                goto out;
            }
    }
    for (size_t i = 0; i < p->n_timepoints; i++)
        for (size_t j = 0; j < p->n_timepoints; j++)
            for (size_t k = 0; k < p->n_timepoints; k++) {
                const size_t n = strlen(slug[j]);
                if (strncmp(slug[i], slug[j], n) == 0 && slug[i][n] == '_' && strcmp(slug[i] + n + 1, slug[k]) == 0) {
                    rc = err_set(r->e, ERR_INPUT, "%s: time point %s reads like the change from %s to %s in names of variables, expected another name",
                                 where, p->timepoint[i], p->timepoint[j], p->timepoint[k]);
                    goto out;
                }
            }
out:
    return rc;
}

static Rc want_timepoint(int *out, Reading *r, const char *text, const char *where)
{
    *out = protocol_timepoint(r->p, text);
    if (*out >= 0) return OK;
    if (!r->p->n_timepoints)
        return err_set(r->e, ERR_INPUT, "%s: names the time point %s, but timepoints is missing; expected them in their order in time", where, text);
    const char *near = text_nearest(text, (const char *const *)r->p->timepoint, r->p->n_timepoints);
    return err_set(r->e, ERR_INPUT, "%s: unknown time point %s, expected one of timepoints%s%s", where, text, near ? ", perhaps " : "", near ? near : "");
}

static Rc read_hypoxia(Reading *r)
{
    static const char *const known[] = { "reference", "threshold", "operator", NULL };
    Rc rc = OK;
    Protocol *p = r->p;
    const Json *object = NULL;
    char where[WHERE_MAX], path[WHERE_MAX];
    TRY(json_want_object(&object, r->root, "hypoxia", r->name, r->e));
    if (!object) goto out;
    TRY(new_array((void **)&p->hypoxia, r, json_size(object), sizeof *p->hypoxia));
    for (const Json *x = json_first(object); x; x = json_next(x)) {
        HypoxiaRule *h = &p->hypoxia[p->n_hypoxia++];
        const char *reference = NULL, *op = NULL;
        snprintf(path, sizeof path, "hypoxia.%.100s", json_key(x));
        part(where, r, path);
        if (json_type(x) != JSON_OBJECT) {
            rc = err_set(r->e, ERR_INPUT, "%s: is %s, expected an object with reference, threshold and operator", where, json_type_name(x));
            goto out;
        }
        TRY(json_refuse_unknown(x, known, where, r->e));
        TRY(keep(&h->tracer, r, json_key(x)));
        TRY(json_want_text(&reference, x, "reference", where, r->e));
        TRY(json_want_text(&op, x, "operator", where, r->e));
        h->threshold = NAN;
        TRY(json_want_number(&h->threshold, x, "threshold", where, r->e));
        h->has_threshold = !isnan(h->threshold);
        if (h->has_threshold && h->threshold <= 0) {
            rc = err_set(r->e, ERR_INPUT, "%s.threshold: is %g, expected a ratio above 0", where, h->threshold);
            goto out;
        }
        if (op && !(h->has_operator = operator_parse(&h->op, op))) {
            rc = err_set(r->e, ERR_INPUT, "%s.operator: is \"%s\", expected one of >= > <= <", where, op);
            goto out;
        }
        if (reference) {
            TRY(keep(&h->reference, r, reference));
            text_slug(h->reference, reference);
            if (!*h->reference) {
                rc = err_set(r->e, ERR_INPUT, "%s.reference: is \"%s\", expected the name behind roi_ of a column of the list of scans", where, reference);
                goto out;
            }
        }
    }
out:
    return rc;
}

static Rc read_columns(Reading *r)
{
    static const char *const known[] = { "label", "unit", "levels", NULL };
    Rc rc = OK;
    Protocol *p = r->p;
    const Json *object = NULL;
    char where[WHERE_MAX], path[WHERE_MAX];
    TRY(json_want_object(&object, r->root, "columns", r->name, r->e));
    if (!object) goto out;
    TRY(new_array((void **)&p->column, r, json_size(object), sizeof *p->column));
    for (const Json *x = json_first(object); x; x = json_next(x)) {
        ColumnSpec *c = &p->column[p->n_columns++];
        const char *label = NULL, *unit = NULL;
        const Json *levels = NULL;
        snprintf(path, sizeof path, "columns.%.100s", json_key(x));
        part(where, r, path);
        if (json_type(x) != JSON_OBJECT) {
            rc = err_set(r->e, ERR_INPUT, "%s: is %s, expected an object with label, unit and levels", where, json_type_name(x));
            goto out;
        }
        TRY(json_refuse_unknown(x, known, where, r->e));
        TRY(keep(&c->name, r, json_key(x)));
        TRY(json_want_text(&label, x, "label", where, r->e));
        TRY(json_want_text(&unit, x, "unit", where, r->e));
        TRY(json_want_array(&levels, x, "levels", where, r->e));
        if (label) TRY(keep(&c->label, r, label));
        if (unit) TRY(keep(&c->unit, r, unit));
        if (levels) {
            snprintf(path, sizeof path, "columns.%.100s.levels", json_key(x));
            part(where, r, path);
            TRY(read_texts(&c->levels, &c->n_levels, levels, where, r));
            if (c->n_levels < 2) { rc = err_set(r->e, ERR_INPUT, "%s: has %zu levels, expected at least 2", where, c->n_levels); goto out; }
            for (size_t i = 0; i < c->n_levels; i++)
                for (size_t j = 0; j < i; j++)
                    if (strcmp(c->levels[i], c->levels[j]) == 0) {
                        rc = err_set(r->e, ERR_INPUT, "%s: level %s is there twice: duplicate", where, c->levels[i]);
                        goto out;
                    }
        }
    }
out:
    return rc;
}

static Rc read_exclude(Reading *r)
{
    static const char *const known[] = { "if", "reason", NULL };
    Rc rc = OK;
    Protocol *p = r->p;
    const Json *array = NULL;
    char where[WHERE_MAX], path[WHERE_MAX];
    TRY(json_want_array(&array, r->root, "exclude", r->name, r->e));
    if (!array) goto out;
    TRY(new_array((void **)&p->exclude, r, json_size(array), sizeof *p->exclude));
    for (const Json *x = json_first(array); x; x = json_next(x)) {
        const char *expression = NULL, *reason = NULL;
        snprintf(path, sizeof path, "exclude[%zu]", p->n_exclude);
        part(where, r, path);
        if (json_type(x) != JSON_OBJECT) {
            rc = err_set(r->e, ERR_INPUT, "%s: is %s, expected an object with if and reason", where, json_type_name(x));
            goto out;
        }
        TRY(json_refuse_unknown(x, known, where, r->e));
        TRY(json_want_text(&expression, x, "if", where, r->e));
        TRY(json_want_text(&reason, x, "reason", where, r->e));
        if (!expression || !*expression) { rc = err_set(r->e, ERR_INPUT, "%s: if is missing, expected an expression", where); goto out; }
        ExcludeRule *rule = &p->exclude[p->n_exclude++];
        TRY(keep(&rule->expression, r, expression));
        TRY(keep(&rule->reason, r, reason && *reason ? reason : expression));
    }
out:
    return rc;
}

static Rc read_changes(Reading *r)
{
    Rc rc = OK;
    Protocol *p = r->p;
    const Json *array = NULL;
    char where[WHERE_MAX], path[WHERE_MAX];
    TRY(json_want_array(&array, r->root, "changes", r->name, r->e));
    TRY(new_array((void **)&p->change, r, array ? json_size(array) : p->n_timepoints, sizeof *p->change));
    if (!array) {
        for (size_t i = 1; i < p->n_timepoints; i++) p->change[p->n_changes++] = (ChangePair){ 0, (int)i };
        goto out;
    }
    for (const Json *x = json_first(array); x; x = json_next(x)) {
        ChangePair pair = { 0, 0 };
        snprintf(path, sizeof path, "changes[%zu]", p->n_changes);
        part(where, r, path);
        if (json_type(x) != JSON_ARRAY || json_size(x) != 2 || !json_text(json_at(x, 0)) || !json_text(json_at(x, 1))) {
            rc = err_set(r->e, ERR_INPUT, "%s: is %s, expected an array of two time points", where, json_type_name(x));
            goto out;
        }
        TRY(want_timepoint(&pair.from, r, json_text(json_at(x, 0)), where));
        TRY(want_timepoint(&pair.to, r, json_text(json_at(x, 1)), where));
        if (pair.from >= pair.to) {
            rc = err_set(r->e, ERR_INPUT, "%s: goes from %s to %s, expected a later time point second (their order is that of timepoints)", where,
                         p->timepoint[pair.from], p->timepoint[pair.to]);
            goto out;
        }
        for (size_t i = 0; i < p->n_changes; i++)
            if (p->change[i].from == pair.from && p->change[i].to == pair.to) {
                rc = err_set(r->e, ERR_INPUT, "%s: the change from %s to %s is there twice: duplicate", where, p->timepoint[pair.from], p->timepoint[pair.to]);
                goto out;
            }
        p->change[p->n_changes++] = pair;
    }
out:
    return rc;
}

static Rc read_endpoint(Endpoint *out, const Json *x, const char *where, Reading *r)
{
    static const char *const known[] = { "time", "event", "cause", "time_unit", "column", NULL };
    Rc rc = OK;
    const char *time = NULL, *event = NULL, *column = NULL, *unit = NULL;
    double cause = NAN;
    if (json_type(x) != JSON_OBJECT)
        return err_set(r->e, ERR_INPUT, "%s: is %s, expected an object with time and event, or with column", where, json_type_name(x));
    TRY(json_refuse_unknown(x, known, where, r->e));
    TRY(json_want_text(&time, x, "time", where, r->e));
    TRY(json_want_text(&event, x, "event", where, r->e));
    TRY(json_want_text(&column, x, "column", where, r->e));
    TRY(json_want_text(&unit, x, "time_unit", where, r->e));
    TRY(json_want_number(&cause, x, "cause", where, r->e));
    if (column && (time || event || unit || !isnan(cause))) {
        rc = err_set(r->e, ERR_INPUT, "%s: has column beside time, event, cause or time_unit, expected either a response column or a survival time", where);
        goto out;
    }
    if (!column && (!time || !event)) {
        rc = err_set(r->e, ERR_INPUT, "%s: %s is missing, expected time and event of a survival time, or column of a response", where,
                     time ? "event" : "time");
        goto out;
    }
    if (time && strcmp(time, event) == 0) { rc = err_set(r->e, ERR_INPUT, "%s: time and event are both %s, expected two columns", where, time); goto out; }
    out->unit = TIME_MONTHS;
    if (unit && !time_unit_parse(&out->unit, unit)) {
        rc = err_set(r->e, ERR_INPUT, "%s.time_unit: is \"%s\", expected one of days weeks months years", where, unit);
        goto out;
    }
    out->has_cause = !isnan(cause);
    out->cause = cause;
    if (out->has_cause && (cause != floor(cause) || cause < 1 || cause > 1000)) {
        rc = err_set(r->e, ERR_INPUT, "%s.cause: is %g, expected a whole number from 1, the code of the event", where, cause);
        goto out;
    }
    if (column) TRY(keep(&out->column, r, column));
    if (time) TRY(keep(&out->time, r, time));
    if (event) TRY(keep(&out->event, r, event));
out:
    return rc;
}

static Rc read_endpoints(Reading *r)
{
    Rc rc = OK;
    Protocol *p = r->p;
    const Json *object = NULL;
    char where[WHERE_MAX], path[WHERE_MAX];
    TRY(json_want_object(&object, r->root, "endpoints", r->name, r->e));
    if (!object) goto out;
    TRY(new_array((void **)&p->endpoint, r, json_size(object), sizeof *p->endpoint));
    for (const Json *x = json_first(object); x; x = json_next(x)) {
        Endpoint *end = &p->endpoint[p->n_endpoints++];
        snprintf(path, sizeof path, "endpoints.%.100s", json_key(x));
        part(where, r, path);
        TRY(want_name(json_key(x), where, r));
        TRY(keep(&end->name, r, json_key(x)));
        TRY(read_endpoint(end, x, where, r));
    }
out:
    return rc;
}

static Rc read_landmark(ModelSpec *m, const Json *x, const char *where, Reading *r)
{
    if (!x) return OK;
    if (json_type(x) == JSON_NUMBER) {
        m->landmark = LANDMARK_DAYS;
        m->landmark_days = json_number(x);
        if (m->landmark_days < 0) return err_set(r->e, ERR_INPUT, "%s.landmark: is %g days, expected 0 or more", where, m->landmark_days);
        return OK;
    }
    if (json_type(x) != JSON_TEXT) return err_set(r->e, ERR_INPUT, "%s.landmark: is %s, expected a time point or a number of days", where, json_type_name(x));
    char at[WHERE_MAX + 16];
    snprintf(at, sizeof at, "%s.landmark", where);
    m->landmark = LANDMARK_TIMEPOINT;
    return want_timepoint(&m->landmark_timepoint, r, json_text(x), at);
}

static Rc read_model(ModelSpec *m, const Json *x, const char *where, Reading *r)
{
    static const char *const own[] = { "name", "method", "formula", "landmark", "allow_immortal_time", NULL };
    Rc rc = OK;
    const char *method = NULL, *formula = NULL;
    TRY(json_want_text(&method, x, "method", where, r->e));
    TRY(json_want_text(&formula, x, "formula", where, r->e));
    if (!method || !*method) { rc = err_set(r->e, ERR_INPUT, "%s: method is missing, expected one of `reox list methods`", where); goto out; }
    if (!formula || !*formula) { rc = err_set(r->e, ERR_INPUT, "%s: formula is missing, expected one like Surv(time, event) ~ a + b", where); goto out; }
    TRY(keep(&m->method, r, method));
    TRY(keep(&m->formula, r, formula));
    TRY(json_want_bool(&m->allow_immortal_time, x, "allow_immortal_time", where, r->e));
    TRY(read_landmark(m, json_get(x, "landmark"), where, r));
    m->options = json_copy(x);
    if (!m->options) { rc = err_nomem(r->e); goto out; }
    for (size_t i = 0; own[i]; i++) json_remove(m->options, own[i]);
out:
    return rc;
}

static Rc read_models(Reading *r)
{
    Rc rc = OK;
    Protocol *p = r->p;
    const Json *array = NULL;
    char where[WHERE_MAX], path[WHERE_MAX];
    TRY(json_want_array(&array, r->root, "models", r->name, r->e));
    if (!array) goto out;
    TRY(new_array((void **)&p->model, r, json_size(array), sizeof *p->model));
    for (const Json *x = json_first(array); x; x = json_next(x)) {
        const char *name = NULL;
        snprintf(path, sizeof path, "models[%zu]", p->n_models);
        part(where, r, path);
        if (json_type(x) != JSON_OBJECT) {
            rc = err_set(r->e, ERR_INPUT, "%s: is %s, expected an object with name, method and formula", where, json_type_name(x));
            goto out;
        }
        TRY(json_want_text(&name, x, "name", where, r->e));
        if (!name) { rc = err_set(r->e, ERR_INPUT, "%s: name is missing, expected a text", where); goto out; }
        TRY(want_name(name, where, r));
        for (size_t i = 0; i < p->n_models; i++)
            if (text_equal_nocase(p->model[i].name, name)) {
                rc = err_set(r->e, ERR_INPUT, "%s: model %s is there twice: duplicate", where, name);
                goto out;
            }
        ModelSpec *m = &p->model[p->n_models++];
        TRY(keep(&m->name, r, name));
        snprintf(path, sizeof path, "models.%s", name);
        TRY(read_model(m, x, part(where, r, path), r));
    }
out:
    return rc;
}

static Rc read_board(Reading *r)
{
    static const char *const known[] = { "endpoint", "horizon", "models", NULL };
    Rc rc = OK;
    Protocol *p = r->p;
    const Json *object = NULL, *models = NULL;
    const char *endpoint = NULL;
    char where[WHERE_MAX];
    p->board_horizon = NAN;
    TRY(json_want_object(&object, r->root, "board", r->name, r->e));
    if (!object) goto out;
    part(where, r, "board");
    TRY(json_refuse_unknown(object, known, where, r->e));
    TRY(json_want_text(&endpoint, object, "endpoint", where, r->e));
    TRY(json_want_number(&p->board_horizon, object, "horizon", where, r->e));
    TRY(json_want_array(&models, object, "models", where, r->e));
    if (endpoint) {
        if (!protocol_endpoint(p, endpoint)) { rc = err_set(r->e, ERR_INPUT, "%s.endpoint: %s is not among endpoints", where, endpoint); goto out; }
        TRY(keep(&p->board_endpoint, r, endpoint));
    }
    if (p->board_horizon <= 0) { rc = err_set(r->e, ERR_INPUT, "%s.horizon: is %g, expected a time above 0", where, p->board_horizon); goto out; }
    if (models) {
        part(where, r, "board.models");
        TRY(read_texts(&p->board_model, &p->n_board_models, models, where, r));
        for (size_t i = 0; i < p->n_board_models; i++)
            if (!protocol_model(p, p->board_model[i])) {
                rc = err_set(r->e, ERR_INPUT, "%s[%zu]: %s is not among models", where, i, p->board_model[i]);
                goto out;
            }
    }
out:
    return rc;
}

static Rc read_document(Reading *r)
{
    static const char *const known[] = { "name", "clinical", "scans", "timepoints", "hypoxia", "features", "columns", "exclude", "changes",
                                         "endpoints", "board", "models", NULL };
    Rc rc = OK;
    Protocol *p = r->p;
    const char *name = NULL;
    const Json *features = NULL;
    if (json_type(r->root) != JSON_OBJECT)
        return err_set(r->e, ERR_INPUT, "%s: is %s, expected an object", r->name, json_type_name(r->root));
    TRY(json_refuse_unknown(r->root, known, r->name, r->e));
    TRY(json_want_text(&name, r->root, "name", r->name, r->e));
    TRY(keep(&p->name, r, name ? name : ""));
    TRY(want_file(&p->clinical, r, "clinical"));
    TRY(want_file(&p->scans, r, "scans"));
    TRY(json_want_object(&features, r->root, "features", r->name, r->e));
    if (features && !(p->features = json_copy(features))) { rc = err_nomem(r->e); goto out; }
    TRY(read_timepoints(r));
    TRY(read_hypoxia(r));
    TRY(read_columns(r));
    TRY(read_exclude(r));
    TRY(read_changes(r));
    TRY(read_endpoints(r));
    TRY(read_models(r));
    TRY(read_board(r));
out:
    return rc;
}

Rc protocol_parse(Protocol *out, const char *text, size_t size, const char *name, Err *e)
{
    Rc rc = OK;
    Protocol p = { 0 };
    TRY(json_parse(&p.document, text, size, name, e));
    TRY(read_document(&(Reading){ &p, name, p.document, e }));
    *out = p;
    p = (Protocol){ 0 };
out:
    protocol_free(&p);
    return rc;
}

Rc protocol_read(Protocol *out, const char *study_dir, char sha256[HASH_TEXT], Err *e)
{
    Rc rc = OK;
    Bytes b = { 0 };
    Str path = { 0 };
    path_join(&path, study_dir, "study.json");
    TRY(str_check(&path, e));
    TRY(file_read(&b, path.s, "study.json", LIMIT_JSON_BYTES, e));
    if (sha256) sha256_of(sha256, b.data, b.size);
    TRY(protocol_parse(out, (const char *)b.data, b.size, "study.json", e));
out:
    str_free(&path);
    bytes_free(&b);
    return rc;
}
