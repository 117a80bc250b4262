/* study/report_study.c: the reports of a study on disk. */
#include "study/report_study.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/file.h"
#include "core/limits.h"
#include "core/par.h"
#include "core/version.h"
#include "db/db_names.h"
#include "db/db_report.h"
#include "reports/html.h"
#include "reports/pdf.h"
#include "study/report_cohort.h"
#include "study/report_data.h"
#include "study/report_patient.h"
#include "study/stale.h"

/* Patients whose images are in memory at one time, and whose files are recorded in one transaction. */
enum { BATCH = 16, FILE_NAME_MAX = 32 };

/* A file that is on disk and not yet recorded. */
typedef struct {
    char name[FILE_NAME_MAX], sha[HASH_TEXT];
    const char *kind, *patient;
} Written;

typedef struct {
    ReportResult *out;
    const ReportWish *wish;
    const Progress *progress;
    Db *db;
    ReportData data;
    Str dir;
    char inputs_sha[HASH_TEXT];
    bool recorded;             /* files and their hashes go into the database */
    Written written[BATCH];
    size_t n_written;
    size_t done;
} Work;

void report_result_free(ReportResult *r)
{
    free(r->dir);
    *r = (ReportResult){ 0 };
}

/* Of everything shown, and of the program that shows it. */
static Rc inputs_digest(char out[HASH_TEXT], const Protocol *p, Db *db, Err *e)
{
    char shown[HASH_TEXT];
    Str both = { 0 };
    Rc rc = report_inputs_digest(shown, p, db, e);
    if (rc != OK) return rc;
    str_appendf(&both, "%s %s", shown, REOX_VERSION);
    rc = str_check(&both, e);
    if (rc == OK) sha256_of(out, both.s, both.len);
    str_free(&both);
    return rc;
}

/* Whether the file on disk is the one that the database knows, made of just this. */
static Rc is_current(bool *current, Work *k, const char *name, Err *e)
{
    Rc rc = OK;
    Str path = { 0 };
    Bytes b = { 0 };
    char known[HASH_TEXT], found[HASH_TEXT];
    *current = false;
    if (!k->recorded) return OK;
    TRY(db_report_current(current, known, k->db, name, k->inputs_sha, e));
    if (!*current) goto out;
    path_join(&path, k->dir.s, name);
    TRY(str_check(&path, e));
    *current = file_read(&b, path.s, NULL, LIMIT_FILE_BYTES, NULL) == OK;
    if (*current) {
        sha256_of(found, b.data, b.size);
        *current = strcmp(found, known) == 0;
    }
out:
    bytes_free(&b);
    str_free(&path);
    return rc;
}

/* A commit costs more than a page: files are recorded by the batch. What a killed run has not recorded is simply written again. */
static Rc record_written(Work *k, Err *e)
{
    Rc rc = OK;
    if (!k->n_written) return OK;
    TRY(db_begin(k->db, e));
    for (size_t i = 0; i < k->n_written; i++) {
        const Written *w = &k->written[i];
        TRY(db_report_store(k->db, k->wish->run_id, &(ReportRow){ w->name, w->kind, w->patient, k->inputs_sha, w->sha }, e));
    }
    TRY(db_commit(k->db, e));
    k->n_written = 0;
out:
    db_rollback(k->db);
    return rc;
}

static Rc write_file(Work *k, const char *name, const char *kind, const char *patient, const Str *bytes, Err *e)
{
    Rc rc = OK;
    Str path = { 0 };
    path_join(&path, k->dir.s, name);
    TRY(str_check(&path, e));
    TRY(file_write_atomic(path.s, bytes->s, bytes->len, e));
    if (!k->recorded) goto out;
    if (k->n_written == BATCH) TRY(record_written(k, e));
    Written *w = &k->written[k->n_written++];
    *w = (Written){ .kind = kind, .patient = patient };
    snprintf(w->name, sizeof w->name, "%s", name);
    sha256_of(w->sha, bytes->s, bytes->len);
out:
    str_free(&path);
    return rc;
}

