/* tests/unit/test_variables.c: names of variables there and back, and the views whose columns they are. */
#include "tests/unit/study_fixture.h"

#include "db/db_wide.h"
#include "ingest/protocol.h"
#include "study/variables.h"
#include "study/wide.h"

#define T(text) ((char *)(text))                           /* structs of core hold text that is theirs */
static ScanRoi rois[] = { { T("gtv"), T("a.nii") }, { T("node"), T("b.nii") }, { T("blood"), T("c.nii") } };

/* A study with two tracers, whose FMISO has one aggregation and whose FDG has two. */
static void space_of(VariableSpace *s, Protocol *p, const char *features)
{
    Err e = { 0 };
    Str text = { 0 };
    static Scan scan[2];
    scan[0] = (Scan){ .patient = T("P1"), .timepoint = T("pre"), .tracer = T("FMISO"), .tracer_slug = T("fmiso"), .roi = rois, .n_roi = 3, .reference_value = NAN };
    scan[1] = (Scan){ .patient = T("P1"), .timepoint = T("Week 2"), .tracer = T("64Cu-ATSM"), .tracer_slug = T("cu64_atsm"), .roi = rois, .n_roi = 1, .reference_value = NAN };
    ScanList list = { .scan = scan, .n = 2, .n_roi_names = 3 };
    str_appendf(&text, "{\"clinical\": \"c.csv\", \"scans\": \"s.csv\", \"timepoints\": [\"pre\", \"Week 2\", \"pre end\"], \"features\": %s}", features);
    assert_ok_e(protocol_parse(p, str_text(&text), text.len, "study.json", &e), e);
    assert_ok_e(variable_space(s, p, &list, &e), e);
    str_free(&text);
}

/* What a name means, as text; "" when it is no variable. */
static void meaning(char out[256], const VariableSpace *s, const char *name)
{
    Variable v;
    bool found;
    Err e = { 0 };
    assert_ok_e(variable_resolve(&v, &found, s, name, &e), e);
    out[0] = '\0';
    if (!found) return;
    static const char *const kind[] = { "feature", "delta", "ratio" };
    snprintf(out, 256, "%s %s %s>%s %s %s %s", kind[v.kind], v.tracer, s->timepoint[v.from], v.to >= 0 ? s->timepoint[v.to] : "", v.roi,
             feature_info(v.feature)->name, v.aggregation ? aggregation_name(v.aggregation) : "");
}

START_TEST(names_are_read)
{
    static const struct { const char *name, *means; } row[] = {
        { "fmiso_pre_fhv", "feature fmiso pre> gtv fhv " },
        { "fmiso_pre_node_suv_max", "feature fmiso pre> node suv_max " },
        { "cu64_atsm_week_2_tbr_max", "feature cu64_atsm Week 2> gtv tbr_max " },
        { "fmiso_pre_week_2_delta_tbr_max", "delta fmiso pre>Week 2 gtv tbr_max " },
        { "fmiso_pre_week_2_node_ratio_hv_ml", "ratio fmiso pre>Week 2 node hv_ml " },
        { "fmiso_pre_end_fhv", "feature fmiso pre end> gtv fhv " },
        { "fmiso_pre_pre_end_delta_fhv", "delta fmiso pre>pre end gtv fhv " },
        { "fmiso_pre_glcm_joint_maximum", "feature fmiso pre> gtv glcm_joint_maximum 3D:mrg" },
        { "fmiso_pre_glcm_joint_maximum_3d_mrg", "feature fmiso pre> gtv glcm_joint_maximum 3D:mrg" },
        { "fmiso_pre_glcm_joint_maximum_2d_avg", "" },     /* not computed */
        { "fmiso_pre_glszm_small_zone_emphasis", "feature fmiso pre> gtv glszm_small_zone_emphasis 3D" },
        { "fmiso_pre_blood_suv_max", "" },                 /* a reference region has no features */
        { "fmiso_pre", "" }, { "fmiso_pre_", "" }, { "fmiso_fhv", "" }, { "faza_pre_fhv", "" }, { "age", "" },
        { "FMISO_pre_fhv", "" }, { "fmiso_pre_pre_delta_fhv", "" }, { "fmiso_pre_week_2_fhv", "" },
    };
    VariableSpace s = { 0 };
    Protocol p = { 0 };
    char got[256];
    space_of(&s, &p, "{}");
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        meaning(got, &s, row[i].name);
        ck_assert_msg(strcmp(got, row[i].means) == 0, "%s: \"%s\", expected \"%s\"", row[i].name, got, row[i].means);
    }
    variable_space_free(&s);
    protocol_free(&p);
}
END_TEST

