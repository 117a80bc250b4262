/* tests/unit/test_study_tables.c: protocol, clinical table and list of scans, each with one thing wrong. */
#include <sys/stat.h>

#include "core/file.h"
#include "core/tracer.h"
#include "ingest/protocol.h"
#include "ingest/study_tables.h"
#include "unit.h"

static const char *const PROTOCOL =
    "{\"name\": \"t\", \"clinical\": \"clinical.csv\", \"scans\": \"scans.csv\", \"timepoints\": [\"pre\", \"mid\", \"end\"],"
    " \"hypoxia\": {\"FMISO\": {\"reference\": \"blood\", \"threshold\": 1.4, \"operator\": \">=\"}},"
    " \"columns\": {\"stage\": {\"label\": \"Stage\", \"levels\": [\"II\", \"III\"]}, \"age\": {\"unit\": \"years\"}},"
    " \"exclude\": [{\"if\": \"stage == 'II'\", \"reason\": \"early\"}],"
    " \"endpoints\": {\"os\": {\"time\": \"os_months\", \"event\": \"os_event\", \"time_unit\": \"months\"},"
    "  \"lrf\": {\"time\": \"lrf_months\", \"event\": \"lrf_code\", \"cause\": 1, \"time_unit\": \"months\"}, \"response\": {\"column\": \"responder\"}},"
    " \"board\": {\"endpoint\": \"os\", \"horizon\": 24, \"models\": [\"a\"]},"
    " \"models\": [{\"name\": \"a\", \"method\": \"cox\", \"formula\": \"Surv(os_months, os_event) ~ age\", \"landmark\": \"mid\", \"ties\": \"breslow\"}]}";

static const char *const CLINICAL =
    "patient,age,stage,os_months,os_event,lrf_months,lrf_code,responder\n"
    "P1,60,II,10,1,9,1,1\nP2,61,III,20,0,20,0,0\nP3,62,III,30,1,25,2,0\nP4,63,II,40,0,40,0,1\n";

static const char *const SCANS =
    "patient,timepoint,tracer,status,image,units,roi_gtv,roi_blood,day\n"
    "P1,pre,FMISO,done,a.nii,SUV,m.nii,b.nii,-7\nP1,mid,18F-MISO,done,b.nii,SUV,m.nii,b.nii,14\nP2,pre,FMISO,not_done,,,,,\nP3,pre,FMISO,,c.nii,,m.nii,,0\n";

/* ---- protocol */

static Rc parse(Protocol *p, const char *text, Err *e) { return protocol_parse(p, text, strlen(text), "study.json", e); }