/* A report that is good stays, without its mark of being stale. Inside a transaction. */
static Rc confirm(Work *k, const char *name, Err *e)
{
    k->out->current++;
    return db_report_confirm(k->db, k->wish->run_id, name, e);
}

static Rc write_cohort(Work *k, Err *e)
{
    static const char *const name[2] = { "cohort.html", "cohort.pdf" };
    Rc rc = OK;
    Arena a = { 0 };
    CohortReport r;
    Document doc = { 0 };
    Str bytes[2] = { { 0 }, { 0 } };
    bool current[2];
    for (int i = 0; i < 2; i++) TRY(is_current(&current[i], k, name[i], e));
    if (current[0] && current[1]) {
        TRY(db_begin(k->db, e));
        for (int i = 0; i < 2; i++) TRY(confirm(k, name[i], e));
        TRY(db_commit(k->db, e));
        goto out;
    }
    TRY(cohort_report_gather(&r, &k->data, k->inputs_sha, &a, e));
    TRY(cohort_document(&doc, &r, e));
    TRY(html_render(&bytes[0], &doc, e));
    TRY(pdf_render(&bytes[1], NULL, &doc, e));
    for (int i = 0; i < 2; i++) {
        TRY(write_file(k, name[i], "cohort", NULL, &bytes[i], e));
        k->out->cohort++;
    }
out:
    if (k->recorded) db_rollback(k->db);
    for (int i = 0; i < 2; i++) str_free(&bytes[i]);
    document_free(&doc);
    arena_free(&a);
    return rc;
}

static void patient_file(char out[FILE_NAME_MAX], const ReportData *d, size_t row)
{
    snprintf(out, FILE_NAME_MAX, "patient_%03d.pdf", (int)d->clinical.line[row] - 1);
}

static Rc write_patient(Work *k, size_t row, const PatientSlices *slices, Err *e)
{
    Rc rc = OK;
    Arena a = { 0 };
    PatientReport r;
    Document doc = { 0 };
    Str bytes = { 0 };
    char name[FILE_NAME_MAX];
    patient_file(name, &k->data, row);
    TRY(patient_report_gather(&r, &k->data, row, slices, k->inputs_sha, &a, e));
    TRY(patient_document(&doc, &r, e));
    TRY(pdf_render(&bytes, NULL, &doc, e));
    TRY(write_file(k, name, "patient", r.patient, &bytes, e));
    k->out->patients++;
out:
    str_free(&bytes);
    document_free(&doc);
    arena_free(&a);
    return rc;
}

typedef struct { const ReportData *data; const size_t *row; PatientSlices *slices; } Batch;

static Rc read_slices(void *context, size_t i, int worker, Err *e)
{
    Batch *b = context;
    (void)worker;
    return patient_slices_read(&b->slices[i], b->data, b->row[i], e);
}

/* rows: those to be done, in order. Images of a batch are read in parallel; pages are drawn one after the other. */
static Rc write_patients(Work *k, const size_t *row, size_t n, Err *e)
{
    Rc rc = OK;
    PatientSlices slices[BATCH];
    for (int i = 0; i < BATCH; i++) slices[i] = (PatientSlices){ 0 };
    for (size_t from = 0; from < n; from += BATCH) {
        size_t many = n - from < BATCH ? n - from : BATCH;
        Batch b = { &k->data, row + from, slices };
        TRY(parallel_for(many, k->wish->threads, read_slices, &b, e));
        for (size_t i = 0; i < many; i++) {
            if (progress_interrupted(k->progress)) { rc = err_set(e, ERR_INTERRUPTED, "interrupted; the reports written so far are kept"); goto out; }
            TRY(write_patient(k, row[from + i], &slices[i], e));
            patient_slices_free(&slices[i]);
            progress_step(k->progress, ++k->done, report_patient(&k->data, row[from + i]));
        }
    }
out:
    for (int i = 0; i < BATCH; i++) patient_slices_free(&slices[i]);
    /* Also after a failure or an interruption: what is on disk is kept. */
    Rc recorded = record_written(k, rc == OK ? e : NULL);
    return rc == OK ? recorded : rc;
}

