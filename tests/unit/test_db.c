/* tests/unit/test_db.c: which database files are opened, and which are refused without changing a byte. */
#include "tests/unit/unit.h"

#include <sqlite3.h>
#include <sys/stat.h>

#include "core/file.h"
#include "core/hash.h"
#include "core/limits.h"
#include "db/db.h"
#include "db/db_rejection.h"
#include "db/db_run.h"
#include "db/query.h"

static char dir[] = "/tmp/reox-db-XXXXXX";
static char path[256];

static void setup(void)
{
    strcpy(dir, "/tmp/reox-db-XXXXXX");
    ck_assert(mkdtemp(dir) != NULL);
    snprintf(path, sizeof path, "%s/s.db", dir);
}

static void teardown(void)
{
    char command[300];
    snprintf(command, sizeof command, "rm -rf %s", dir);
    ck_assert(system(command) == 0);
}

static void make(void)
{
    Db *db = NULL;
    Err e = { 0 };
    assert_ok_e(db_open(&db, path, DB_CREATE, &e), e);
    db_close(db);
}

static void digest(char sha[HASH_TEXT], const char *file)
{
    Bytes b = { 0 };
    Err e = { 0 };
    assert_ok_e(file_read(&b, file, NULL, LIMIT_FILE_BYTES, &e), e);
    sha256_of(sha, b.data, b.size);
    bytes_free(&b);
}

/* Refused in every mode, naming the file and the reason, and no byte changed. */
static void refused(const char *reason)
{
    char before[HASH_TEXT], after[HASH_TEXT];
    digest(before, path);
    for (DbMode mode = DB_READ; mode <= DB_CREATE; mode++) {
        Db *db = NULL;
        Err e = { 0 };
        ck_assert_int_eq(db_open(&db, path, mode, &e), ERR_DB);
        ck_assert(db == NULL);
        ck_assert_msg(strstr(e.text, "s.db") && strstr(e.text, reason), "%s", e.text);
    }
    digest(after, path);
    ck_assert_str_eq(before, after);
}

static void sql(const char *text)
{
    sqlite3 *db = NULL;
    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    ck_assert_msg(sqlite3_exec(db, text, NULL, NULL, NULL) == SQLITE_OK, "%s", sqlite3_errmsg(db));
    sqlite3_close(db);
}

static void write_at(long offset, const void *bytes, size_t n)
{
    FILE *f = fopen(path, "r+b");
    ck_assert(f && fseek(f, offset, SEEK_SET) == 0 && fwrite(bytes, 1, n, f) == n);
    fclose(f);
}

START_TEST(made_once_then_found)
{
    Db *db = NULL;
    Err e = { 0 };
    struct stat st;
    ck_assert_int_eq(db_open(&db, path, DB_WRITE, &e), ERR_DB);        /* absent */
    ck_assert(strstr(e.text, "no database yet"));
    make();
    ck_assert(stat(path, &st) == 0 && (st.st_mode & 077) == 0);
    for (DbMode mode = DB_READ; mode <= DB_CREATE; mode++) {
        assert_ok_e(db_open(&db, path, mode, &e), e);
        db_close(db);
    }
}
END_TEST

START_TEST(newer_is_refused) { make(); sql("PRAGMA user_version = 2000000000"); refused("newer version"); } END_TEST
START_TEST(foreign_is_refused)
{
    sql("PRAGMA application_id = 7; CREATE TABLE song (id INTEGER PRIMARY KEY)");
    refused("another program");
}
END_TEST
START_TEST(text_is_refused)
{
    FILE *f = fopen(path, "w");
    for (int i = 0; i < 50; i++) fputs("this is not a database\n", f);
    fclose(f);
    refused("not an SQLite database");
}
END_TEST
START_TEST(empty_is_refused) { fclose(fopen(path, "w")); refused("not an SQLite database"); } END_TEST
START_TEST(cut_is_refused)
{
    struct stat st;
    make();
    ck_assert(stat(path, &st) == 0 && truncate(path, st.st_size * 6 / 10) == 0);
    refused("damaged");
}
END_TEST
START_TEST(smashed_is_refused)
{
    char junk[600];
    memset(junk, 0xa5, sizeof junk);
    make();
    write_at(4096 * 4, junk, sizeof junk);
    refused("damaged");
}
END_TEST
START_TEST(added_trigger_is_refused)
{
    make();
    sql("CREATE TRIGGER extra AFTER INSERT ON patient BEGIN DELETE FROM clinical; END");
    refused("altered by another program");
}
END_TEST
START_TEST(altered_table_is_refused) { make(); sql("ALTER TABLE scan ADD COLUMN name TEXT"); refused("altered by another program"); } END_TEST
START_TEST(missing_index_is_refused) { make(); sql("DROP INDEX comparison_to"); refused("altered by another program"); } END_TEST

