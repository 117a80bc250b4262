/* ingest/clinical.c: the clinical table; a bad cell refuses its patient, a table that is not well formed all of them. */
#include "ingest/clinical.h"

#include <ctype.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/csv.h"
#include "core/file.h"
#include "core/limits.h"
#include "core/str.h"

/* Share of numbers from which a column with a few slips of the pen counts as numeric all the same. */
static const double MOSTLY_NUMBERS = 0.8;
enum { FEW_NUMBERS = 3 };

typedef enum { COLUMN_NUMBERS, COLUMN_TEXTS, COLUMN_LEVELS, COLUMN_DATE, COLUMN_ID, COLUMN_LEFT_OUT } ColumnKind;

/* How the protocol uses a column. */
typedef struct {
    ColumnKind kind;
    const ColumnSpec *spec;              /* NULL when columns does not name it */
    const char *time_of, *event_of;      /* endpoint, or NULL */
    const char *response_of;             /* endpoint whose response it is, or NULL */
    bool is_code;                        /* event with a cause: any code counts */
    double code[2];                      /* allowed events otherwise */
    bool must_be_numbers;
} ColumnPlan;

typedef struct {
    const CsvTable *t;
    const Protocol *p;
    ColumnPlan *plan;                    /* [t->columns] */
    unsigned char *refused;              /* [t->rows] */
    RejectionList *rejected;
    const Progress *w;
    Err *e;
    size_t id;                           /* column of the patient */
} Table;