/* Files of patients who are no longer in the study do not stay behind. */
static Rc remove_gone(Work *k, Err *e)
{
    Rc rc = OK;
    Arena a = { 0 };
    Str path = { 0 };
    char **file = NULL, name[FILE_NAME_MAX];
    size_t n = 0, last = 0;
    for (size_t r = 0; r < k->data.clinical.rows; r++) if (k->data.clinical.line[r] > last) last = k->data.clinical.line[r];
    bool *there = ARENA_NEW(&a, last + 1, bool);
    if (!there) { rc = err_nomem(e); goto out; }
    for (size_t r = 0; r < k->data.clinical.rows; r++) there[k->data.clinical.line[r]] = true;
    TRY(db_names(&file, &n, k->db, "report_files", &a, e));
    for (size_t i = 0; i < n; i++) {
        int row = 0;
        if (sscanf(file[i], "patient_%d.pdf", &row) != 1) continue;
        snprintf(name, sizeof name, "patient_%03d.pdf", row);
        bool ours = row > 0 && strcmp(name, file[i]) == 0;
        if (!ours || ((size_t)row + 1 <= last && there[row + 1])) continue;
        str_free(&path);
        path_join(&path, k->dir.s, name);
        TRY(str_check(&path, e));
        unlink(path.s);
        TRY(db_begin(k->db, e));
        TRY(db_report_remove(k->db, name, e));
        TRY(db_commit(k->db, e));
        k->out->removed++;
    }
out:
    db_rollback(k->db);
    str_free(&path);
    arena_free(&a);
    return rc;
}

/* Rows of the patients whose page is to be written; the others' are good and confirmed. */
static Rc select_rows(size_t *row, size_t *n, Work *k, Err *e)
{
    Rc rc = OK;
    char name[FILE_NAME_MAX];
    bool known = k->wish->patient == NULL;
    *n = 0;
    if (k->recorded) TRY(db_begin(k->db, e));
    for (size_t i = 0; i < k->data.clinical.rows; i++) {
        bool current;
        if (k->wish->patient && strcmp(k->wish->patient, report_patient(&k->data, i)) != 0) continue;
        known = true;
        patient_file(name, &k->data, i);
        TRY(is_current(&current, k, name, e));
        if (current) TRY(confirm(k, name, e));
        else row[(*n)++] = i;
    }
    if (k->recorded) TRY(db_commit(k->db, e));
    if (!known) rc = err_set(e, ERR_INPUT, "%s: the study has no accepted patient of this id", k->wish->patient);
out:
    if (k->recorded) db_rollback(k->db);
    return rc;
}

Rc report_study(ReportResult *out, const StudyTables *t, Db *db, const ReportWish *wish, const Progress *w, Err *e)
{
    Rc rc = OK;
    Work k = { .out = out, .wish = wish, .progress = w, .db = db, .recorded = wish->out_dir == NULL };
    size_t *row = NULL, n = 0;
    *out = (ReportResult){ 0 };
    TRY(report_data_load(&k.data, t, wish->study_dir, db, e));
    TRY(inputs_digest(k.inputs_sha, &t->protocol, db, e));
    if (wish->out_dir) str_append(&k.dir, wish->out_dir);
    else path_join(&k.dir, wish->study_dir, "reports");
    TRY(str_check(&k.dir, e));
    TRY(folder_make(k.dir.s, e));
    row = calloc(k.data.clinical.rows + 1, sizeof *row);
    if (!row) { rc = err_nomem(e); goto out; }
    TRY(select_rows(row, &n, &k, e));
    progress_begin(w, "report", n + (wish->patient ? 0 : 1));
    if (!wish->patient) {
        TRY(write_cohort(&k, e));
        progress_step(w, ++k.done, "cohort");
    }
    TRY(write_patients(&k, row, n, e));
    if (k.recorded) TRY(remove_gone(&k, e));
    out->dir = str_take(&k.dir);
out:
    progress_end(w);
    free(row);
    str_free(&k.dir);
    report_data_free(&k.data);
    return rc;
}
