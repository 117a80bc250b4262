/* study/model_frame.c: rows of a model: exclusions, the clock, the cause, the subset. */
#include "study/model_frame.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/db_feature.h"
#include "stats/formula.h"

/* Times that differ by rounding of months to days and back count as equal. */
static const double TIME_TOLERANCE = 1e-9;

static const char HAD_EVENT[] = "event before the landmark";

bool model_row_had_event(const char *reason)
{
    const size_t n = strlen(reason), m = sizeof HAD_EVENT - 1;
    return strcmp(reason, HAD_EVENT) == 0 || (n > m + 1 && strcmp(reason + n - m, HAD_EVENT) == 0 && reason[n - m - 2] == ';');
}

typedef struct {
    ModelFrame *out;
    const ModelSpec *m;
    const ModelColumns *c;
    const Protocol *p;
    const VariableSpace *s;
    Db *db;
    Frame *f;
    const char **reason;       /* [rows] NULL while the patient is in */
    bool *chosen_out;          /* [rows] left out by exclude or subset */
    Err *e;
} Build;

Rc frame_keep(Frame *out, const Frame *f, const unsigned char *keep, Err *e)
{
    Rc rc = OK;
    Frame g = { 0 };
    size_t n = 0;
    for (size_t i = 0; i < f->rows; i++) n += keep[i];
    TRY(frame_init(&g, f->name, n, e));
    for (size_t i = 0, k = 0; i < f->rows; i++) if (keep[i]) g.line[k++] = f->line[i];
    for (size_t j = 0; j < f->columns; j++) {
        const FrameColumn *c = &f->column[j];
        double *num = NULL;
        char **text = NULL;
        if (c->is_text) TRY(frame_add_texts(&text, &g, c->name, e));
        else TRY(frame_add_numbers(&num, &g, c->name, e));
        for (size_t i = 0, k = 0; i < f->rows; i++) {
            if (!keep[i]) continue;
            if (num) num[k] = c->num[i];
            else if (c->text[i]) TRY(frame_set_text(&g, &text[k], c->text[i], e));
            k++;
        }
    }
    *out = g;
    g = (Frame){ 0 };
out:
    frame_free(&g);
    return rc;
}

static Rc leave_out(Build *b, size_t row, const char *reason)
{
    if (!b->reason[row]) b->reason[row] = reason;
    return reason ? OK : err_nomem(b->e);
}

static Rc apply_exclude(Build *b)
{
    Rc rc = OK;
    unsigned char *hit = ARENA_NEW(&b->out->arena, b->f->rows + 1, unsigned char);
    if (!hit) return err_nomem(b->e);
    for (size_t k = 0; k < b->p->n_exclude; k++) {
        TRY(expr_eval_rows(hit, b->p->exclude[k].expression, b->f, b->e));
        for (size_t i = 0; i < b->f->rows; i++)
            if (hit[i]) TRY(leave_out(b, i, arena_printf(&b->out->arena, "excluded: %s", b->p->exclude[k].reason)));
    }
out:
    return rc;
}

/* Slugs of the tracers with which the model uses a time point, NULL-terminated; NULL for none. */
static Rc tracers_at(const char ***out, const Build *b, int timepoint)
{
    const char **list = ARENA_NEW(&b->out->arena, b->c->n + 1, const char *);
    size_t n = 0;
    if (!list) return err_nomem(b->e);
    for (size_t i = 0; i < b->c->n; i++) {
        const Variable *v = &b->c->variable[i];
        if (!b->c->is_variable[i] || (v->from != timepoint && v->to != timepoint)) continue;
        bool there = false;
        for (size_t k = 0; k < n && !there; k++) there = strcmp(list[k], v->tracer) == 0;
        if (!there) list[n++] = v->tracer;
    }
    *out = n ? list : NULL;
    return OK;
}