/* text with `from` replaced by `to`; static storage */
static const char *with(const char *text, const char *from, const char *to)
{
    static char out[8192];
    const char *at = strstr(text, from);
    ck_assert_msg(at != NULL, "no '%s' in the text", from);
    snprintf(out, sizeof out, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
    return out;
}

START_TEST(reads_every_key)
{
    Err e = { 0 };
    Protocol p = { 0 };
    assert_ok_e(parse(&p, PROTOCOL, &e), e);
    ck_assert_uint_eq(p.n_timepoints, 3);
    ck_assert(p.timepoints_declared);
    ck_assert_str_eq(p.hypoxia[0].reference, "blood");
    assert_near(p.hypoxia[0].threshold, 1.4, 0);
    ck_assert_int_eq(p.hypoxia[0].op, OP_GE);
    ck_assert_uint_eq(p.n_changes, 2);                   /* each with the first */
    ck_assert_int_eq(p.change[1].to, 2);
    ck_assert(protocol_endpoint(&p, "lrf")->has_cause && !protocol_endpoint(&p, "os")->has_cause);
    ck_assert_str_eq(protocol_endpoint(&p, "response")->column, "responder");
    const ModelSpec *m = protocol_model(&p, "a");
    ck_assert_int_eq(m->landmark, LANDMARK_TIMEPOINT);
    ck_assert_int_eq(m->landmark_timepoint, 1);
    ck_assert_uint_eq(json_size(m->options), 1);         /* what is the method's: ties */
    ck_assert_str_eq(json_text(json_get(m->options, "ties")), "breslow");
    assert_near(p.board_horizon, 24, 0);
    ck_assert_str_eq(p.column[0].levels[1], "III");
    protocol_free(&p);
}
END_TEST

START_TEST(only_two_keys_are_required)
{
    Err e = { 0 };
    Protocol p = { 0 };
    assert_ok_e(parse(&p, "{\"clinical\": \"c.csv\", \"scans\": \"s.csv\"}", &e), e);
    ck_assert_uint_eq(p.n_changes + p.n_models + p.n_endpoints, 0);
    ck_assert(isnan(p.board_horizon));
    protocol_free(&p);
    ck_assert_int_eq(parse(&p, "{\"scans\": \"s.csv\"}", &e), ERR_INPUT);
    ck_assert_ptr_nonnull(strstr(e.text, "clinical"));
}
END_TEST

static void refuse_protocol(const char *from, const char *to, const char *word)
{
    Err e = { 0 };
    Protocol p = { 0 };
    Rc rc = parse(&p, with(PROTOCOL, from, to), &e);
    ck_assert_msg(rc == ERR_INPUT, "accepted: %s", to);
    ck_assert_msg(strstr(e.text, word) != NULL, "'%s' does not say '%s'", e.text, word);
    ck_assert_int_eq(strncmp(e.text, "study.json", 10), 0);
}

START_TEST(refuses_by_name)
{
    refuse_protocol("\"timepoints\"", "\"timepoint\"", "timepoints");                     /* the nearest known key */
    refuse_protocol("\"name\": \"t\"", "\"name\": \"t\", \"name\": \"u\"", "duplicate");
    refuse_protocol("\"horizon\": 24", "\"horizon\": \"24\"", "horizon");
    refuse_protocol("\"horizon\": 24", "\"horizon\": 0", "above 0");
    refuse_protocol("[\"pre\", \"mid\", \"end\"]", "[\"pre\", \"mid\", \"Pre\"]", "duplicate");
    refuse_protocol("[\"pre\", \"mid\", \"end\"]", "[\"pre\", \"mid\", \"pre_mid\"]", "change from pre to mid");
    refuse_protocol("[\"pre\", \"mid\", \"end\"]", "[\"pre\", 2, \"mid\"]", "number");
    refuse_protocol("\"operator\": \">=\"", "\"operator\": \"=>\"", "operator");
    refuse_protocol("\"threshold\": 1.4", "\"threshold\": -1", "threshold");
    refuse_protocol("\"threshold\": 1.4", "\"treshold\": 1.4", "threshold");
    refuse_protocol("\"time_unit\": \"months\"", "\"time_unit\": \"month\"", "time_unit");
    refuse_protocol("\"cause\": 1", "\"cause\": 1.5", "cause");
    refuse_protocol("{\"column\": \"responder\"}", "{\"column\": \"responder\", \"time\": \"os_months\"}", "column");
    refuse_protocol("{\"column\": \"responder\"}", "{\"time\": \"os_months\"}", "event");
    refuse_protocol("\"landmark\": \"mid\"", "\"landmark\": \"mod\"", "perhaps mid");
    refuse_protocol("\"landmark\": \"mid\"", "\"landmark\": -3", "landmark");
    refuse_protocol("\"method\": \"cox\", ", "", "method");
    refuse_protocol("\"models\": [\"a\"]", "\"models\": [\"b\"]", "b is not among");
    refuse_protocol("\"endpoint\": \"os\"", "\"endpoint\": \"pfs\"", "pfs");
    refuse_protocol("\"timepoints\": [\"pre\", \"mid\", \"end\"],", "\"timepoints\": [\"pre\", \"mid\", \"end\"], \"changes\": [[\"mid\", \"pre\"]],", "later");
    refuse_protocol("\"timepoints\": [\"pre\", \"mid\", \"end\"],", "", "timepoints is missing");
    refuse_protocol("[\"II\", \"III\"]", "[\"II\", \"II\"]", "twice");
}
END_TEST

/* ---- tables */

static char folder[] = "/tmp/reox-tables-XXXXXX";

static void save(const char *name, const char *text)
{
    Err e = { 0 };
    char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_ok_e(file_write_atomic(path, text, strlen(text), &e), e);
}

static void setup(void)
{
    strcpy(folder + strlen(folder) - 6, "XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    save("study.json", PROTOCOL);
    save("clinical.csv", CLINICAL);
    save("scans.csv", SCANS);
}

static void teardown(void)
{
    static const char *const names[] = { "study.json", "clinical.csv", "scans.csv" };
    char path[128];
    for (int i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        unlink(path);
    }
    rmdir(folder);
}

/* Warnings of the last reading, joined. */
static char warned[4096];
static void keep_warning(void *context, const char *line)
{
    (void)context;
    strncat(warned, line, sizeof warned - strlen(warned) - 1);
}

static Rc read_tables(StudyTables *t, Err *e)
{
    const Progress w = { .warn = keep_warning };
    *warned = 0;
    return study_tables_read(t, folder, &w, e);
}

static void refuse_tables(const char *name, const char *text, const char *word)
{
    Err e = { 0 };
    StudyTables t = { 0 };
    save(name, text);
    Rc rc = read_tables(&t, &e);
    ck_assert_msg(rc == ERR_INPUT, "accepted, expected '%s'", word);
    ck_assert_msg(strstr(e.text, word) != NULL, "'%s' does not say '%s'", e.text, word);
    ck_assert_int_eq(strncmp(e.text, name, strlen(name)), 0);
    setup();
}

/* One patient is refused with a line that says the word; the others stay. */
static void refuse_patient(const char *from, const char *to, const char *word, size_t left)
{
    Err e = { 0 };
    StudyTables t = { 0 };
    save("clinical.csv", with(CLINICAL, from, to));
    assert_ok_e(read_tables(&t, &e), e);
    ck_assert_msg(t.rejected.n == 1, "%zu refused for '%s'", t.rejected.n, to);
    ck_assert_msg(strstr(t.rejected.item[0].what, word) != NULL, "'%s' does not say '%s'", t.rejected.item[0].what, word);
    ck_assert_uint_eq(t.clinical.frame.rows, left);
    study_tables_free(&t);
}

START_TEST(good_tables)
{
    Err e = { 0 };
    StudyTables t = { 0 };
    assert_ok_e(read_tables(&t, &e), e);
    ck_assert_str_eq(warned, "");
    ck_assert_uint_eq(t.rejected.n, 0);
    ck_assert_uint_eq(t.clinical.frame.rows, 4);
    ck_assert_str_eq(t.clinical.frame.column[0].name, "patient");
    ck_assert(frame_column(&t.clinical.frame, "stage")->is_text && !frame_column(&t.clinical.frame, "age")->is_text);
    ck_assert_uint_eq(t.scans.n, 4);
    ck_assert_str_eq(t.scans.scan[1].tracer_slug, "fmiso");          /* an alias */
    ck_assert_str_eq(t.scans.scan[1].tracer, "18F-MISO");
    ck_assert_int_eq(t.scans.scan[2].status, SCAN_NOT_DONE);
    ck_assert_int_eq(t.scans.scan[3].status, SCAN_DONE);
    ck_assert(isnan(t.scans.scan[2].day) && t.scans.scan[3].day == 0);
    ck_assert_ptr_null(t.scans.scan[3].roi[1].path);
    study_tables_free(&t);
}
END_TEST

START_TEST(bad_cells_cost_their_patient)
{
    refuse_patient("P2,61", "P2,sixty", "age", 3);
    refuse_patient("P2,61", "P2,\"61,5\"", "decimal point", 3);
    refuse_patient("P2,61", "P2,1e999", "age", 3);
    refuse_patient("III,20,0", "III,-20,0", "negative", 3);
    refuse_patient("III,20,0", "III,NaN,0", "os_months", 3);
    refuse_patient("III,20,0", "III,20,2", "os_event", 3);
    refuse_patient("III,20,0", "III,20,0.5", "os_event", 3);
    refuse_patient("25,2,0", "25,2.5,0", "lrf_code", 3);
    refuse_patient("20,0,20,0,0", "20,0,20,0,7", "responder", 3);
    refuse_patient("P2,61,III", "P2,61,IIIa", "levels", 3);
    refuse_patient("P4,63", "p1,63", "duplicate", 2);
    refuse_patient("P4,63", "P 4,63", "character ' '", 3);
    refuse_patient("P4,63", "..,63", "id", 3);
    refuse_patient("P4,63", ",63", "missing", 3);
    refuse_patient("P4,63", "NA,63", "missing", 3);
}
END_TEST

/* A refused id may be a name: neither the line nor the rejection repeats it. */
START_TEST(refused_ids_are_not_repeated)
{
    Err e = { 0 };
    StudyTables t = { 0 };
    save("clinical.csv", with(CLINICAL, "P4,63", "Jane Doe,63"));
    assert_ok_e(read_tables(&t, &e), e);
    ck_assert_uint_eq(t.rejected.n, 1);
    ck_assert_ptr_null(strstr(t.rejected.item[0].what, "Jane"));
    ck_assert_ptr_null(t.rejected.item[0].patient);
    study_tables_free(&t);
}
END_TEST

START_TEST(scans_of_refused_patients_are_left_out)
{
    Err e = { 0 };
    StudyTables t = { 0 };
    save("clinical.csv", with(CLINICAL, "P1,60", "P1,sixty"));
    assert_ok_e(read_tables(&t, &e), e);
    ck_assert_uint_eq(t.scans.n, 2);
    ck_assert_int_eq(clinical_row(&t.clinical, "P1"), -1);
    study_tables_free(&t);
}
END_TEST

/* P1: last time 10 months = 304 days. A scan on day 305 means that one of the dates is wrong. */
START_TEST(a_scan_after_the_last_time_refuses_the_patient)
{
    Err e = { 0 };
    StudyTables t = { 0 };
    save("scans.csv", with(SCANS, "b.nii,14", "b.nii,304"));
    assert_ok_e(read_tables(&t, &e), e);
    ck_assert_uint_eq(t.rejected.n, 0);
    study_tables_free(&t);
    save("scans.csv", with(SCANS, "b.nii,14", "b.nii,305"));
    assert_ok_e(read_tables(&t, &e), e);
    ck_assert_uint_eq(t.rejected.n, 1);
    ck_assert_str_eq(t.rejected.item[0].patient, "P1");
    ck_assert_uint_eq(t.clinical.frame.rows, 3);
    ck_assert_uint_eq(t.scans.n, 2);
    assert_near(frame_column(&t.clinical.frame, "os_months")->num[0], 20, 0);
    ck_assert_str_eq(frame_column(&t.clinical.frame, "patient")->text[0], "P2");
    study_tables_free(&t);
}
END_TEST

START_TEST(whole_clinical_table)
{
    refuse_tables("clinical.csv", with(CLINICAL, "patient,", "Patient,"), "no column patient");
    refuse_tables("clinical.csv", with(CLINICAL, "os_event", "os_evnt"), "os_evnt");
    refuse_tables("clinical.csv", with(CLINICAL, "age,stage", "age,Age"), "twice");
    refuse_tables("clinical.csv", with(CLINICAL, "P2,61,III,20,0,20,0,0", "P2,61"), "fields");
}
END_TEST

START_TEST(whole_list_of_scans)
{
    refuse_tables("scans.csv", with(SCANS, "P2,pre", "P9,pre"), "P9");
    refuse_tables("scans.csv", with(SCANS, "P2,pre", "P2,post"), "post");
    refuse_tables("scans.csv", with(SCANS, "P1,mid,18F-MISO", "P1,pre,18F-MISO"), "duplicate of line 2");
    refuse_tables("scans.csv", with(SCANS, "done,a.nii,SUV", "done,a.nii,suv"), "units");
    refuse_tables("scans.csv", with(SCANS, "not_done", "missing"), "status");
    refuse_tables("scans.csv", with(SCANS, "b.nii,14", "b.nii,2021-02-30"), "day");
    refuse_tables("scans.csv", with(SCANS, "done,a.nii", "done,"), "image");
    refuse_tables("scans.csv", with(SCANS, "tracer", "tracr"), "tracer");
    refuse_tables("scans.csv", with(SCANS, "roi_blood", "roi_pre"), "time point");
    refuse_tables("scans.csv", with(SCANS, "roi_blood", "roi_GTV"), "twice");
    refuse_tables("scans.csv", with(SCANS, ",day", ",scan_date"), "time_zero");
    refuse_tables("scans.csv", with(SCANS, ",roi_blood", ",reference_value"), "reference_value");
}
END_TEST

START_TEST(dates_become_days)
{
    Err e = { 0 };
    StudyTables t = { 0 };
    save("clinical.csv", "patient,time_zero,age,stage,os_months,os_event,lrf_months,lrf_code,responder\n"
                         "P1,2020-02-28,60,II,10,1,9,1,1\nP2,,61,III,20,0,20,0,0\nP3,2021-13-01,62,III,30,1,25,2,0\n");
    save("scans.csv", "patient,timepoint,tracer,image,scan_date\nP1,pre,FMISO,a.nii,2020-03-01\nP2,pre,FMISO,b.nii,2020-03-01\nP3,pre,FMISO,c.nii,2020-03-01\n");
    assert_ok_e(read_tables(&t, &e), e);
    ck_assert_uint_eq(t.rejected.n, 1);                              /* P3: month 13 */
    assert_near(t.scans.scan[0].day, 2, 0);                          /* a leap year */
    ck_assert(isnan(t.scans.scan[1].day));
    ck_assert_int_eq(frame_find(&t.clinical.frame, "time_zero"), -1);        /* dates are not kept */
    ck_assert_ptr_nonnull(strstr(warned, "time_zero"));
    study_tables_free(&t);
    int day = 0;
    ck_assert(date_read(&day, "1970-01-01") && day == 0);
    ck_assert(date_read(&day, "2000-03-01") && day == 11017);
    ck_assert(date_read(&day, "1969-12-31") && day == -1);
    ck_assert(!date_read(&day, "2021-02-29") && !date_read(&day, "21-02-01") && !date_read(&day, "2021-02-1x"));
}
END_TEST

START_TEST(identifiers_and_strange_columns_are_warned_of)
{
    Err e = { 0 };
    StudyTables t = { 0 };
    save("clinical.csv", with(CLINICAL, "patient,age", "patient,Birth Date"));
    assert_ok_e(read_tables(&t, &e), e);
    ck_assert_ptr_nonnull(strstr(warned, "Birth Date"));
    ck_assert_int_eq(frame_find(&t.clinical.frame, "Birth Date"), -1);
    study_tables_free(&t);
    setup();
    save("clinical.csv", "patient,born,seen,os_months,os_event,lrf_months,lrf_code,responder,age,stage\n"
                         "P1,1950-05-03,2020-01-01,10,1,10,1,1,60,II\nP2,NA,in 2020,10,1,10,1,1,60,II\nP3,1961-12-31,,10,1,10,1,1,60,II\n");
    save("scans.csv", "patient,timepoint,tracer,status\n");
    assert_ok_e(read_tables(&t, &e), e);
    ck_assert_ptr_nonnull(strstr(warned, "column born holds dates"));
    ck_assert_int_eq(frame_find(&t.clinical.frame, "born"), -1);
    ck_assert_int_ge(frame_find(&t.clinical.frame, "seen"), 0);
    study_tables_free(&t);
    setup();
    save("scans.csv", with(SCANS, "P2,pre,FMISO", "P2,pre,XYZ"));
    assert_ok_e(read_tables(&t, &e), e);
    ck_assert_ptr_nonnull(strstr(warned, "XYZ"));
    study_tables_free(&t);
}
END_TEST

START_TEST(events_coded_one_and_two)
{
    Err e = { 0 };
    StudyTables t = { 0 };
    save("clinical.csv", "patient,age,stage,os_months,os_event,lrf_months,lrf_code,responder\nP1,60,II,10,2,9,1,1\nP2,61,III,20,1,20,0,0\nP3,62,III,30,2,25,2,0\nP4,63,II,40,3,40,0,1\n");
    assert_ok_e(read_tables(&t, &e), e);
    ck_assert_uint_eq(t.rejected.n, 1);
    ck_assert_ptr_nonnull(strstr(t.rejected.item[0].what, "1 or 2"));
    study_tables_free(&t);
}
END_TEST

START_TEST(presets_and_aliases)
{
    size_t n = 0;
    ck_assert_ptr_nonnull(tracer_presets(&n));
    ck_assert_uint_eq(n, 9);
    ck_assert_ptr_eq(tracer_find("[18F]FMISO"), tracer_find("fmiso"));
    ck_assert_ptr_eq(tracer_find("64cu-atsm"), tracer_find("CU64 ATSM"));
    ck_assert_ptr_null(tracer_find("Cu-ATSM"));                      /* which copper? */
    ck_assert_ptr_null(tracer_find(""));
    ck_assert_str_eq(tracer_find("EF5")->reference, "muscle");
    ck_assert(!tracer_find("FDG")->has_threshold && !tracer_find("Cu60-ATSM")->has_threshold);
    char slug[80];
    ck_assert_str_eq(tracer_slug(slug, "64Cu-ATSM"), "cu64_atsm");
    ck_assert_str_eq(tracer_slug(slug, "My Tracer 2"), "my_tracer_2");
    const Preset *p = tracer_presets(&n);
    for (size_t i = 0; i < n; i++) ck_assert_msg(p[i].has_threshold == (p[i].reference != NULL) && p[i].has_threshold == p[i].has_operator, "%s", p[i].name);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("study_tables");
    TCase *p = unit_case(s, "protocol"), *c = unit_case(s, "tables");
    tcase_add_test(p, reads_every_key);
    tcase_add_test(p, only_two_keys_are_required);
    tcase_add_test(p, refuses_by_name);
    tcase_add_test(p, presets_and_aliases);
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, good_tables);
    tcase_add_test(c, bad_cells_cost_their_patient);
    tcase_add_test(c, refused_ids_are_not_repeated);
    tcase_add_test(c, scans_of_refused_patients_are_left_out);
    tcase_add_test(c, a_scan_after_the_last_time_refuses_the_patient);
    tcase_add_test(c, whole_clinical_table);
    tcase_add_test(c, whole_list_of_scans);
    tcase_add_test(c, dates_become_days);
    tcase_add_test(c, identifiers_and_strange_columns_are_warned_of);
    tcase_add_test(c, events_coded_one_and_two);
    return s;
}

UNIT_MAIN("study_tables")
