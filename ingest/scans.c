/* ingest/scans.c: the list of scans. One row that cannot be placed refuses the whole table: others may be swapped as well. */
#include "ingest/scans.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/csv.h"
#include "core/file.h"
#include "core/limits.h"
#include "core/str.h"
#include "core/tracer.h"

static const double MAX_DAY = 36525;             /* a hundred years */

typedef enum {
    COL_PATIENT, COL_TIMEPOINT, COL_TRACER, COL_STATUS, COL_IMAGE, COL_UNITS, COL_REFERENCE_VALUE, COL_DAY, COL_SCAN_DATE, COL_UPTAKE,
    COL_ACTIVITY, COL_WEIGHT, COL_HEIGHT, COL_SEX, COL_CENTER, COL_COUNT
} ScanColumn;
static const char *const column_name[] = { "patient", "timepoint", "tracer", "status", "image", "units", "reference_value", "day", "scan_date",
                                           "uptake_min", "injected_mbq", "weight_kg", "height_m", "sex", "center", "roi_gtv" };

typedef struct {
    ScanList *out;
    const CsvTable *t;
    const Protocol *p;
    const ClinicalTable *c;
    int at[COL_COUNT];                           /* column of the table, or -1 */
    int *roi;                                    /* [n_roi_names] column of each ROI */
    const Progress *w;
    Err *e;
} Table;

/* Text of a cell, or NULL when the column or the cell is missing. */
static const char *cell(const Table *x, size_t row, ScanColumn column)
{
    if (x->at[column] < 0) return NULL;
    const char *text = csv_cell(x->t, row, (size_t)x->at[column]);
    return csv_is_missing(text) ? NULL : text;
}

static Rc keep(char **out, Table *x, const char *text)
{
    *out = NULL;
    if (!text) return OK;
    *out = arena_strdup(&x->out->arena, text);
    return *out ? OK : err_nomem(x->e);
}

static Rc refuse(Table *x, size_t row, const char *column, const char *value, const char *expected)
{
    return err_set(x->e, ERR_INPUT, "%s:%zu: %s is \"%.80s\", expected %s", x->t->name, x->t->line[row], column, value, expected);
}

/* ---- columns */

static Rc find_columns(Table *x)
{
    ScanList *l = x->out;
    const CsvTable *t = x->t;
    for (int k = 0; k < COL_COUNT; k++) x->at[k] = csv_column(t, column_name[k]);
    for (int k = COL_PATIENT; k <= COL_TRACER; k++)
        if (x->at[k] < 0) return err_set(x->e, ERR_INPUT, "%s:1: no column %s, expected patient, timepoint and tracer", t->name, column_name[k]);
    if (x->at[COL_SCAN_DATE] >= 0 && !x->c->has_time_zero)
        return err_set(x->e, ERR_INPUT, "%s:1: column scan_date needs a column time_zero with a date in %s, or use day", t->name, x->p->clinical);

    l->roi_name = arena_array(&l->arena, t->columns, sizeof *l->roi_name);
    x->roi = arena_array(&l->arena, t->columns, sizeof *x->roi);
    if (!l->roi_name || !x->roi) return err_nomem(x->e);
    for (size_t j = 0; j < t->columns; j++) {
        const char *header = t->header[j];
        if (strncmp(header, "roi_", 4) != 0) {
            bool known = false;
            for (int k = 0; k < COL_COUNT && !known; k++) known = strcmp(header, column_name[k]) == 0;
            if (known) continue;
            const char *near = text_nearest(header, column_name, sizeof column_name / sizeof *column_name);
            progress_warn(x->w, "%s:1: column %.60s is not known and is left out%s%s", t->name, header, near ? ", perhaps " : "", near ? near : "");
            continue;
        }
        if (strlen(header) > LIMIT_ID) return err_set(x->e, ERR_INPUT, "%s:1: column %.70s: name is longer than %d", t->name, header, LIMIT_ID);
        char *name = arena_strdup(&l->arena, header);
        if (!name) return err_nomem(x->e);
        text_slug(name, header + 4);
        if (!*name) return err_set(x->e, ERR_INPUT, "%s:1: column %s names no region", t->name, header);
        for (size_t i = 0; i < l->n_roi_names; i++)
            if (strcmp(l->roi_name[i], name) == 0)
                return err_set(x->e, ERR_INPUT, "%s:1: column %s: the region %s is there twice: duplicate", t->name, header, name);
        for (size_t i = 0; i < x->p->n_timepoints; i++) {
            char *point = arena_strdup(&l->arena, x->p->timepoint[i]);
            if (!point) return err_nomem(x->e);
            if (strcmp(text_slug(point, x->p->timepoint[i]), name) == 0)
                return err_set(x->e, ERR_INPUT, "%s:1: column %s: a region named like the time point %s is not allowed", t->name, header,
                               x->p->timepoint[i]);
        }
        x->roi[l->n_roi_names] = (int)j;
        l->roi_name[l->n_roi_names++] = name;
    }
    return OK;
}