START_TEST(aggregation_follows_where_there_are_several)
{
    VariableSpace s = { 0 };
    Protocol p = { 0 };
    char got[256];
    space_of(&s, &p, "{\"texture\": {\"aggregation\": [\"3D:mrg\"]}, \"by_tracer\": {\"64Cu-ATSM\": {\"texture\": {\"aggregation\": [\"2D:avg\"]}}}}");
    meaning(got, &s, "fmiso_pre_glcm_joint_maximum");
    ck_assert_str_eq(got, "");
    meaning(got, &s, "fmiso_pre_glcm_joint_maximum_3d_mrg");
    ck_assert_str_eq(got, "feature fmiso pre> gtv glcm_joint_maximum 3D:mrg");
    meaning(got, &s, "cu64_atsm_week_2_glcm_joint_maximum_2d_avg");
    ck_assert_str_eq(got, "feature cu64_atsm Week 2> gtv glcm_joint_maximum 2D:avg");
    meaning(got, &s, "fmiso_pre_fhv");                     /* has none */
    ck_assert_str_eq(got, "feature fmiso pre> gtv fhv ");
    variable_space_free(&s);
    protocol_free(&p);
}
END_TEST

/* Every variable of the study has a name, and the name means it: no two share one. */
START_TEST(names_there_and_back)
{
    VariableSpace s = { 0 };
    Protocol p = { 0 };
    Err e = { 0 };
    Str name = { 0 };
    size_t n = 0;
    space_of(&s, &p, "{\"texture\": {\"aggregation\": [\"3D:mrg\", \"3D:avg\", \"2.5D:mrg\"]}}");
    for (size_t t = 0; t < s.n_tracers; t++)
        for (int from = 0; from < (int)s.n_timepoints; from++)
            for (int to = -1; to < (int)s.n_timepoints; to++)
                for (size_t r = 0; r < s.n_rois; r++)
                    for (int f = 0; f < FEATURE_COUNT; f++)
                        for (int a = 0; a < AGGREGATION_COUNT; a++)
                            for (int kind = to < 0 ? VARIABLE_FEATURE : VARIABLE_DELTA; kind <= (to < 0 ? VARIABLE_FEATURE : VARIABLE_RATIO); kind++) {
                                if (to == from || !(s.aggregations[f] & 1u << a) || (to >= 0 && f % 7)) continue;
                                Variable v = { (VariableKind)kind, s.tracer[t], from, to, s.roi[r], (FeatureId)f, (Aggregation)a }, w;
                                bool found;
                                name.len = 0;
                                variable_name(&name, &s, &v);
                                assert_ok_e(variable_resolve(&w, &found, &s, str_text(&name), &e), e);
                                ck_assert_msg(found && w.kind == v.kind && w.from == v.from && w.to == v.to && w.feature == v.feature &&
                                              w.aggregation == v.aggregation && !strcmp(w.roi, v.roi) && !strcmp(w.tracer, v.tracer),
                                              "%s means another variable", str_text(&name));
                                n++;
                            }
    ck_assert(n > 5000);
    str_free(&name);
    variable_space_free(&s);
    protocol_free(&p);
}
END_TEST

START_TEST(two_readings_are_refused)
{
    VariableSpace s = { 0 };
    Protocol p = { 0 };
    Err e = { 0 };
    Variable v;
    bool found;
    static char roi_text[] = "end";
    space_of(&s, &p, "{}");
    s.roi[s.n_rois - 1] = roi_text;                        /* region "end" at "pre", or "gtv" at "pre end" */
    ck_assert_int_eq(variable_resolve(&v, &found, &s, "fmiso_pre_end_fhv", &e), ERR_INPUT);
    ck_assert(strstr(e.text, "two") || strstr(e.text, "2 ways"));
    variable_space_free(&s);
    protocol_free(&p);
}
END_TEST