/* A migration keeps the rows and leaves a copy of the file as it was. */
START_TEST(older_is_migrated)
{
    static const char one[] = "CREATE TABLE patient (patient TEXT PRIMARY KEY) STRICT;", two[] = "ALTER TABLE patient ADD COLUMN row INTEGER;";
    const EmbeddedFile first[] = { { "0001_a.sql", one, sizeof one - 1 }, { 0 } };
    const EmbeddedFile both[] = { { "0001_a.sql", one, sizeof one - 1 }, { "0002_b.sql", two, sizeof two - 1 }, { 0 } };
    Db *db = NULL;
    Err e = { 0 };
    char copy[300], before[HASH_TEXT], after[HASH_TEXT];

    assert_ok_e(db_open_schema(&db, path, DB_CREATE, first, &e), e);
    assert_ok_e(db_exec(db, "INSERT INTO patient VALUES ('P001')", &e), e);
    db_close(db);
    digest(before, path);
    ck_assert_int_eq(db_open_schema(&db, path, DB_READ, both, &e), ERR_DB);        /* reading does not migrate */
    ck_assert(strstr(e.text, "older"));
    digest(after, path);
    ck_assert_str_eq(before, after);
    assert_ok_e(db_open_schema(&db, path, DB_WRITE, both, &e), e);
    assert_ok_e(db_exec(db, "UPDATE patient SET row = 1 WHERE patient = 'P001'", &e), e);
    ck_assert_int_eq((int)db_changes(db), 1);
    db_close(db);
    snprintf(copy, sizeof copy, "%s.schema-1.bak", path);
    assert_ok_e(db_open_schema(&db, copy, DB_READ, first, &e), e);
    db_close(db);
    ck_assert_int_eq(db_open_schema(&db, path, DB_WRITE, first, &e), ERR_DB);      /* now it is newer */
}
END_TEST

/* A migration that fails leaves the old version whole. */
START_TEST(failed_migration_keeps_the_old)
{
    static const char one[] = "CREATE TABLE a (x TEXT) STRICT;", bad[] = "CREATE TABLE b (x TEXT) STRICT; CREATE TABLE a (y TEXT) STRICT;";
    const EmbeddedFile first[] = { { "0001_a.sql", one, sizeof one - 1 }, { 0 } };
    const EmbeddedFile both[] = { { "0001_a.sql", one, sizeof one - 1 }, { "0002_b.sql", bad, sizeof bad - 1 }, { 0 } };
    Db *db = NULL;
    Err e = { 0 };
    assert_ok_e(db_open_schema(&db, path, DB_CREATE, first, &e), e);
    db_close(db);
    /* The check of what version 2 looks like is not reached: version 1 is what the file has. */
    ck_assert_int_eq(db_open_schema(&db, path, DB_WRITE, both, &e), ERR_DB);
    assert_ok_e(db_open_schema(&db, path, DB_WRITE, first, &e), e);
    db_close(db);
}
END_TEST