/* ---- cells */

/* A number in [low, high], or NaN when it is missing. */
static Rc read_number(double *out, Table *x, size_t row, ScanColumn column, double low, double high)
{
    const char *text = cell(x, row, column);
    char expected[64];
    *out = NAN;
    if (!text) return OK;
    snprintf(expected, sizeof expected, "a number from %g to %g", low, high);
    if (!number_read(out, text) || !(*out >= low && *out <= high)) return refuse(x, row, column_name[column], text, expected);
    return OK;
}

static Rc read_day(Scan *s, Table *x, size_t row)
{
    Rc rc = OK;
    const char *date = cell(x, row, COL_SCAN_DATE);
    int days = 0;
    TRY(read_number(&s->day, x, row, COL_DAY, -MAX_DAY, MAX_DAY));
    if (!date) goto out;
    if (!date_read(&days, date)) { rc = refuse(x, row, "scan_date", date, "a date of the calendar, YYYY-MM-DD"); goto out; }
    const int patient = clinical_row(x->c, s->patient);
    const int zero = patient >= 0 ? x->c->time_zero[patient] : TIME_ZERO_MISSING;
    if (zero == TIME_ZERO_MISSING) {
        if (patient >= 0)
            progress_warn(x->w, "%s:%zu: patient %s has a scan_date but no time_zero: the day of the scan is unknown", x->t->name, x->t->line[row], s->patient);
        goto out;
    }
    const double day = (double)days - zero;
    if (!isnan(s->day) && s->day != day) {
        rc = err_set(x->e, ERR_INPUT, "%s:%zu: day is %g, but scan_date lies %g days after time_zero; expected the same", x->t->name, x->t->line[row], s->day, day);
        goto out;
    }
    s->day = day;
out:
    return rc;
}

static Rc read_sex(Scan *s, Table *x, size_t row)
{
    static const char *const words[] = { "M", "male", "F", "female", "O", "other" };
    static const char *const codes[] = { "M", "M", "F", "F", "O", "O" };
    const char *text = cell(x, row, COL_SEX);
    if (!text) return OK;
    for (int i = 0; i < 6; i++)
        if (text_equal_nocase(text, words[i])) return keep(&s->sex, x, codes[i]);
    return refuse(x, row, "sex", text, "M, F or O");
}

static Rc read_rois(Scan *s, Table *x, size_t row)
{
    const ScanList *l = x->out;
    s->roi = arena_array(&x->out->arena, l->n_roi_names + 1, sizeof *s->roi);
    if (!s->roi) return err_nomem(x->e);
    for (size_t i = 0; i < l->n_roi_names; i++) {
        const char *path = csv_cell(x->t, row, (size_t)x->roi[i]);
        ScanRoi *roi = &s->roi[s->n_roi++];
        roi->name = l->roi_name[i];
        if (keep(&roi->path, x, csv_is_missing(path) ? NULL : path) != OK) return ERR_NOMEM;
    }
    return OK;
}

static Rc read_status(Scan *s, Table *x, size_t row)
{
    static const ScanStatus all[] = { SCAN_DONE, SCAN_NOT_DONE, SCAN_NOT_ASSESSABLE };
    const char *text = cell(x, row, COL_STATUS);
    s->status = SCAN_DONE;
    if (!text) return OK;
    for (int i = 0; i < 3; i++)
        if (strcmp(text, scan_status_name(all[i])) == 0) {
            s->status = all[i];
            return OK;
        }
    return refuse(x, row, "status", text, "done, not_done or not_assessable");
}

static Rc place_timepoint(Scan *s, Table *x, size_t row, const char *text)
{
    ScanList *l = x->out;
    for (size_t i = 0; i < l->n_timepoints; i++)
        if (strcmp(l->timepoint[i], text) == 0) {
            s->timepoint = l->timepoint[i];
            return OK;
        }
    if (x->p->n_timepoints) {
        const char *near = text_nearest(text, (const char *const *)x->p->timepoint, x->p->n_timepoints);
        return err_set(x->e, ERR_INPUT, "%s:%zu: time point \"%.60s\" is not among timepoints of study.json%s%s", x->t->name, x->t->line[row], text,
                       near ? ", perhaps " : "", near ? near : "");
    }
    if (strlen(text) > LIMIT_ID) return refuse(x, row, "timepoint", text, "a name of at most 64 characters");
    Rc rc = keep(&s->timepoint, x, text);
    if (rc != OK) return rc;
    char slug[LIMIT_ID + 1];
    if (!*text_slug(slug, text)) return refuse(x, row, "timepoint", text, "a name with a letter or digit");
    l->timepoint[l->n_timepoints++] = s->timepoint;
    return OK;
}

