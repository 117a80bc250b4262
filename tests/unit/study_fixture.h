/* tests/unit/study_fixture.h: a small study folder made on the spot, and the content of a database as one digest. */
#ifndef REOX_TESTS_STUDY_FIXTURE_H
#define REOX_TESTS_STUDY_FIXTURE_H

#include <inttypes.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <sys/stat.h>

#include "core/file.h"
#include "core/hash.h"
#include "core/rng.h"
#include "core/volume.h"
#include "db/db.h"
#include "db/db_run.h"
#include "ingest/nifti.h"
#include "study/check_study.h"
#include "study/extract_study.h"
#include "study/ingest_study.h"
#include "tests/unit/unit.h"

static char fixture_dir[64];

__attribute__((format(printf, 2, 3), unused))
static void fixture_write(const char *name, const char *format, ...)
{
    char path[512];
    va_list ap;
    snprintf(path, sizeof path, "%s/%s", fixture_dir, name);
    FILE *f = fopen(path, "w");
    ck_assert(f != NULL);
    va_start(ap, format);
    vfprintf(f, format, ap);
    va_end(ap);
    fclose(f);
}

__attribute__((unused))
static const char *fixture_path(const char *name)
{
    static char path[4][512];
    static int turn;
    turn = (turn + 1) % 4;
    snprintf(path[turn], sizeof path[turn], "%s/%s", fixture_dir, name);
    return path[turn];
}

/* A ball of radius r voxels in the middle (tumour), or a rod at the edge (blood). */
__attribute__((unused))
static void fixture_mask(const char *name, double r, bool blood)
{
    Grid g = { { 16, 16, 10 }, { 4, 4, 5 }, affine_from_spacing((double[]){ 4, 4, 5 }, (double[]){ 0, 0, 0 }) };
    Mask m = { 0 };
    Err e = { 0 };
    assert_ok_e(mask_alloc(&m, &g, &e), e);
    for (int z = 0; z < 10; z++)
        for (int y = 0; y < 16; y++)
            for (int x = 0; x < 16; x++) {
                double d = hypot(hypot(x - 8, y - 8), z - 5);
                m.in[voxel_at(&g, x, y, z)] = blood ? x < 2 && y < 2 : d <= r;
            }
    assert_ok_e(nifti_write_mask(fixture_path(name), &m, &e), e);
    mask_free(&m);
}

__attribute__((unused))
static void fixture_image(const char *name, uint64_t seed)
{
    Grid g = { { 16, 16, 10 }, { 4, 4, 5 }, affine_from_spacing((double[]){ 4, 4, 5 }, (double[]){ 0, 0, 0 }) };
    Volume v = { 0 };
    Err e = { 0 };
    Rng r = rng_stream(seed, 0);
    assert_ok_e(volume_alloc(&v, &g, UNITS_SUV, &e), e);
    for (size_t i = 0; i < grid_voxels(&g); i++) v.v[i] = (float)(1 + rng_uniform(&r));
    assert_ok_e(nifti_write_volume(fixture_path(name), &v, &e), e);
    volume_free(&v);
}

static const char FIXTURE_PROTOCOL[] =
    "{ \"name\": \"fixture\", \"clinical\": \"clinical.csv\", \"scans\": \"scans.csv\", \"timepoints\": [\"pre\", \"mid\"],\n"
    "  \"hypoxia\": { \"FMISO\": { \"reference\": \"blood\", \"threshold\": 1.2, \"operator\": \">=\" } },\n"
    "  \"features\": { \"families\": [\"statistics\", \"hypoxia\"] },\n"
    "  \"endpoints\": { \"os\": { \"time\": \"os_months\", \"event\": \"os_event\", \"time_unit\": \"months\" } } }\n";

