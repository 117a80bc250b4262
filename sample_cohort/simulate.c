/* sample_cohort/simulate.c: draws every patient, lets the phantom be scanned, writes the folder. */
#include "sample_cohort/simulate.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>

#include "core/file.h"
#include "core/par.h"
#include "ingest/nifti.h"
#include "sample_cohort/tables.h"

typedef struct {
    const SimulationSpec *spec;
    const char *dir;
    SimulatedPatient *patient;
    const Progress *progress;
    pthread_mutex_t lock;
    size_t done;
} Work;

static Rc write_scan(const Work *w, const CohortPatient *p, int t, const SimulatedScan *scan, Err *e)
{
    static const char *const what[] = { "", "_gtv", "_blood", "_muscle" };
    const Mask *masks[] = { NULL, &scan->gtv, &scan->blood, &scan->muscle };
    Str path = { 0 };
    Rc rc = OK;

    for (int k = 0; k < 4; k++) {
        str_free(&path);
        str_appendf(&path, "%s/scans/%s_%s%s.nii.gz", w->dir, p->id, simulation_timepoint[t], what[k]);
        TRY(str_check(&path, e));
        if (k == 0) TRY(nifti_write_volume(path.s, &scan->image, e));
        else TRY(nifti_write_mask(path.s, masks[k], e));
    }
out:
    str_free(&path);
    return rc;
}

static Rc scan_patient(Work *w, SimulatedPatient *x, Err *e)
{
    Phantom ph = { 0 };
    SimulatedScan scan = { 0 };
    Rc rc = OK;

    TRY(phantom_init(&ph, w->spec, &x->patient, e));
    for (int t = 0; t < SIMULATION_TIMEPOINTS; t++) {
        TRY(phantom_scan(&scan, NULL, &ph, t, e));
        x->truth[t] = scan.truth;
        x->expected[t] = scan.expected;
        if (x->patient.status[t] == SCAN_DONE) TRY(write_scan(w, &x->patient, t, &scan, e));
        simulated_scan_free(&scan);
    }
out:
    simulated_scan_free(&scan);
    phantom_free(&ph);
    return rc;
}

static Rc one_patient(void *context, size_t i, int worker, Err *e)
{
    const HypoxiaSummary unknown = { NAN, NAN, NAN, NAN, NAN };
    Work *w = context;
    SimulatedPatient *x = &w->patient[i];

    (void)worker;
    if (progress_interrupted(w->progress)) return err_set(e, ERR_INTERRUPTED, "interrupted");
    patient_draw(&x->patient, w->spec, i);
    for (int t = 0; t < SIMULATION_TIMEPOINTS; t++) {
        x->truth[t] = x->expected[t] = unknown;
        x->truth[t].volume_ml = x->patient.volume_ml[t];
    }
    Rc rc = w->spec->images ? scan_patient(w, x, e) : OK;
    if (rc != OK) return rc;
    pthread_mutex_lock(&w->lock);
    progress_step(w->progress, ++w->done, x->patient.id);
    pthread_mutex_unlock(&w->lock);
    return OK;
}

static Rc write_text(const char *dir, const char *name, const Str *text, Err *e)
{
    Str path = { 0 };
    Rc rc = str_check(text, e);

    path_join(&path, dir, name);
    if (rc == OK) rc = str_check(&path, e);
    if (rc == OK) rc = file_write_atomic(path.s, str_text(text), text->len, e);
    str_free(&path);
    return rc;
}

/* A folder that somebody's own study lives in is left alone. */
static Rc prepare_folder(const char *dir, bool images, Err *e)
{
    Str study = { 0 }, truth = { 0 }, scans = { 0 };
    Rc rc = OK;

    path_join(&study, dir, "study.json");
    path_join(&truth, dir, "truth.json");
    path_join(&scans, dir, "scans");
    TRY(str_check(&study, e));
    TRY(str_check(&truth, e));
    TRY(str_check(&scans, e));
    if (file_exists(study.s) && !file_exists(truth.s)) {
        rc = err_set(e, ERR_INPUT, "%s: holds a study that was not simulated, expected a new folder or an earlier simulation", dir);
        goto out;
    }
    TRY(folder_make(images ? scans.s : dir, e));
out:
    str_free(&study);
    str_free(&truth);
    str_free(&scans);
    return rc;
}

static SimulationCounts count(const SimulatedPatient *all, size_t n)
{
    SimulationCounts c = { .patients = n };

    for (size_t i = 0; i < n; i++) {
        const CohortPatient *p = &all[i].patient;
        double os_months, lrf_months;
        int os_event, lrf_code;
        patient_observed(p, &os_months, &os_event, &lrf_months, &lrf_code);
        c.deaths += os_event == 1;
        c.failures += lrf_code == 1;
        c.responses += p->response_known;
        c.responders += p->response_known && p->responder;
        for (int t = 0; t < SIMULATION_TIMEPOINTS; t++) { if (p->status[t] == SCAN_DONE) c.scans++; else c.not_done++; }
    }
    return c;
}

Rc simulate_cohort(SimulationCounts *out, const SimulationSpec *s, const char *dir, int threads, const Progress *progress, Err *e)
{
    size_t n = (size_t)s->n;
    Work w = { .spec = s, .dir = dir, .progress = progress, .lock = PTHREAD_MUTEX_INITIALIZER };
    Str text = { 0 };
    Rc rc = OK;

    TRY(prepare_folder(dir, s->images, e));
    w.patient = calloc(n, sizeof *w.patient);
    if (!w.patient) { rc = err_nomem(e); goto out; }
    progress_begin(progress, "simulate", n);
    rc = parallel_for(n, threads, one_patient, &w, e);
    progress_end(progress);
    if (rc != OK) goto out;
    TRY(truth_text(&text, w.patient, n, s, e));            /* first: it marks the folder as simulated */
    TRY(write_text(dir, "truth.json", &text, e));
    str_free(&text);
    clinical_table(&text, w.patient, n);
    TRY(write_text(dir, "clinical.csv", &text, e));
    str_free(&text);
    scans_table(&text, w.patient, n, s);
    TRY(write_text(dir, "scans.csv", &text, e));
    str_free(&text);
    TRY(protocol_text(&text, s, e));
    TRY(write_text(dir, "study.json", &text, e));
    *out = count(w.patient, n);
out:
    str_free(&text);
    free(w.patient);
    return rc;
}