static Rc read_row(Scan *s, bool *left_out, Table *x, size_t row)
{
    Rc rc = OK;
    const char *const patient = cell(x, row, COL_PATIENT), *const timepoint = cell(x, row, COL_TIMEPOINT), *const tracer = cell(x, row, COL_TRACER);
    const char *const units = cell(x, row, COL_UNITS);
    s->line = x->t->line[row];
    for (int k = COL_PATIENT; k <= COL_TRACER; k++)
        if (!cell(x, row, (ScanColumn)k)) return err_set(x->e, ERR_INPUT, "%s:%zu: %s is missing", x->t->name, s->line, column_name[k]);

    bool listed = false;
    for (size_t i = 0; i < x->c->n_listed && !listed; i++) listed = strcmp(x->c->listed[i], patient) == 0;
    if (!listed) {
        const char *near = text_nearest(patient, (const char *const *)x->c->listed, x->c->n_listed);
        return err_set(x->e, ERR_INPUT, "%s:%zu: patient %.80s is unknown, not in %s%s%s", x->t->name, s->line, patient, x->p->clinical,
                       near ? ", perhaps " : "", near ? near : "");
    }
    TRY(keep(&s->patient, x, patient));
    *left_out = clinical_row(x->c, patient) < 0;
    TRY(place_timepoint(s, x, row, timepoint));
    if (strlen(tracer) > LIMIT_ID) { rc = refuse(x, row, "tracer", tracer, "a name of at most 64 characters"); goto out; }
    TRY(keep(&s->tracer, x, tracer));
    s->tracer_slug = arena_alloc(&x->out->arena, strlen(tracer) + 64);
    if (!s->tracer_slug) { rc = err_nomem(x->e); goto out; }
    if (!*tracer_slug(s->tracer_slug, tracer)) { rc = refuse(x, row, "tracer", tracer, "a name with a letter or digit"); goto out; }
    TRY(read_status(s, x, row));
    s->units = UNITS_SUV;
    if (units && !units_parse(&s->units, units)) { rc = refuse(x, row, "units", units, "SUV, Bq/mL, TBR or HU"); goto out; }
    TRY(keep(&s->image, x, cell(x, row, COL_IMAGE)));
    if (s->status == SCAN_DONE && !s->image) {
        rc = err_set(x->e, ERR_INPUT, "%s:%zu: image is missing, expected a file because the scan is done (else status not_done)", x->t->name, s->line);
        goto out;
    }
    TRY(read_rois(s, x, row));
    TRY(read_number(&s->reference_value, x, row, COL_REFERENCE_VALUE, 1e-9, 1e12));
    TRY(read_day(s, x, row));
    TRY(read_number(&s->uptake_min, x, row, COL_UPTAKE, 0, 10080));
    TRY(read_number(&s->injected_mbq, x, row, COL_ACTIVITY, 0.01, 1e5));
    TRY(read_number(&s->weight_kg, x, row, COL_WEIGHT, 0.5, 700));
    TRY(read_number(&s->height_m, x, row, COL_HEIGHT, 0.2, 3));
    TRY(read_sex(s, x, row));
    TRY(keep(&s->center, x, cell(x, row, COL_CENTER)));
out:
    return rc;
}

/* ---- rows against each other */

static int compare_keys(const void *a, const void *b)
{
    const Scan *x = *(const Scan *const *)a, *y = *(const Scan *const *)b;
    int c = strcmp(x->patient, y->patient);
    if (!c) c = strcmp(x->timepoint, y->timepoint);
    if (!c) c = strcmp(x->tracer_slug, y->tracer_slug);
    return c ? c : (x->line > y->line) - (x->line < y->line);
}

static int timepoint_index(const ScanList *l, const Scan *s)
{
    for (size_t i = 0; i < l->n_timepoints; i++) if (l->timepoint[i] == s->timepoint) return (int)i;
    return -1;
}

