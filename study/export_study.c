/* study/export_study.c: the database's views as CSV, with a data dictionary. */
#include "study/export_study.h"

#include <string.h>

#include "core/csv.h"
#include "core/file.h"
#include "db/db_export.h"
#include "db/db_names.h"
#include "db/db_scan.h"
#include "db/db_wide.h"
#include "study/variables.h"

/* What the columns of the fixed views hold. */
static const struct { const char *column, *unit, *says; } columns[] = {
    { "patient", "", "Study code of the patient, as in clinical.csv" },
    { "row", "", "Place of the patient among the rows of clinical.csv; names the patient's report" },
    { "timepoint", "", "Time point of the scan, as in the protocol" },
    { "from_timepoint", "", "Time point of the earlier scan" },
    { "to_timepoint", "", "Time point of the later scan" },
    { "tracer", "", "Tracer as written in scans.csv" },
    { "tracer_slug", "", "Tracer as it stands in names of variables" },
    { "status", "", "Of a scan: done, not_done, not_assessable. Of a value: ok, undefined. Of a model: ok, not_estimated" },
    { "units", "", "Unit of the image" },
    { "day", "d", "Day of the scan from the endpoints' time zero" },
    { "uptake_min", "min", "Time from injection to scan" },
    { "injected_mbq", "MBq", "Injected activity" },
    { "weight_kg", "kg", "Weight" },
    { "height_m", "m", "Height" },
    { "sex", "", "Sex" },
    { "center", "", "Centre" },
    { "reference_value", "unit of the image", "Reference uptake that was measured otherwise" },
    { "nx", "voxel", "Size of the image along x" }, { "ny", "voxel", "Size of the image along y" },
    { "nz", "voxel", "Size of the image along z" },
    { "dx_mm", "mm", "Spacing along x" }, { "dy_mm", "mm", "Spacing along y" }, { "dz_mm", "mm", "Spacing along z" },
    { "image_sha", "", "SHA-256 of the image file" }, { "mask_sha", "", "SHA-256 of the mask file" },
    { "inputs_sha", "", "SHA-256 of everything that it was made of" },
    { "settings_sha", "", "SHA-256 of the settings that it was made with" },
    { "scan_id", "", "Digest of patient, time point and tracer" },
    { "roi", "", "Region of interest" },
    { "is_reference", "", "1: a reference region, without features" },
    { "voxels", "1", "Number of voxels" }, { "volume_ml", "mL", "Voxels times the volume of one" },
    { "mean", "unit of the image", "Mean inside the region" }, { "sd", "unit of the image", "Standard deviation inside, divisor n - 1" },
    { "cov", "1", "sd / mean" },
    { "feature", "", "Name of the feature" }, { "change", "", "Name of the change" },
    { "aggregation", "", "How a texture matrix was aggregated (IBSI)" },
    { "value", "column unit", "The value; NA where it is undefined" },
    { "reason", "", "Why a value is undefined, a subject refused, a patient not in a model" },
    { "unit", "", "Unit of the value" },
    { "definition", "", "What the value means, as JSON: settings, or reference, threshold and operator" },
    { "ibsi", "", "Code of the IBSI reference manual" }, { "family", "", "Family of the feature" },
    { "model", "", "Name of the model in the protocol" }, { "method", "", "Method" }, { "formula", "", "Formula" },
    { "endpoint", "", "Endpoint of the protocol" }, { "landmark", "", "Where the model's clock starts" },
    { "n", "1", "Patients in the model" }, { "nevent", "1", "Events in the model" },
    { "diagnosis", "", "What is to be known about the fit, as JSON" }, { "fit", "", "The whole fit, as JSON" },
    { "stale", "", "1: its inputs changed since" }, { "position", "", "Place in the protocol or in the model" },
    { "term", "", "Term of the model, as R names it" }, { "coef", "", "Coefficient" }, { "se", "", "Standard error" },
    { "measure", "", "What ratio or value is: HR, OR, risk, cumulative_incidence, probability" },
    { "ratio", "1", "exp(coef)" }, { "lower95", "", "Lower limit of the 95 % interval" },
    { "upper95", "", "Upper limit of the 95 % interval" }, { "p", "1", "p value" },
    { "horizon", "unit of the endpoint", "Time from the model's clock" },
    { "in_range", "", "1: within the range of the model's own data" }, { "note", "", "What is outside, or why there is no value" },
    { "kind", "", "What was refused: table, patient, scan, features, model" }, { "file", "", "File" },
    { "run_id", "", "Run of the program" }, { "version", "", "Version of the program" }, { "command", "", "Command" },
    { "inputs", "", "SHA-256 of the tables, as JSON" }, { "started", "UTC", "Start" }, { "ended", "UTC", "End" },
    { "exit_code", "", "Exit code" },
};