START_TEST(trails_are_append_only)
{
    static const char *const attempts[] = { "DELETE FROM run", "DELETE FROM audit", "DELETE FROM rejection", "UPDATE audit SET detail = ''",
                                            "UPDATE rejection SET reason = ''", "UPDATE run SET command = 'x'" };
    Db *db = NULL;
    Err e = { 0 };
    int64_t run;
    bool news;
    Verdict v = { SUBJECT_SCAN, "P001/pre/fmiso", "a.nii.gz", "P001", "pre", "FMISO", "a.nii.gz: damaged" };

    assert_ok_e(db_open(&db, path, DB_CREATE, &e), e);
    assert_ok_e(db_run_begin(&run, db, "test", &e), e);
    assert_ok_e(db_begin(db, &e), e);
    assert_ok_e(db_reject(&news, db, run, &v, &e), e);
    ck_assert(news);
    assert_ok_e(db_reject(&news, db, run, &v, &e), e);
    ck_assert(!news);                                      /* the same verdict again adds nothing */
    assert_ok_e(db_accept(&news, db, run, SUBJECT_SCAN, v.subject, &e), e);
    ck_assert(news);
    assert_ok_e(db_accept(&news, db, run, SUBJECT_SCAN, v.subject, &e), e);
    ck_assert(!news);
    assert_ok_e(db_commit(db, &e), e);
    for (size_t i = 0; i < sizeof attempts / sizeof *attempts; i++) ck_assert_msg(db_exec(db, attempts[i], &e) == ERR_DB, "%s", attempts[i]);
    assert_ok_e(db_audit_verify(db, &e), e);
    assert_ok_e(db_exec(db, "DROP TRIGGER audit_stands; UPDATE audit SET detail = 'x' WHERE seq = 1", &e), e);
    ck_assert_int_eq(db_audit_verify(db, &e), ERR_DB);
    ck_assert(strstr(e.text, "row 1 of audit"));
    db_close(db);
}
END_TEST

/* A refused id that is no id may be a name: it is not kept. */
START_TEST(names_are_not_kept)
{
    Db *db = NULL;
    Err e = { 0 };
    int64_t run;
    Bytes b = { 0 };
    Verdict v = { SUBJECT_PATIENT, "Zyx Wvuts", "clinical.csv", "Zyx Wvuts", NULL, NULL, "clinical.csv:2: patient id Zyx Wvuts" };
    assert_ok_e(db_open(&db, path, DB_CREATE, &e), e);
    assert_ok_e(db_run_begin(&run, db, "test", &e), e);
    assert_ok_e(db_begin(db, &e), e);
    assert_ok_e(db_reject(NULL, db, run, &v, &e), e);
    assert_ok_e(db_commit(db, &e), e);
    db_close(db);
    assert_ok_e(file_read(&b, path, NULL, LIMIT_FILE_BYTES, &e), e);
    ck_assert(memmem(b.data, b.size, "Wvuts", 5) == NULL);
    bytes_free(&b);
}
END_TEST

/* Where a path could be taken for a URI or for a database in memory, it is a path. */
START_TEST(odd_paths_are_paths)
{
    static const char *const names[] = { "file:x?mode=memory", ":memory:", "a b ü.db" };
    char cwd[512];
    ck_assert(getcwd(cwd, sizeof cwd) && chdir(dir) == 0);
    for (int i = 0; i < 3; i++) {
        Db *db = NULL;
        Err e = { 0 };
        int64_t run;
        assert_ok_e(db_open(&db, names[i], DB_CREATE, &e), e);
        assert_ok_e(db_run_begin(&run, db, "test", &e), e);
        db_close(db);
        assert_ok_e(db_open(&db, names[i], DB_WRITE, &e), e);
        assert_ok_e(db_run_begin(&run, db, "test", &e), e);
        ck_assert_int_eq((int)run, 2);
        db_close(db);
    }
    ck_assert(chdir(cwd) == 0);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("db");
    TCase *c = unit_case(s, "open");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, made_once_then_found);
    tcase_add_test(c, newer_is_refused);
    tcase_add_test(c, foreign_is_refused);
    tcase_add_test(c, text_is_refused);
    tcase_add_test(c, empty_is_refused);
    tcase_add_test(c, cut_is_refused);
    tcase_add_test(c, smashed_is_refused);
    tcase_add_test(c, added_trigger_is_refused);
    tcase_add_test(c, altered_table_is_refused);
    tcase_add_test(c, missing_index_is_refused);
    tcase_add_test(c, older_is_migrated);
    tcase_add_test(c, failed_migration_keeps_the_old);
    tcase_add_test(c, trails_are_append_only);
    tcase_add_test(c, names_are_not_kept);
    tcase_add_test(c, odd_paths_are_paths);
    return s;
}

UNIT_MAIN("db")