static Rc check_rows(Table *x, Scan *all, size_t n)
{
    Rc rc = OK;
    const Scan **sorted = calloc(n ? n : 1, sizeof *sorted);
    if (!sorted) return err_nomem(x->e);
    for (size_t i = 0; i < n; i++) sorted[i] = &all[i];
    qsort(sorted, n, sizeof *sorted, compare_keys);
    for (size_t i = 1; i < n; i++) {
        const Scan *a = sorted[i - 1], *b = sorted[i];
        if (strcmp(a->patient, b->patient) != 0 || strcmp(a->timepoint, b->timepoint) != 0 || strcmp(a->tracer_slug, b->tracer_slug) != 0) continue;
        rc = err_set(x->e, ERR_INPUT, "%s:%zu: patient %s, time point %s, tracer %s is there twice: duplicate of line %zu", x->t->name, b->line,
                     b->patient, b->timepoint, b->tracer, a->line);
        goto out;
    }
    for (size_t i = 0; x->p->timepoints_declared && i < n; i++)
        for (size_t j = i + 1; j < n && strcmp(sorted[i]->patient, sorted[j]->patient) == 0; j++) {
            const Scan *a = sorted[i], *b = sorted[j];
            if (a->status != SCAN_DONE || b->status != SCAN_DONE) continue;
            const int ta = timepoint_index(x->out, a), tb = timepoint_index(x->out, b);
            if ((ta < tb && a->day > b->day) || (tb < ta && b->day > a->day))
                progress_warn(x->w, "%s:%zu: patient %s: day %g of %s and day %g of %s are not in the order of timepoints", x->t->name, b->line,
                              a->patient, a->day, a->timepoint, b->day, b->timepoint);
        }
out:
    free(sorted);
    return rc;
}

/* Once a tracer, once for all Bq/mL. */
static void warn_of(const Table *x)
{
    const ScanList *l = x->out;
    size_t becquerel = 0, first = 0;
    for (size_t i = 0; i < l->n; i++) {
        const Scan *s = &l->scan[i];
        if (s->status == SCAN_DONE && s->units == UNITS_BQ_ML && becquerel++ == 0) first = s->line;
        if (tracer_find(s->tracer)) continue;
        bool said = false;
        for (size_t j = 0; j < i && !said; j++) said = strcmp(l->scan[j].tracer_slug, s->tracer_slug) == 0;
        if (!said)
            progress_warn(x->w, "%s:%zu: tracer %s has no preset (see reox list tracers): no default reference or threshold", x->t->name, s->line, s->tracer);
    }
    if (becquerel)
        progress_warn(x->w, "%s:%zu: %zu scan%s in Bq/mL: SUV features are undefined, ratios are not affected", x->t->name, first, becquerel,
                      becquerel > 1 ? "s" : "");
}

Rc scans_read(ScanList *out, const char *study_dir, const Protocol *p, const ClinicalTable *c, const Progress *w, Err *e)
{
    Rc rc = OK;
    ScanList l = { 0 };
    CsvTable t = { 0 };
    Bytes b = { 0 };
    Str path = { 0 };
    Scan *all = NULL;

    TRY(path_inside(&path, study_dir, p->scans, p->scans, e));
    TRY(file_read(&b, path.s, p->scans, LIMIT_CSV_BYTES, e));
    sha256_of(l.sha256, b.data, b.size);
    TRY(csv_parse(&t, (const char *)b.data, b.size, p->scans, e));
    Table x = { .out = &l, .t = &t, .p = p, .c = c, .w = w, .e = e };
    TRY(find_columns(&x));
    all = arena_array(&l.arena, t.rows + 1, sizeof *all);
    l.scan = arena_array(&l.arena, t.rows + 1, sizeof *l.scan);
    l.timepoint = arena_array(&l.arena, t.rows + p->n_timepoints + 1, sizeof *l.timepoint);
    if (!all || !l.scan || !l.timepoint) { rc = err_nomem(e); goto out; }
    for (size_t i = 0; i < p->n_timepoints; i++) TRY(keep(&l.timepoint[l.n_timepoints++], &x, p->timepoint[i]));
    for (size_t i = 0; i < t.rows; i++) {
        bool left_out = false;
        TRY(read_row(&all[i], &left_out, &x, i));
        if (!left_out) l.scan[l.n++] = all[i];
    }
    TRY(check_rows(&x, all, t.rows));
    warn_of(&x);
    *out = l;
    l = (ScanList){ 0 };
out:
    scans_free(&l);
    csv_free(&t);
    bytes_free(&b);
    str_free(&path);
    return rc;
}

void scans_free(ScanList *l)
{
    arena_free(&l->arena);
    *l = (ScanList){ 0 };
}