int date_read(int *days, const char *text)
{
    static const int length[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    if (strlen(text) != 10 || text[4] != '-' || text[7] != '-') return 0;
    int part[3] = { 0, 0, 0 };
    for (int i = 0, k = 0; i < 10; i++) {
        if (i == 4 || i == 7) { k++; continue; }
        if (!isdigit((unsigned char)text[i])) return 0;
        part[k] = 10 * part[k] + (text[i] - '0');
    }
    const int y = part[0], m = part[1], d = part[2];
    const bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
    if (y < 1900 || y > 2200 || m < 1 || m > 12 || d < 1 || d > length[m - 1] + (m == 2 && leap)) return 0;
    int n = 0;
    for (int i = 1970; i < y; i++) n += 365 + ((i % 4 == 0 && i % 100 != 0) || i % 400 == 0);
    for (int i = y; i < 1970; i++) n -= 365 + ((i % 4 == 0 && i % 100 != 0) || i % 400 == 0);
    for (int i = 1; i < m; i++) n += length[i - 1] + (i == 2 && leap);
    *days = n + d - 1;
    return 1;
}

/* Names under which direct identifiers are kept; such a column never reaches the database. */
static bool is_identifier(const char *column)
{
    static const char *const names[] = { "name", "patient_name", "first_name", "last_name", "surname", "family_name", "given_name", "birth_date",
        "birthdate", "date_of_birth", "dob", "birthday", "address", "phone", "telephone", "email", "e_mail", "ssn", "mrn",
        "social_security_number", "medical_record_number", "insurance_number", "patientname", "patients_name", "firstname", "lastname",
        "full_name", "fullname", "initials", "patient_birth_date", "patientbirthdate", "patients_birth_date", "birth_day", "accession_number",
        "accessionnumber", "hospital_number", "nhs_number", NULL };
    char slug[512];
    bool found = false;
    if (strlen(column) >= sizeof slug) return false;       /* no name of a column, and none of these */
    text_slug(slug, column);
    for (size_t i = 0; names[i] && !found; i++) found = strcmp(slug, names[i]) == 0;
    return found;
}

/* TRUE and FALSE count as 1 and 0 where they are the whole column; here they only must not count as slips. */
static bool cell_number(double *x, const char *cell)
{
    if (strcmp(cell, "TRUE") == 0) { *x = 1; return true; }
    if (strcmp(cell, "FALSE") == 0) { *x = 0; return true; }
    return number_read(x, cell);
}

/* Text that was meant to be a number: a decimal comma, "1.2.3", "<5", "NaN", "1e999". */
static bool is_slip(const char *cell)
{
    if (text_equal_nocase(cell, "nan") || text_equal_nocase(cell, "inf") || text_equal_nocase(cell, "-inf") || text_equal_nocase(cell, "+inf") ||
        text_equal_nocase(cell, "infinity")) return true;
    bool digit = false;
    for (const char *c = cell; *c; c++) {
        if (isdigit((unsigned char)*c)) digit = true;
        else if (!strchr(" .,+-<>=~eE", *c)) return false;
    }
    return digit;
}

static Rc refuse_row(Table *x, size_t row, const char *what)
{
    const char *id = csv_cell(x->t, row, x->id);
    x->refused[row] = 1;
    return rejection_add(x->rejected, x->t->name, id, NULL, NULL, what, x->e);
}

static Rc refuse_cell(Table *x, size_t row, size_t column, const char *expected)
{
    Err line = { 0 };
    err_set(&line, ERR_INPUT, "%s:%zu: patient %s: %s is \"%.60s\", expected %s", x->t->name, x->t->line[row], csv_cell(x->t, row, x->id),
            x->t->header[column], csv_cell(x->t, row, column), expected);
    return refuse_row(x, row, line.text);
}

/* ---- ids */

static bool id_is_good(const char *id)
{
    const size_t n = strlen(id);
    if (n < 1 || n > LIMIT_ID || strcmp(id, ".") == 0 || strcmp(id, "..") == 0) return false;
    for (const char *c = id; *c; c++)
        if (!isalnum((unsigned char)*c) && !strchr("._-", *c)) return false;
    return true;
}

/* The id may be a person's name or worse: message and database do not repeat it. */
static Rc refuse_id(Table *x, size_t row)
{
    Err line = { 0 };
    const char *id = csv_cell(x->t, row, x->id), *bad = id;
    x->refused[row] = 1;
    while (*bad && (isalnum((unsigned char)*bad) || strchr("._-", *bad))) bad++;
    if (csv_is_missing(id))
        err_set(&line, ERR_INPUT, "%s:%zu: patient is missing, expected an id", x->t->name, x->t->line[row]);
    else if (!*bad)
        err_set(&line, ERR_INPUT, "%s:%zu: patient id of %zu characters is not allowed, expected 1 to %d of letters, digits, '.', '_' and '-'",
                x->t->name, x->t->line[row], strlen(id), LIMIT_ID);
    else
        err_set(&line, ERR_INPUT, "%s:%zu: patient id holds the character '%c' at place %zu, expected letters, digits, '.', '_' and '-' alone",
                x->t->name, x->t->line[row], (unsigned char)*bad < 0x80 ? *bad : '?', (size_t)(bad - id) + 1);
    return rejection_add(x->rejected, x->t->name, NULL, NULL, NULL, line.text, x->e);
}

typedef struct { const char *id; size_t row; } IdAt;

static int compare_ids(const void *a, const void *b)
{
    const IdAt *x = a, *y = b;
    for (const char *p = x->id, *q = y->id; ; p++, q++) {
        const int c = tolower((unsigned char)*p), d = tolower((unsigned char)*q);
        if (c != d) return c < d ? -1 : 1;
        if (!c) return (x->row > y->row) - (x->row < y->row);
    }
}

static Rc check_ids(Table *x)
{
    Rc rc = OK;
    const size_t n = x->t->rows;
    IdAt *at = calloc(n ? n : 1, sizeof *at);
    if (!at) return err_nomem(x->e);
    for (size_t i = 0; i < n; i++) at[i] = (IdAt){ csv_cell(x->t, i, x->id), i };
    qsort(at, n, sizeof *at, compare_ids);
    for (size_t i = 0; i < n; ) {
        size_t end = i + 1;
        while (end < n && text_equal_nocase(at[i].id, at[end].id)) end++;
        if (end - i > 1 && id_is_good(at[i].id) && !csv_is_missing(at[i].id)) {
            Err line = { 0 };
            err_set(&line, ERR_INPUT, "%s:%zu: patient %s is there twice: duplicate of line %zu%s", x->t->name, x->t->line[at[i + 1].row], at[i + 1].id,
                    x->t->line[at[i].row], strcmp(at[i].id, at[i + 1].id) == 0 ? "" : " but for case");
            for (size_t k = i; k < end; k++) x->refused[at[k].row] = 1;
            TRY(rejection_add(x->rejected, x->t->name, at[i].id, NULL, NULL, line.text, x->e));
        }
        i = end;
    }
    for (size_t i = 0; i < n; i++)
        if (!x->refused[i] && (csv_is_missing(csv_cell(x->t, i, x->id)) || !id_is_good(csv_cell(x->t, i, x->id)))) TRY(refuse_id(x, i));
out:
    free(at);
    return rc;
}

/* ---- columns */

static const ColumnSpec *spec_of(const Protocol *p, const char *column)
{
    for (size_t i = 0; i < p->n_columns; i++)
        if (strcmp(p->column[i].name, column) == 0) return &p->column[i];
    return NULL;
}

/* Which two codes an event column uses: 0/1, or 1/2 where no 0 is in it. */
static void event_codes(ColumnPlan *plan, const Table *x, size_t column)
{
    bool zero = false, two = false;
    for (size_t i = 0; i < x->t->rows; i++) {
        double v = NAN;
        if (!cell_number(&v, csv_cell(x->t, i, column))) continue;
        if (v == 0) zero = true;
        if (v == 2) two = true;
    }
    plan->code[0] = two && !zero ? 1 : 0;
    plan->code[1] = plan->code[0] + 1;
}

/* Whether `word` stands in a text, whole. */
static bool has_word(const char *text, const char *word)
{
    const size_t n = strlen(word);
    for (const char *at = text; (at = strstr(at, word)) != NULL; at++) {
        const char before = at > text ? at[-1] : ' ', after = at[n];
        if (!isalnum((unsigned char)before) && !strchr("._", before) && !isalnum((unsigned char)after) && (after == '\0' || !strchr("._", after))) return true;
    }
    return false;
}

/* A model reads it: then a text among numbers would turn a slope into one coefficient a value. */
static bool in_a_model(const Protocol *p, const char *column)
{
    for (size_t i = 0; i < p->n_models; i++) {
        const char *subset = json_text(json_get(p->model[i].options, "subset"));
        if (has_word(p->model[i].formula, column) || (subset && has_word(subset, column))) return true;
    }
    return false;
}

static void plan_kind(ColumnPlan *plan, const Table *x, size_t column)
{
    size_t numbers = 0, logicals = 0, texts = 0, slips = 0, example = 0;
    double ignored;
    for (size_t i = 0; i < x->t->rows; i++) {
        const char *cell = csv_cell(x->t, i, column);
        if (csv_is_missing(cell)) continue;
        if (number_read(&ignored, cell)) numbers++;
        else if (strcmp(cell, "TRUE") == 0 || strcmp(cell, "FALSE") == 0) logicals++;
        else {
            if (is_slip(cell)) slips++;
            else example = i;
            texts++;
        }
    }
    const size_t all = numbers + logicals + texts;
    if (plan->must_be_numbers || texts == 0) {
        plan->kind = plan->must_be_numbers || logicals == 0 || numbers == 0 ? COLUMN_NUMBERS : COLUMN_TEXTS;
        return;
    }
    const bool mostly = numbers >= FEW_NUMBERS && (double)numbers >= MOSTLY_NUMBERS * (double)all;
    const bool numeric = mostly && (texts == slips || in_a_model(x->p, x->t->header[column]));
    plan->kind = numeric ? COLUMN_NUMBERS : COLUMN_TEXTS;
    if (mostly && !numeric)
        progress_warn(x->w, "%s:%zu: %s is \"%.60s\" where %zu of %zu values are numbers: the column is read as text; leave the cell empty or declare levels "
                      "in columns", x->t->name, x->t->line[example], x->t->header[column], csv_cell(x->t, example, column), numbers, all);
}

/* A response of 0 and 1 with at most a few other numbers, which are slips then. */
static bool is_mostly_binary(const Table *x, size_t column)
{
    size_t zeros = 0, ones = 0, others = 0;
    for (size_t i = 0; i < x->t->rows; i++) {
        double v = NAN;
        if (!cell_number(&v, csv_cell(x->t, i, column))) continue;
        if (v == 0) zeros++;
        else if (v == 1) ones++;
        else others++;
    }
    return zeros && ones && (others <= 1 || 10 * others <= zeros + ones);
}

/* A birth date by whatever name: every cell is a date, and there are some. */
static bool holds_dates(const Table *x, size_t column)
{
    size_t dates = 0;
    int day;
    for (size_t i = 0; i < x->t->rows; i++) {
        const char *cell = csv_cell(x->t, i, column);
        if (csv_is_missing(cell)) continue;
        if (!date_read(&day, cell)) return false;
        dates++;
    }
    return dates > 0;
}

static Rc plan_columns(Table *x)
{
    const Protocol *p = x->p;
    const CsvTable *t = x->t;
    for (size_t i = 0; i < p->n_endpoints; i++) {
        const Endpoint *end = &p->endpoint[i];
        const char *const names[] = { end->time, end->event, end->column };
        for (int k = 0; k < 3; k++) {
            if (!names[k]) continue;
            const int column = csv_column(t, names[k]);
            if (column < 0) {
                const char *near = text_nearest(names[k], (const char *const *)t->header, t->columns);
                return err_set(x->e, ERR_INPUT, "%s:1: no column %s, which endpoint %s names%s%s%s", t->name, names[k], end->name,
                               near ? " (there is " : "", near ? near : "", near ? ")" : "");
            }
            ColumnPlan *plan = &x->plan[column];
            if (k == 0) {
                plan->time_of = end->name;
                plan->must_be_numbers = true;
            } else if (k == 1) {
                plan->event_of = end->name;
                plan->must_be_numbers = true;
                if (end->has_cause) plan->is_code = true;
            } else {
                plan->response_of = end->name;
            }
        }
    }
    for (size_t j = 0; j < t->columns; j++) {
        ColumnPlan *plan = &x->plan[j];
        if (strlen(t->header[j]) > LIMIT_COLUMN_NAME)
            return err_set(x->e, ERR_INPUT, "%s:1: name of column %zu has %zu bytes, expected at most %d", t->name, j + 1, strlen(t->header[j]), LIMIT_COLUMN_NAME);
        plan->spec = spec_of(p, t->header[j]);
        if (j == x->id) { plan->kind = COLUMN_ID; continue; }
        if (strcmp(t->header[j], "time_zero") == 0) { plan->kind = COLUMN_DATE; continue; }
        if (is_identifier(t->header[j]) && !plan->time_of && !plan->event_of) {
            plan->kind = COLUMN_LEFT_OUT;
            progress_warn(x->w, "%s:1: column %s is named like a direct identifier and is left out", t->name, t->header[j]);
            continue;
        }
        if (!plan->spec && !plan->time_of && !plan->event_of && !plan->response_of && holds_dates(x, j)) {
            plan->kind = COLUMN_LEFT_OUT;
            progress_warn(x->w, "%s:1: column %s holds dates of the calendar and is left out, for dates are not stored; expected days from an event, or levels "
                          "in columns", t->name, t->header[j]);
            continue;
        }
        if (plan->spec && plan->spec->n_levels && !plan->must_be_numbers) { plan->kind = COLUMN_LEVELS; continue; }
        if (plan->spec && plan->spec->unit) plan->must_be_numbers = true;
        plan_kind(plan, x, j);
        if (plan->event_of) event_codes(plan, x, j);
        if (plan->response_of && !is_mostly_binary(x, j)) plan->response_of = NULL;           /* grades, or a measure */
        if (plan->response_of) { plan->code[0] = 0; plan->code[1] = 1; }
    }
    return OK;
}

/* NULL when the cell is good, else what was expected. */
static const char *cell_fault(char buf[128], const ColumnPlan *plan, const char *cell)
{
    double v = NAN;
    int day;
    switch (plan->kind) {
    case COLUMN_ID: case COLUMN_TEXTS: case COLUMN_LEFT_OUT: return NULL;
    case COLUMN_DATE: return date_read(&day, cell) ? NULL : "a date of the calendar, YYYY-MM-DD";
    case COLUMN_LEVELS:
        for (size_t i = 0; i < plan->spec->n_levels; i++)
            if (strcmp(plan->spec->levels[i], cell) == 0) return NULL;
        snprintf(buf, 128, "one of the %zu levels in columns (%.40s ...)", plan->spec->n_levels, plan->spec->levels[0]);
        return buf;
    case COLUMN_NUMBERS:
        if (!cell_number(&v, cell))
            return plan->must_be_numbers ? "a number with a decimal point" : "a number with a decimal point like the others (or levels of the column in study.json)";
        if (plan->time_of && v < 0) {
            snprintf(buf, 128, "a time of 0 or more (endpoint %.60s): it is negative", plan->time_of);
            return buf;
        }
        if (plan->event_of && plan->is_code && (v < 0 || v != floor(v))) {
            snprintf(buf, 128, "the code of an event, a whole number from 0 (endpoint %.60s)", plan->event_of);
            return buf;
        }
        if (plan->event_of && !plan->is_code && v != plan->code[0] && v != plan->code[1]) {
            snprintf(buf, 128, "an event of %g or %g (endpoint %.50s names no cause)", plan->code[0], plan->code[1], plan->event_of);
            return buf;
        }
        if (plan->response_of && v != plan->code[0] && v != plan->code[1]) {
            snprintf(buf, 128, "a response of %g or %g (endpoint %.60s)", plan->code[0], plan->code[1], plan->response_of);
            return buf;
        }
        return NULL;
    }
    return NULL;
}

static Rc check_cells(Table *x)
{
    Rc rc = OK;
    char buf[128];
    for (size_t i = 0; i < x->t->rows; i++)
        for (size_t j = 0; j < x->t->columns && !x->refused[i]; j++) {
            const char *cell = csv_cell(x->t, i, j);
            if (csv_is_missing(cell)) continue;
            const char *expected = cell_fault(buf, &x->plan[j], cell);
            if (expected) TRY(refuse_cell(x, i, j, expected));
        }
out:
    return rc;
}

/* ---- the frame */

static Rc fill_column(Frame *f, const Table *x, size_t column)
{
    Rc rc = OK;
    const ColumnPlan *plan = &x->plan[column];
    const char *name = x->t->header[column];
    double *num = NULL;
    char **text = NULL;
    if (plan->kind == COLUMN_NUMBERS) TRY(frame_add_numbers(&num, f, name, x->e));
    else TRY(frame_add_texts(&text, f, name, x->e));
    for (size_t i = 0, row = 0; i < x->t->rows; i++) {
        if (x->refused[i]) continue;
        const char *cell = csv_cell(x->t, i, column);
        if (!csv_is_missing(cell)) {
            if (num) cell_number(&num[row], cell);
            else TRY(frame_set_text(f, &text[row], cell, x->e));
        }
        row++;
    }
out:
    return rc;
}

static Rc build(ClinicalTable *out, const Table *x)
{
    Rc rc = OK;
    const CsvTable *t = x->t;
    size_t kept = 0, row = 0;
    const int date = csv_column(t, "time_zero");
    for (size_t i = 0; i < t->rows; i++) kept += !x->refused[i];
    TRY(frame_init(&out->frame, t->name, kept, x->e));
    out->listed = arena_array(&out->arena, t->rows + 1, sizeof *out->listed);
    out->time_zero = arena_array(&out->arena, kept + 1, sizeof *out->time_zero);
    if (!out->listed || !out->time_zero) { rc = err_nomem(x->e); goto out; }
    out->has_time_zero = date >= 0;
    for (size_t i = 0; i < t->rows; i++) {
        const char *id = csv_cell(t, i, x->id);
        if (*id && !(out->listed[out->n_listed++] = arena_strdup(&out->arena, id))) { rc = err_nomem(x->e); goto out; }
        if (x->refused[i]) continue;
        out->frame.line[row] = t->line[i];
        out->time_zero[row] = TIME_ZERO_MISSING;
        if (date >= 0) date_read(&out->time_zero[row], csv_cell(t, i, (size_t)date));
        row++;
    }
    TRY(fill_column(&out->frame, x, x->id));
    for (size_t j = 0; j < t->columns; j++)
        if (x->plan[j].kind == COLUMN_NUMBERS || x->plan[j].kind == COLUMN_TEXTS || x->plan[j].kind == COLUMN_LEVELS)
            TRY(fill_column(&out->frame, x, j));
out:
    return rc;
}

Rc clinical_read(ClinicalTable *out, RejectionList *rejected, const char *study_dir, const Protocol *p, const Progress *w, Err *e)
{
    Rc rc = OK;
    ClinicalTable c = { 0 };
    CsvTable t = { 0 };
    Bytes b = { 0 };
    Str path = { 0 };
    Arena scratch = { 0 };

    TRY(path_inside(&path, study_dir, p->clinical, p->clinical, e));
    TRY(file_read(&b, path.s, p->clinical, LIMIT_CSV_BYTES, e));
    sha256_of(c.sha256, b.data, b.size);
    TRY(csv_parse(&t, (const char *)b.data, b.size, p->clinical, e));
    const int id = csv_column(&t, "patient");
    if (id < 0) {
        rc = err_set(e, ERR_INPUT, "%s:1: no column patient, expected one with the id of each patient", p->clinical);
        goto out;
    }
    Table x = { &t, p, ARENA_NEW(&scratch, t.columns, ColumnPlan), ARENA_NEW(&scratch, t.rows + 1, unsigned char), rejected, w, e, (size_t)id };
    if (!x.plan || !x.refused) { rc = err_nomem(e); goto out; }
    TRY(plan_columns(&x));
    TRY(check_ids(&x));
    TRY(check_cells(&x));
    TRY(build(&c, &x));
    *out = c;
    c = (ClinicalTable){ 0 };
out:
    clinical_free(&c);
    csv_free(&t);
    bytes_free(&b);
    str_free(&path);
    arena_free(&scratch);
    return rc;
}

void clinical_free(ClinicalTable *c)
{
    frame_free(&c->frame);
    arena_free(&c->arena);
    *c = (ClinicalTable){ 0 };
}

int clinical_row(const ClinicalTable *c, const char *patient)
{
    const FrameColumn *id = frame_column(&c->frame, "patient");
    for (size_t i = 0; id && i < c->frame.rows; i++)
        if (strcmp(id->text[i], patient) == 0) return (int)i;
    return -1;
}

void clinical_drop(ClinicalTable *c, size_t row)
{
    Frame *f = &c->frame;
    const size_t behind = f->rows - row - 1;
    for (size_t j = 0; j < f->columns; j++) {
        FrameColumn *column = &f->column[j];
        if (column->is_text) memmove(column->text + row, column->text + row + 1, behind * sizeof *column->text);
        else memmove(column->num + row, column->num + row + 1, behind * sizeof *column->num);
    }
    memmove(f->line + row, f->line + row + 1, behind * sizeof *f->line);
    memmove(c->time_zero + row, c->time_zero + row + 1, behind * sizeof *c->time_zero);
    f->rows--;
}
