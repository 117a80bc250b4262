/* db/db_patient.c: patients and the clinical table. */
#include "db/db_patient.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "db/query.h"

void clinical_change_free(ClinicalChange *c)
{
    arena_free(&c->arena);
    *c = (ClinicalChange){ 0 };
}

/* One more text, once. Lists are short beside the table they come from; growing by doubling in the arena. */
static Rc note(char ***list, size_t *n, Arena *a, const char *text, Err *e)
{
    for (size_t i = *n; i-- > 0; )
        if (strcmp((*list)[i], text) == 0) return OK;
    if ((*n & (*n - 1)) == 0) {                    /* room runs out at 0, 1, 2, 4, 8 … */
        char **more = ARENA_NEW(a, *n ? 2 * *n : 1, char *);
        if (!more) return err_nomem(e);
        if (*n) memcpy(more, *list, *n * sizeof *more);
        *list = more;
    }
    if (!((*list)[*n] = arena_strdup(a, text))) return err_nomem(e);
    ++*n;
    return OK;
}

static int compare_texts(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static const ColumnSpec *column_spec(const Protocol *p, const char *name)
{
    for (size_t i = 0; p && i < p->n_columns; i++)
        if (strcmp(p->column[i].name, name) == 0) return &p->column[i];
    return NULL;
}

/* Columns of the table as the database has them against the frame's. */
static Rc store_columns(ClinicalChange *c, Db *db, const Frame *f, const Protocol *p, Err *e)
{
    Rc rc = OK;
    Query *q = NULL;
    bool row;
    char **gone = NULL;
    size_t n_gone = 0;
    bool *same = ARENA_NEW(&c->arena, f->columns + 1, bool);

    if (!same) return err_nomem(e);
    TRY(query_begin(&q, db, "clinical_columns", e));
    for (;;) {
        TRY(query_step(&row, q, e));
        if (!row) break;
        const char *name = query_get_text(q, 0);
        int at = frame_find(f, name);
        if (at <= 0) { TRY(note(&gone, &n_gone, &c->arena, name, e)); continue; }
        const ColumnSpec *spec = column_spec(p, name);
        bool type = !strcmp(query_get_text(q, 2), f->column[at].is_text ? "text" : "number");
        same[at] = type && query_get_integer(q, 1) == at && text_equal(query_get_text(q, 3), spec ? spec->label : NULL) &&
                   text_equal(query_get_text(q, 4), spec ? spec->unit : NULL);
        if (!type) TRY(note(&c->column, &c->n_columns, &c->arena, name, e));
    }
    query_end(q);
    for (size_t i = 0; i < n_gone; i++) {
        TRY(query_begin(&q, db, "clinical_column_remove", e));
        query_text(q, ":name", gone[i]);
        TRY(query_done(q, e));
        TRY(query_begin(&q, db, "clinical_remove_column", e));
        query_text(q, ":name", gone[i]);
        TRY(query_done(q, e));
        TRY(note(&c->column, &c->n_columns, &c->arena, gone[i], e));
    }
    for (size_t i = 1; i < f->columns; i++) {
        if (same[i]) continue;
        const ColumnSpec *spec = column_spec(p, f->column[i].name);
        TRY(query_begin(&q, db, "clinical_column_set", e));
        query_text(q, ":name", f->column[i].name);
        query_integer(q, ":position", (int64_t)i);
        query_text(q, ":type", f->column[i].is_text ? "text" : "number");
        query_text(q, ":label", spec ? spec->label : NULL);
        query_text(q, ":unit", spec ? spec->unit : NULL);
        TRY(query_done(q, e));
        c->renumbered = true;
    }
out:
    query_end(q);
    return rc;
}

/* Row numbers of everybody listed and accepted; who is not listed goes, with all that hangs on him. Frame and listed are in the
 * table's order, so one pass finds the numbers. */
static Rc store_patients(ClinicalChange *c, Db *db, const Frame *f, char *const *listed, size_t n_listed, Err *e)
{
    Rc rc = OK;
    Query *q = NULL;
    bool row;
    size_t next = 0, n_known = 0, cap = 0;
    char **known = NULL, **sorted = ARENA_NEW(&c->arena, n_listed, char *);
    int64_t *number = NULL;

    if (!sorted) return err_nomem(e);
    if (n_listed) memcpy(sorted, listed, n_listed * sizeof *sorted);
    qsort(sorted, n_listed, sizeof *sorted, compare_texts);
    TRY(query_begin(&q, db, "patient_rows", e));
    for (;;) {
        TRY(query_step(&row, q, e));
        if (!row) break;
        if (n_known == cap) {
            size_t more = cap ? 2 * cap : 64;
            char **k = ARENA_NEW(&c->arena, more, char *);
            int64_t *m = ARENA_NEW(&c->arena, more, int64_t);
            if (!k || !m) { rc = err_nomem(e); goto out; }
            if (cap) { memcpy(k, known, cap * sizeof *k); memcpy(m, number, cap * sizeof *m); }
            known = k; number = m; cap = more;
        }
        if (!(known[n_known] = arena_strdup(&c->arena, query_get_text(q, 0)))) { rc = err_nomem(e); goto out; }
        number[n_known++] = query_get_integer(q, 1);
    }
    query_end(q);
    for (size_t i = 0; i < n_known; i++) {
        if (n_listed && bsearch(&known[i], sorted, n_listed, sizeof *sorted, compare_texts)) continue;
        TRY(query_begin(&q, db, "patient_remove", e));
        query_text(q, ":patient", known[i]);
        TRY(query_done(q, e));
        TRY(note(&c->removed, &c->n_removed, &c->arena, known[i], e));
    }
    for (size_t i = 0; i < f->rows; i++) {
        char *id = f->column[0].text[i];
        while (next < n_listed && strcmp(listed[next], id) != 0) next++;
        int64_t at = (int64_t)(next < n_listed ? next : i) + 1;
        char **found = n_known ? bsearch(&id, known, n_known, sizeof *known, compare_texts) : NULL;
        if (found && number[found - known] == at) continue;
        TRY(query_begin(&q, db, "patient_set", e));
        query_text(q, ":patient", id);
        query_integer(q, ":row", at);
        TRY(query_done(q, e));
        if (found) c->renumbered = true;
        else TRY(note(&c->added, &c->n_added, &c->arena, id, e));
    }
out:
    query_end(q);
    return rc;
}

static Rc store_cell(bool *differs, Db *db, const char *patient, const FrameColumn *column, size_t at, bool had, double number,
                     const char *text, Err *e)
{
    Rc rc = OK;
    Query *q = NULL;
    double x = column->is_text ? NAN : column->num[at];
    const char *t = column->is_text ? column->text[at] : NULL;
    bool has = column->is_text ? t != NULL : !isnan(x);

    *differs = has != had || (has && (column->is_text ? !text || strcmp(t, text) != 0 : text || isnan(number) || number != x));
    if (!*differs) return OK;
    TRY(query_begin(&q, db, has ? "clinical_set" : "clinical_remove", e));
    query_text(q, ":patient", patient);
    query_text(q, ":name", column->name);
    if (has) {
        query_number(q, ":number", x);
        query_text(q, ":text", t);
    }
    rc = query_done(q, e);
out:
    return rc;
}

static Rc store_values(ClinicalChange *c, Db *db, const Frame *f, Err *e)
{
    Rc rc = OK;
    Query *q = NULL;
    bool row, *had = ARENA_NEW(&c->arena, f->columns + 1, bool);
    double *number = ARENA_NEW(&c->arena, f->columns + 1, double);
    char **text = ARENA_NEW(&c->arena, f->columns + 1, char *);
    Arena scratch = { 0 };

    if (!had || !number || !text) return err_nomem(e);
    for (size_t i = 0; i < f->rows; i++) {
        const char *id = f->column[0].text[i];
        bool changed = false;
        for (size_t k = 0; k < f->columns; k++) { had[k] = false; number[k] = NAN; text[k] = NULL; }
        TRY(query_begin(&q, db, "clinical_of_patient", e));
        query_text(q, ":patient", id);
        for (;;) {
            TRY(query_step(&row, q, e));
            if (!row) break;
            int at = frame_find(f, query_get_text(q, 0));
            if (at < 0) continue;
            had[at] = true;
            number[at] = query_get_number(q, 1);
            if (!query_is_null(q, 2) && !(text[at] = arena_strdup(&scratch, query_get_text(q, 2)))) { rc = err_nomem(e); goto out; }
        }
        query_end(q);
        q = NULL;
        for (size_t k = 1; k < f->columns; k++) {
            bool differs;
            TRY(store_cell(&differs, db, id, &f->column[k], i, had[k], number[k], text[k], e));
            if (!differs) continue;
            changed = true;
            TRY(note(&c->column, &c->n_columns, &c->arena, f->column[k].name, e));
        }
        if (changed) TRY(note(&c->changed, &c->n_changed, &c->arena, id, e));
        arena_free(&scratch);
    }
out:
    query_end(q);
    arena_free(&scratch);
    return rc;
}

Rc db_clinical_store(ClinicalChange *out, Db *db, const Frame *clinical, char *const *listed, size_t n_listed,
                     const Protocol *p, Err *e)
{
    Rc rc = OK;
    TRY(store_columns(out, db, clinical, p, e));
    TRY(store_patients(out, db, clinical, listed, n_listed, e));
    rc = store_values(out, db, clinical, e);
out:
    return rc;
}

static bool wanted(const char *const *only, const char *name)
{
    if (!only) return true;
    for (; *only; only++)
        if (strcmp(*only, name) == 0) return true;
    return false;
}

/* Rows by id, to place values in: patients sorted by id with their row of the frame. */
typedef struct { const char *id; size_t at; } Place;
static int compare_places(const void *a, const void *b) { return strcmp(((const Place *)a)->id, ((const Place *)b)->id); }

static Rc load_patients(Frame *out, Db *db, Err *e)
{
    Rc rc = OK;
    Query *q = NULL;
    bool row;
    size_t n = 0;
    char **id = NULL;

    TRY(query_begin(&q, db, "accepted_patients", e));
    for (;;) {
        TRY(query_step(&row, q, e));
        if (!row) break;
        n++;
    }
    query_end(q);
    TRY(frame_init(out, "clinical.csv", n, e));
    TRY(frame_add_texts(&id, out, "patient", e));
    TRY(query_begin(&q, db, "accepted_patients", e));
    for (size_t i = 0; i < n; i++) {
        TRY(query_step(&row, q, e));
        if (!row) break;
        TRY(frame_set_text(out, &id[i], query_get_text(q, 0), e));
        out->line[i] = (size_t)query_get_integer(q, 1) + 1;
    }
out:
    query_end(q);
    return rc;
}

Rc db_clinical_load(Frame *out, Db *db, const char *const *only, Err *e)
{
    Rc rc = OK;
    Query *q = NULL, *columns = NULL;
    bool row;
    Arena scratch = { 0 };
    Place *place = NULL;

    TRY(load_patients(out, db, e));
    place = ARENA_NEW(&scratch, out->rows, Place);
    if (!place) { rc = err_nomem(e); goto out; }
    for (size_t i = 0; i < out->rows; i++) place[i] = (Place){ out->column[0].text[i], i };
    qsort(place, out->rows, sizeof *place, compare_places);
    TRY(query_begin(&columns, db, "clinical_columns", e));
    for (;;) {
        double *num = NULL;
        char **text = NULL;
        TRY(query_step(&row, columns, e));
        if (!row) break;
        const char *name = query_get_text(columns, 0);
        if (!wanted(only, name)) continue;
        if (strcmp(query_get_text(columns, 2), "text") == 0) TRY(frame_add_texts(&text, out, name, e));
        else TRY(frame_add_numbers(&num, out, name, e));
        TRY(query_begin(&q, db, "clinical_of_column", e));
        query_text(q, ":name", name);
        for (;;) {
            TRY(query_step(&row, q, e));
            if (!row) break;
            Place key = { query_get_text(q, 0), 0 };
            const Place *p = out->rows ? bsearch(&key, place, out->rows, sizeof *place, compare_places) : NULL;
            if (!p) continue;
            if (num) num[p->at] = query_get_number(q, 1);
            else if (!query_is_null(q, 2)) TRY(frame_set_text(out, &text[p->at], query_get_text(q, 2), e));
        }
        query_end(q);
        q = NULL;
    }
out:
    query_end(q);
    query_end(columns);
    arena_free(&scratch);
    return rc;
}