typedef struct {
    const char *folder;
    Db *db;
    const VariableSpace *space;
    Str dictionary;
    Json *files;
    Arena arena;
} Export;

static void row(Str *d, const char *file, const char *column, const char *unit, const char *says, const char *source)
{
    const char *const cell[] = { file, column, unit, says, source };
    for (int i = 0; i < 5; i++) {
        if (i) str_append_char(d, ',');
        csv_write_field(d, cell[i]);
    }
    str_append_char(d, '\n');
}

/* One row of the dictionary: a variable, a clinical column, or a column of a fixed view. */
static Rc describe(Export *x, const char *file, const char *column, bool wide, Err *e)
{
    Rc rc = OK;
    Variable v;
    bool found = false;
    Str text = { 0 };

    if (wide && strcmp(column, "patient") != 0) {
        TRY(variable_resolve(&v, &found, x->space, column, e));
        if (found) {
            const FeatureInfo *f = feature_info(v.feature);
            variable_label(&text, x->space, &v);
            str_appendf(&text, ": %s", f->definition);
            row(&x->dictionary, file, column, variable_unit(x->space, &v), str_text(&text), f->source);
        } else {
            const char *label, *unit;
            TRY(db_clinical_column_info(&label, &unit, x->db, column, &x->arena, e));
            row(&x->dictionary, file, column, unit, *label ? label : column, "clinical.csv");
        }
        goto out;
    }
    size_t i = 0, n = sizeof columns / sizeof *columns;
    while (i < n && strcmp(columns[i].column, column) != 0) i++;
    row(&x->dictionary, file, column, i < n ? columns[i].unit : "", i < n ? columns[i].says : "", "");
out:
    str_free(&text);
    return rc;
}

static Rc write_file(Export *x, const char *name, const Str *text, size_t rows, size_t n_columns, Err *e)
{
    Rc rc = OK;
    Str path = { 0 };

    path_join(&path, x->folder, name);
    TRY(str_check(&path, e));
    TRY(str_check(text, e));
    TRY(file_write_atomic(path.s, text->s, text->len, e));
    Json *f = json_push(x->files, json_object());
    json_set_text(f, "file", name);
    json_set_number(f, "rows", (double)rows);
    json_set_number(f, "columns", (double)n_columns);
out:
    str_free(&path);
    return rc;
}

static Rc export_view(Export *x, const char *view, Err *e)
{
    Rc rc = OK;
    Str text = { 0 };
    size_t rows = 0, n = 0;
    char **name = NULL;
    char *file = arena_printf(&x->arena, "%s.csv", view);

    if (!file) return err_nomem(e);
    TRY(db_view_columns(&name, &n, x->db, view, &x->arena, e));
    TRY(db_view_csv(&text, &rows, x->db, view, e));
    TRY(write_file(x, file, &text, rows, n, e));
    for (size_t i = 0; i < n; i++) TRY(describe(x, file, name[i], strncmp(view, "v_wide", 6) == 0, e));
out:
    str_free(&text);
    return rc;
}

/* Names of every change between two time points of a tracer, NULL-terminated. */
static Rc change_names(char ***out, const Export *x, const char *tracer, int from, int to, Arena *a, Err *e)
{
    Rc rc = OK;
    const VariableSpace *s = x->space;
    size_t n = 0;
    Str name = { 0 };
    char **list = ARENA_NEW(a, s->n_rois * FEATURE_COUNT * AGGREGATION_COUNT * 2 + 1, char *);

    if (!list) { rc = err_nomem(e); goto out; }
    for (size_t r = 0; r < s->n_rois; r++)
        for (int i = 0; i < FEATURE_COUNT; i++)
            for (int k = 0; k < AGGREGATION_COUNT; k++) {
                if (!(s->aggregations[i] & 1u << k)) continue;
                for (int kind = VARIABLE_DELTA; kind <= VARIABLE_RATIO; kind++) {
                    Variable v = { (VariableKind)kind, tracer, from, to, s->roi[r], (FeatureId)i, (Aggregation)k };
                    name.len = 0;
                    variable_name(&name, s, &v);
                    if (!(list[n++] = arena_strdup(a, str_text(&name)))) { rc = err_nomem(e); goto out; }
                }
            }
    *out = list;
out:
    str_free(&name);
    return rc;
}

