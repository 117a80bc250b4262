/* cli/steps.c: the steps of a study as `ingest`, `extract` and `run` take them. */
#include "cli/steps.h"

#include <string.h>

#include "core/str.h"
#include "study/extract_study.h"
#include "study/ingest_study.h"
#include "study/report_study.h"

bool step_ingest(Json **out, StudyRun *r)
{
    Err e = { 0 };
    IngestResult s = { 0 };
    Rc rc = ingest_study(&s, &r->tables, r->dir, r->db, r->run_id, cli_threads(r->command), cli_progress(r->command), &e);

    study_run_refused(r, &s.rejected);
    Json *j = json_object();
    json_set_text(j, "schema", "reox.ingest/1");
    Json *p = json_set(j, "patients", json_object());
    json_set_number(p, "accepted", (double)s.patients);
    json_set_number(p, "new", (double)s.patients_added);
    json_set_number(p, "changed", (double)s.patients_changed);
    json_set_number(p, "removed", (double)s.patients_removed);
    Json *k = json_set(j, "scans", json_object());
    json_set_number(k, "listed", (double)s.scans);
    json_set_number(k, "new", (double)s.scans_added);
    json_set_number(k, "changed", (double)s.scans_changed);
    json_set_number(k, "unchanged", (double)s.scans_unchanged);
    json_set_number(k, "removed", (double)s.scans_removed);
    json_set_number(k, "refused", (double)s.scans_refused);
    json_set(j, "rejections", rejections_json(&s.rejected));
    ingest_result_free(&s);
    *out = j;
    return study_run_check(r, rc, &e);
}

bool step_extract(Json **out, StudyRun *r)
{
    Err e = { 0 };
    ExtractResult s = { 0 };
    Rc rc = extract_study(&s, &r->tables, r->dir, r->db, r->run_id, cli_threads(r->command), cli_progress(r->command), &e);

    study_run_refused(r, &s.rejected);
    Json *j = json_object();
    json_set_text(j, "schema", "reox.extract/1");
    Json *k = json_set(j, "scans", json_object());
    json_set_number(k, "accepted", (double)s.scans);
    json_set_number(k, "computed", (double)s.scans_computed);
    json_set_number(k, "unchanged", (double)s.scans_unchanged);
    json_set_number(k, "refused", (double)s.scans_refused);
    Json *p = json_set(j, "pairs", json_object());
    json_set_number(p, "wanted", (double)s.pairs);
    json_set_number(p, "computed", (double)s.pairs_computed);
    json_set_number(p, "unchanged", (double)s.pairs_unchanged);
    json_set_number(p, "removed", (double)s.pairs_removed);
    Json *v = json_set(j, "values", json_object());
    json_set_number(v, "new", (double)s.values);
    json_set_number(v, "undefined", (double)s.undefined);
    json_set(j, "rejections", rejections_json(&s.rejected));
    extract_result_free(&s);
    *out = j;
    return study_run_check(r, rc, &e);
}

bool step_report(Json **out, StudyRun *r, const char *patient, const char *out_dir)
{
    Err e = { 0 };
    ReportResult s = { 0 };
    const ReportWish wish = { r->dir, out_dir, patient, r->run_id, cli_threads(r->command) };
    Rc rc = report_study(&s, &r->tables, r->db, &wish, cli_progress(r->command), &e);

    Json *j = json_object();
    json_set_text(j, "schema", "reox.report/1");
    Json *k = json_set(j, "reports", json_object());
    json_set_number(k, "written", (double)(s.cohort + s.patients));
    json_set_number(k, "already good", (double)s.current);
    json_set_number(k, "removed", (double)s.removed);
    json_set_text(j, "folder", s.dir);
    report_result_free(&s);
    *out = j;
    return study_run_check(r, rc, &e);
}

/* "patients 60 accepted, 60 new; scans 180 listed …": the numbers of a step's object, in their order; zeros are left out but for
 * the first. */
void step_print(StudyRun *r, const char *step, const Json *j)
{
    Err e = { 0 };
    Str text = { 0 };
    bool group_before = false;

    str_appendf(&text, "%s: ", step);
    for (const Json *g = json_first(j); g; g = json_next(g)) {
        if (json_type(g) != JSON_OBJECT) continue;
        bool first = true;
        str_appendf(&text, "%s%s ", group_before ? "; " : "", json_key(g));
        for (const Json *n = json_first(g); n; n = json_next(n)) {
            if (!first && json_number(n) == 0) continue;
            str_appendf(&text, "%s%.0f %s", first ? "" : ", ", json_number(n), json_key(n));
            first = false;
        }
        group_before = true;
    }
    str_append(&text, "\n");
    Rc rc = str_check(&text, &e);
    if (rc == OK) rc = cli_print(text.s, &e);
    study_run_check(r, rc, &e);
    str_free(&text);
}