static Rc scan_days(double **day, bool **has, const Build *b, int timepoint, const char *const *tracers)
{
    *day = ARENA_NEW(&b->out->arena, b->f->rows + 1, double);
    *has = ARENA_NEW(&b->out->arena, b->f->rows + 1, bool);
    if (!*day || !*has) return err_nomem(b->e);
    return db_scan_days(*day, *has, b->db, b->f, b->s->timepoint[timepoint], tracers, b->e);
}

/* Moves the clock of a survival model to start[i] (days) and leaves out who is not at risk then. */
static Rc start_clock(Build *b, const double *start)
{
    Rc rc = OK;
    const FrameColumn *event = frame_column(b->f, b->c->endpoint->event);
    const int time_at = frame_find(b->f, b->c->time);
    const double unit = time_unit_days(b->c->endpoint->unit);
    if (time_at < 0 || !event || event->is_text || b->f->column[time_at].is_text)
        return err_set(b->e, ERR_INPUT, "study.json: models.%s: %s and %s must be numbers", b->m->name, b->c->time, b->c->endpoint->event);
    double *time = b->f->column[time_at].num, censored = b->c->endpoint->has_cause ? 0 : 1;
    for (size_t i = 0; i < b->f->rows; i++) if (event->num[i] == 0) censored = 0;            /* else the coding is 1/2 */
    for (size_t i = 0; i < b->f->rows; i++) {
        if ((b->reason[i] && !b->chosen_out[i]) || isnan(time[i]) || isnan(start[i])) continue;
        const double landmark = start[i] / unit;
        const bool over = !(time[i] - landmark > TIME_TOLERANCE * fmax(1, fabs(landmark)));
        const bool had = over && !isnan(event->num[i]) && event->num[i] != censored;
        if (b->reason[i]) {
            if (had && !(b->reason[i] = arena_printf(&b->out->arena, "%s; %s", b->reason[i], HAD_EVENT))) return err_nomem(b->e);
        }
        else if (over) TRY(leave_out(b, i, had ? HAD_EVENT : "censored before the landmark"));
        else time[i] -= landmark;
    }
out:
    return rc;
}

/* Each patient's clock starts at the own scan of that name: the latest day among the tracers that the model uses, else among all. */
static Rc landmark_at_scan(Build *b)
{
    Rc rc = OK;
    const int point = b->m->landmark_timepoint;
    const char **tracers = NULL;
    double *day = NULL;
    bool *has = NULL;
    TRY(tracers_at(&tracers, b, point));
    TRY(scan_days(&day, &has, b, point, tracers));
    for (size_t i = 0; i < b->f->rows; i++) {
        if (!has[i]) TRY(leave_out(b, i, arena_printf(&b->out->arena, "no %s scan", b->s->timepoint[point])));
        else if (isnan(day[i]) && b->c->survival) TRY(leave_out(b, i, arena_printf(&b->out->arena, "day of the %s scan unknown", b->s->timepoint[point])));
    }
    if (b->c->survival) TRY(start_clock(b, day));
out:
    return rc;
}

/* One clock for all. A scan after it would be the future, a scan without a day may be. */
static Rc landmark_at_day(Build *b)
{
    Rc rc = OK;
    const double landmark = b->m->landmark_days;
    double *start = ARENA_NEW(&b->out->arena, b->f->rows + 1, double);
    if (!start) return err_nomem(b->e);
    for (size_t k = 0; k < b->s->n_timepoints; k++) {
        const char **tracers = NULL;
        double *day = NULL;
        bool *has = NULL;
        TRY(tracers_at(&tracers, b, (int)k));
        if (!tracers) continue;
        TRY(scan_days(&day, &has, b, (int)k, tracers));
        for (size_t i = 0; i < b->f->rows; i++) {
            if (!has[i]) TRY(leave_out(b, i, arena_printf(&b->out->arena, "no %s scan", b->s->timepoint[k])));
            else if (isnan(day[i])) TRY(leave_out(b, i, arena_printf(&b->out->arena, "day of the %s scan unknown", b->s->timepoint[k])));
            else if (day[i] > landmark) TRY(leave_out(b, i, arena_printf(&b->out->arena, "%s scan after the landmark", b->s->timepoint[k])));
        }
    }
    for (size_t i = 0; i < b->f->rows; i++) start[i] = landmark;
    if (b->c->survival) TRY(start_clock(b, start));
out:
    return rc;
}