/* Frames by name: clinical columns and variables, missing where there is no scan; unknown names with the nearest one. */
START_TEST(frames_by_name)
{
    static const char *const wanted[] = { "fmiso_mid_fhv", "age", "fmiso_pre_mid_delta_fhv", "stage", "age", NULL };
    static const char *const wrong[] = { "fmiso_pre_fhw", NULL };
    VariableSpace s = { 0 };
    Protocol p = { 0 };
    Frame f = { 0 };
    Db *db = NULL;
    Err e = { 0 };
    fixture_make(3);
    fixture_run("s.db", 1, true, NULL);
    assert_ok_e(protocol_read(&p, fixture_dir, NULL, &e), e);
    assert_ok_e(db_open(&db, fixture_path("s.db"), DB_READ, &e), e);
    assert_ok_e(variable_space_stored(&s, &p, db, &e), e);
    assert_ok_e(study_frame(&f, db, &s, wanted, "test", &e), e);
    ck_assert_int_eq((int)f.rows, 3);
    ck_assert_int_eq((int)f.columns, 5);
    ck_assert_str_eq(f.column[0].text[1], "P002");
    ck_assert(frame_column(&f, "age")->num[2] == 53);
    ck_assert_str_eq(frame_column(&f, "stage")->text[0], "II");
    for (int i = 0; i < 3; i++) {
        char sql[256];
        snprintf(sql, sizeof sql, "SELECT fmiso_mid_fhv - fmiso_pre_fhv - %.17g FROM v_wide WHERE patient = 'P00%d'",
                 frame_column(&f, "fmiso_pre_mid_delta_fhv")->num[i], i + 1);
        ck_assert(fixture_ask("s.db", sql) == 0);
    }
    frame_free(&f);
    ck_assert_int_eq(study_frame(&f, db, &s, wrong, "study.json: models.a", &e), ERR_INPUT);
    ck_assert_msg(strstr(e.text, "study.json: models.a") && strstr(e.text, "fmiso_pre_fhv"), "%s", e.text);
    frame_free(&f);
    db_close(db);
    variable_space_free(&s);
    protocol_free(&p);
    fixture_remove();
}
END_TEST

/* Views with as many columns as there may be, and more scans than SQLite joins, answer like the tables. */
START_TEST(wide_views_at_their_limits)
{
    enum { SCANS = 70 };
    Db *db = NULL;
    Err e = { 0 };
    bool changed;
    static char slug[SCANS][16], name[WIDE_COLUMNS_MAX][32];
    static VariableKey key[WIDE_COLUMNS_MAX];
    static WideColumn column[WIDE_COLUMNS_MAX];
    fixture_make(1);
    fixture_run("s.db", 1, true, NULL);
    assert_ok_e(db_open(&db, fixture_path("s.db"), DB_WRITE, &e), e);
    for (int i = 0; i < SCANS; i++) snprintf(slug[i], sizeof slug[i], i == 68 ? "fmiso" : "t%d", i);
    for (int i = 0; i < WIDE_COLUMNS_MAX; i++) {
        snprintf(name[i], sizeof name[i], "c%d", i);
        key[i] = (VariableKey){ slug[i % SCANS], "pre", NULL, "gtv", "fhv", "" };
        column[i] = (WideColumn){ name[i], &key[i] };
    }
    /* The one scan that is there is beyond what is joined. */
    const WideView view[] = { { "v_wide", NULL, NULL, column, WIDE_COLUMNS_MAX }, { "v_wide_fmiso_pre", "fmiso", "pre", column, WIDE_COLUMNS_MAX } };
    assert_ok_e(db_begin(db, &e), e);
    assert_ok_e(db_wide_store(&changed, db, view, 2, &e), e);
    assert_ok_e(db_commit(db, &e), e);
    ck_assert(changed);
    assert_ok_e(db_begin(db, &e), e);
    assert_ok_e(db_wide_store(&changed, db, view, 2, &e), e);
    assert_ok_e(db_commit(db, &e), e);
    ck_assert(!changed);
    db_close(db);
    double fhv = fixture_ask("s.db", "SELECT value FROM v_feature WHERE feature = 'fhv' AND timepoint = 'pre'");
    ck_assert(isnan(fixture_ask("s.db", "SELECT c5 FROM v_wide")));
    ck_assert(fixture_ask("s.db", "SELECT c68 FROM v_wide") == fhv);
    ck_assert(isnan(fixture_ask("s.db", "SELECT c69 FROM v_wide")));
    ck_assert(fixture_ask("s.db", "SELECT c1899 FROM v_wide_fmiso_pre") == fhv);
    ck_assert_int_eq((int)fixture_ask("s.db", "SELECT count(*) FROM pragma_table_info('v_wide')"), 1 + WIDE_COLUMNS_MAX);
    fixture_remove();
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("variables");
    TCase *c = unit_case(s, "names");
    tcase_add_test(c, names_are_read);
    tcase_add_test(c, aggregation_follows_where_there_are_several);
    tcase_add_test(c, names_there_and_back);
    tcase_add_test(c, two_readings_are_refused);
    tcase_add_test(c, frames_by_name);
    tcase_add_test(c, wide_views_at_their_limits);
    return s;
}

UNIT_MAIN("variables")