static Rc export_frame(Export *x, const char *file, const Frame *f, Err *e)
{
    Rc rc = OK;
    Str text = { 0 };

    for (size_t k = 0; k < f->columns; k++) {
        if (k) str_append_char(&text, ',');
        csv_write_field(&text, f->column[k].name);
        TRY(describe(x, file, f->column[k].name, true, e));
    }
    str_append_char(&text, '\n');
    for (size_t i = 0; i < f->rows; i++) {
        for (size_t k = 0; k < f->columns; k++) {
            if (k) str_append_char(&text, ',');
            if (!f->column[k].is_text) csv_write_number(&text, f->column[k].num[i]);
            else csv_write_field(&text, f->column[k].text[i] ? f->column[k].text[i] : "NA");
        }
        str_append_char(&text, '\n');
    }
    rc = write_file(x, file, &text, f->rows, f->columns, e);
out:
    str_free(&text);
    return rc;
}

/* As many columns a file as a view has, so that every file can be read again; the rest in files with _part2 … behind the name. */
static Rc export_changes(Export *x, const char *tracer, int from, int to, Err *e)
{
    Rc rc = OK;
    Arena a = { 0 };
    Frame f = { 0 };
    char **name = NULL;

    TRY(change_names(&name, x, tracer, from, to, &a, e));
    for (int part = 1; *name; part++) {
        char *kept = NULL, **end = name;
        char *file = arena_printf(&a, part == 1 ? "change_%s_%s_%s.csv" : "change_%s_%s_%s_part%d.csv", tracer,
                                  x->space->timepoint_slug[from], x->space->timepoint_slug[to], part);
        if (!file) { rc = err_nomem(e); goto out; }
        while (*end && end - name < WIDE_COLUMNS_MAX) end++;
        kept = *end;                               /* the list ends here for now */
        *end = NULL;
        TRY(study_frame(&f, x->db, x->space, (const char *const *)name, file, e));
        *end = kept;
        TRY(export_frame(x, file, &f, e));
        frame_free(&f);
        name = end;
    }
out:
    frame_free(&f);
    arena_free(&a);
    return rc;
}

static bool scanned(const StoredScans *scans, const char *tracer, const char *timepoint)
{
    for (size_t i = 0; i < scans->n; i++)
        if (!strcmp(scans->scan[i].tracer_slug, tracer) && !strcmp(scans->scan[i].timepoint, timepoint)) return true;
    return false;
}

Rc export_study(Json **files, const char *folder, Db *db, const Protocol *p, const Progress *w, Err *e)
{
    Rc rc = OK;
    VariableSpace space = { 0 };
    StoredScans scans = { 0 };
    Export x = { .folder = folder, .db = db, .space = &space, .files = json_array() };
    char **view = NULL;
    size_t n = 0;

    *files = NULL;
    if (!x.files) { rc = err_nomem(e); goto out; }
    TRY(folder_make(folder, e));
    TRY(variable_space_stored(&space, p, db, e));
    TRY(db_scans_load(&scans, db, false, e));
    TRY(db_names(&view, &n, db, "views", &x.arena, e));
    str_append(&x.dictionary, "file,column,unit,description,source\n");
    for (size_t i = 0; i < n; i++) {
        if (progress_interrupted(w)) TRY(err_set(e, ERR_INTERRUPTED, "interrupted; what was finished is kept"));
        TRY(export_view(&x, view[i], e));
    }
    for (size_t t = 0; t < space.n_tracers; t++)
        for (size_t k = 0; k < p->n_changes; k++) {
            int from = variable_timepoint(&space, p->timepoint[p->change[k].from]);
            int to = variable_timepoint(&space, p->timepoint[p->change[k].to]);
            if (from < 0 || to < 0 || !scanned(&scans, space.tracer[t], space.timepoint[from]) ||
                !scanned(&scans, space.tracer[t], space.timepoint[to])) continue;
            TRY(export_changes(&x, space.tracer[t], from, to, e));
        }
    TRY(write_file(&x, "dictionary.csv", &x.dictionary, 0, 5, e));
    *files = x.files;
    x.files = NULL;
out:
    json_free(x.files);
    str_free(&x.dictionary);
    stored_scans_free(&scans);
    variable_space_free(&space);
    arena_free(&x.arena);
    return rc;
}