static Rc apply_subset(Build *b)
{
    Rc rc = OK;
    const char *subset = json_text(json_get(b->m->options, "subset"));
    unsigned char *keep = ARENA_NEW(&b->out->arena, b->f->rows + 1, unsigned char);
    if (!subset) return OK;
    if (!keep) return err_nomem(b->e);
    TRY(expr_eval_rows(keep, subset, b->f, b->e));
    for (size_t i = 0; i < b->f->rows; i++)
        if (!keep[i]) TRY(leave_out(b, i, arena_printf(&b->out->arena, "not in the subset: %s", subset)));
out:
    return rc;
}

/* "stage=II,III,IV" for every text column whose levels the protocol knows and the model does not set itself. */
static Rc fill_levels(Json *options, const Build *b)
{
    Rc rc = OK;
    Str text = { 0 };
    const Json *own = json_get(options, "levels");
    Json *list = json_array();
    if (json_text(own)) json_push(list, json_from_text(json_text(own)));
    for (const Json *x = json_type(own) == JSON_ARRAY ? json_first(own) : NULL; x; x = json_next(x)) json_push(list, json_copy(x));
    for (size_t i = 0; i < b->c->n; i++) {
        const ColumnSpec *spec = NULL;
        for (size_t k = 0; k < b->p->n_columns && !spec; k++)
            if (strcmp(b->p->column[k].name, b->c->name[i]) == 0 && b->p->column[k].n_levels) spec = &b->p->column[k];
        const FrameColumn *column = frame_column(b->f, b->c->name[i]);
        if (!spec || !column || !column->is_text) continue;
        bool set = false;
        const size_t n = strlen(spec->name);
        for (const Json *x = json_first(list); x && !set; x = json_next(x))
            set = strncmp(json_text(x), spec->name, n) == 0 && json_text(x)[n] == '=';
        if (set) continue;
        text.len = 0;
        str_appendf(&text, "%s=", spec->name);
        for (size_t k = 0; k < spec->n_levels; k++) str_appendf(&text, "%s%s", k ? "," : "", spec->levels[k]);
        TRY(str_check(&text, b->e));
        json_push(list, json_from_text(text.s));
    }
    if (json_size(list)) {
        json_set(options, "levels", list);
        list = NULL;
    }
out:
    json_free(list);
    str_free(&text);
    return rc;
}

static bool takes_codes(const Method *method)
{
    for (const MethodOption *o = method->options; o && o->name; o++) if (strcmp(o->name, "cause") == 0) return true;
    return false;
}

/* The same rows with other[i] as the event: `yes` where it is one, 0 elsewhere, NaN where the code is missing. */
static Rc make_competing(Build *b, int at, const unsigned char *other, double yes)
{
    Rc rc = OK;
    ModelFrame *out = b->out;
    unsigned char *all = ARENA_NEW(&out->arena, out->frame.rows + 1, unsigned char);
    if (!all) return err_nomem(b->e);
    memset(all, 1, out->frame.rows);
    TRY(frame_keep(&out->competing, &out->frame, all, b->e));
    double *event = out->competing.column[at].num;
    for (size_t i = 0; i < out->competing.rows; i++) if (!isnan(event[i])) event[i] = other[i] ? yes : 0;
out:
    return rc;
}

/* Surv(lrf_months, lrf_code) means the endpoint's cause: 1 for it, 0 for all else; the other codes become the events of `competing`.
 * Surv(lrf_months, lrf_code == 2) says itself what an event is; all codes that it leaves out compete. */