/* n patients, each with a scan before and one during treatment. */
__attribute__((unused))
static void fixture_make(int n)
{
    Str clinical = { 0 }, scans = { 0 };
    char name[64];
    /* In memory where that is there: what is tested does not need a disk's syncs, and takes a minute with a busy disk's. */
    snprintf(fixture_dir, sizeof fixture_dir, "%s/reox-study-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    ck_assert(mkdtemp(fixture_dir) != NULL);
    fixture_write("study.json", "%s", FIXTURE_PROTOCOL);
    str_append(&clinical, "patient,age,stage,os_months,os_event\n");
    str_append(&scans, "patient,timepoint,tracer,status,image,units,roi_gtv,roi_blood,day\n");
    for (int i = 1; i <= n; i++) {
        str_appendf(&clinical, "P%03d,%d,%s,%d.5,%d\n", i, 50 + i, i % 2 ? "II" : "III", 10 + i, i % 2);
        for (int k = 0; k < 2; k++) {
            const char *t = k ? "mid" : "pre";
            str_appendf(&scans, "P%03d,%s,FMISO,done,%s%d.nii.gz,SUV,gtv%d.nii.gz,blood.nii.gz,%d\n", i, t, t, i, i, k ? 14 : -7);
            snprintf(name, sizeof name, "%s%d.nii.gz", t, i);
            fixture_image(name, (uint64_t)(2 * i + k));
        }
        snprintf(name, sizeof name, "gtv%d.nii.gz", i);
        fixture_mask(name, 2.0 + 0.2 * (i % 8), false);
    }
    fixture_mask("blood.nii.gz", 0, true);
    fixture_write("clinical.csv", "%s", str_text(&clinical));
    fixture_write("scans.csv", "%s", str_text(&scans));
    str_free(&clinical);
    str_free(&scans);
}

__attribute__((unused))
static void fixture_remove(void)
{
    char command[600];
    snprintf(command, sizeof command, "rm -rf %s", fixture_dir);
    ck_assert(system(command) == 0);
}

/* What `reox ingest` and `reox extract` do, on a database below the study. Refused subjects are counted. */
__attribute__((unused))
static size_t fixture_run(const char *db_name_, int threads, bool extract, const Progress *w)
{
    StudyTables t = { 0 };
    Db *db = NULL;
    Err e = { 0 };
    int64_t run = 0;
    IngestResult in = { 0 };
    ExtractResult out = { 0 };
    size_t refused;

    assert_ok_e(study_open(&t, fixture_dir, w, &e), e);
    assert_ok_e(db_open(&db, fixture_path(db_name_), DB_CREATE, &e), e);
    assert_ok_e(db_run_begin(&run, db, "test", &e), e);
    assert_ok_e(ingest_study(&in, &t, fixture_dir, db, run, threads, w, &e), e);
    if (extract) assert_ok_e(extract_study(&out, &t, fixture_dir, db, run, threads, w, &e), e);
    assert_ok_e(db_run_end(db, run, 0, NULL, NULL, &e), e);
    refused = in.rejected.n + out.rejected.n;
    ingest_result_free(&in);
    extract_result_free(&out);
    db_close(db);
    study_tables_free(&t);
    return refused;
}

/* One number of a query, for questions to a database. */
__attribute__((unused))
static double fixture_ask(const char *db_name_, const char *sql)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *s = NULL;
    ck_assert_int_eq(sqlite3_open_v2(fixture_path(db_name_), &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    ck_assert_msg(sqlite3_prepare_v2(db, sql, -1, &s, NULL) == SQLITE_OK, "%s: %s", sql, sqlite3_errmsg(db));
    int code = sqlite3_step(s);
    ck_assert_msg(code == SQLITE_ROW || code == SQLITE_DONE, "%s: %s", sql, sqlite3_errmsg(db));
    double x = code == SQLITE_ROW && sqlite3_column_type(s, 0) != SQLITE_NULL ? sqlite3_column_double(s, 0) : NAN;
    sqlite3_finalize(s);
    sqlite3_close(db);
    return x;
}

/* Appends the columns of a table that do not point to `run`. */
static void fixture_columns(Str *out, sqlite3 *db, const char *table)
{
    sqlite3_stmt *s = NULL;
    char *sql = sqlite3_mprintf("SELECT name FROM pragma_table_xinfo(%Q) WHERE name NOT IN "
                                "(SELECT \"from\" FROM pragma_foreign_key_list(%Q) WHERE \"table\" = 'run') ORDER BY cid", table, table);
    ck_assert_int_eq(sqlite3_prepare_v2(db, sql, -1, &s, NULL), SQLITE_OK);
    for (int i = 0; sqlite3_step(s) == SQLITE_ROW; i++) str_appendf(out, "%squote(\"%s\")", i ? ", " : "", (const char *)sqlite3_column_text(s, 0));
    sqlite3_finalize(s);
    sqlite3_free(sql);
}

/* SHA-256 of every table but run and audit, without the columns that point to run, and of the schema. */
__attribute__((unused))
static void fixture_digest(char sha[HASH_TEXT], const char *db_name_)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *tables = NULL, *s = NULL;
    Sha256 h;
    ck_assert_int_eq(sqlite3_open_v2(fixture_path(db_name_), &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    sha256_begin(&h);
    ck_assert_int_eq(sqlite3_prepare_v2(db, "SELECT name, type, coalesce(sql, '') FROM sqlite_master ORDER BY type, name", -1, &tables, NULL), SQLITE_OK);
    while (sqlite3_step(tables) == SQLITE_ROW) {
        const char *name = (const char *)sqlite3_column_text(tables, 0), *sql_text = (const char *)sqlite3_column_text(tables, 2);
        sha256_add(&h, name, strlen(name));
        sha256_add(&h, sql_text, strlen(sql_text));
        if (strcmp((const char *)sqlite3_column_text(tables, 1), "table") != 0 || !strcmp(name, "run") || !strcmp(name, "audit")) continue;
        Str sql = { 0 };
        str_append(&sql, "SELECT ");
        fixture_columns(&sql, db, name);
        str_appendf(&sql, " FROM \"%s\"", name);
        ck_assert_msg(sqlite3_prepare_v2(db, str_text(&sql), -1, &s, NULL) == SQLITE_OK, "%s", sqlite3_errmsg(db));
        int columns = sqlite3_column_count(s);
        sqlite3_finalize(s);
        str_append(&sql, " ORDER BY 1");
        for (int i = 2; i <= columns; i++) str_appendf(&sql, ", %d", i);
        ck_assert_msg(sqlite3_prepare_v2(db, str_text(&sql), -1, &s, NULL) == SQLITE_OK, "%s", sqlite3_errmsg(db));
        while (sqlite3_step(s) == SQLITE_ROW)
            for (int i = 0; i < columns; i++) sha256_add(&h, sqlite3_column_text(s, i), strlen((const char *)sqlite3_column_text(s, i)) + 1);
        sqlite3_finalize(s);
        str_free(&sql);
    }
    sqlite3_finalize(tables);
    sqlite3_close(db);
    sha256_end(&h, sha);
}

#endif