static Rc apply_cause(Build *b, Json *options)
{
    Rc rc = OK;
    ModelFrame *out = b->out;
    const Endpoint *end = b->c->endpoint;
    if (!b->c->survival || !end->has_cause) return OK;
    if (takes_codes(b->c->method)) {
        if (b->c->event && !json_get(options, "cause")) json_set_number(options, "cause", end->cause);
        return OK;
    }
    const int at = frame_find(&out->frame, end->event);
    double *code = out->frame.column[at].num, yes = end->cause;
    unsigned char *own = ARENA_NEW(&out->arena, out->frame.rows + 1, unsigned char), *other = ARENA_NEW(&out->arena, out->frame.rows + 1, unsigned char);
    if (!own || !other) return err_nomem(b->e);
    if (!b->c->event && b->c->event_expression) TRY(expr_eval_rows(own, b->c->event_expression, &out->frame, b->e));
    size_t others = 0;
    for (size_t i = 0; i < out->frame.rows; i++) {
        if (b->c->event) own[i] = code[i] == end->cause;
        if (own[i]) yes = code[i];
        other[i] = !isnan(code[i]) && code[i] != 0 && !own[i];
        others += other[i];
    }
    if (others) TRY(make_competing(b, at, other, b->c->event ? 1 : yes));
    if (b->c->event)
        for (size_t i = 0; i < out->frame.rows; i++) if (!isnan(code[i])) code[i] = own[i];
out:
    return rc;
}

Rc model_frame(ModelFrame *out, const ModelSpec *m, const ModelColumns *c, const Protocol *p, const VariableSpace *s, Db *db, Err *e)
{
    Rc rc = OK;
    Frame all = { 0 };
    ModelFrame f = { 0 };
    char where[160];
    Build b = { .out = &f, .m = m, .c = c, .p = p, .s = s, .db = db, .f = &all, .e = e };
    snprintf(where, sizeof where, "study.json: models.%.100s", m->name);

    TRY(study_frame(&all, db, s, c->name, where, e));
    f.patients = all.rows;
    b.reason = ARENA_NEW(&f.arena, all.rows + 1, const char *);
    f.out = ARENA_NEW(&f.arena, all.rows + 1, ModelRow);
    unsigned char *keep = ARENA_NEW(&f.arena, all.rows + 1, unsigned char);
    b.chosen_out = ARENA_NEW(&f.arena, all.rows + 1, bool);
    if (!b.reason || !b.chosen_out || !f.out || !keep) { rc = err_nomem(e); goto out; }
    TRY(apply_exclude(&b));
    TRY(apply_subset(&b));
    for (size_t i = 0; i < all.rows; i++) b.chosen_out[i] = b.reason[i] != NULL;
    if (m->landmark == LANDMARK_TIMEPOINT) TRY(landmark_at_scan(&b));
    if (m->landmark == LANDMARK_DAYS) TRY(landmark_at_day(&b));
    const FrameColumn *id = frame_column(&all, "patient");
    for (size_t i = 0; i < all.rows; i++) {
        keep[i] = b.reason[i] == NULL;
        if (keep[i]) continue;
        char *patient = arena_strdup(&f.arena, id->text[i]);
        if (!patient) { rc = err_nomem(e); goto out; }
        f.out[f.n_out++] = (ModelRow){ patient, b.reason[i] };
    }
    TRY(frame_keep(&f.frame, &all, keep, e));
    f.options = json_copy(m->options);
    if (!f.options) { rc = err_nomem(e); goto out; }
    json_remove(f.options, "subset");
    TRY(apply_cause(&b, f.options));
    TRY(fill_levels(f.options, &b));
    *out = f;
    f = (ModelFrame){ 0 };
out:
    frame_free(&all);
    model_frame_free(&f);
    return rc;
}

void model_frame_free(ModelFrame *f)
{
    frame_free(&f->frame);
    frame_free(&f->competing);
    json_free(f->options);
    arena_free(&f->arena);
    *f = (ModelFrame){ 0 };
}
