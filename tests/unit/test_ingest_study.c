/* tests/unit/test_ingest_study.c: ingestion and extraction: killed and resumed, on other threads, of changed and refused files. */
#include "tests/unit/study_fixture.h"

#include <signal.h>
#include <sys/wait.h>
#include <time.h>

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Tells the parent of each step: a piece was committed. */
static void watch_step(void *context, size_t done, const char *subject)
{
    (void)subject;
    (void)done;
    if (write(*(int *)context, "s", 1) != 1) _exit(1);
}

/* A child that ingests; *pipe_end tells of its commits. */
static pid_t child(int *pipe_end, const char *db, bool extract)
{
    int ends[2];
    ck_assert(pipe(ends) == 0);
    pid_t pid = fork();
    ck_assert(pid >= 0);
    if (pid == 0) {
        close(ends[0]);
        Progress w = { .step = watch_step, .context = &ends[1] };
        fixture_run(db, 1, extract, &w);
        _exit(0);
    }
    close(ends[1]);
    *pipe_end = ends[0];
    return pid;
}

static char next_byte(int fd)
{
    char c = 0;
    return read(fd, &c, 1) == 1 ? c : 0;
}

/* Steps of an undisturbed run, and seconds from the first to the last: each step is a committed piece. */
static int undisturbed(double *span, const char *db, bool extract)
{
    int fd, status, steps = 0;
    double first = 0;
    pid_t pid = child(&fd, db, extract);
    for (char c; (c = next_byte(fd)) != 0; steps++) {
        *span = now() - first;
        if (steps == 0) first = now();
    }
    close(fd);
    waitpid(pid, &status, 0);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    return steps;
}

/* Kills `kills` runs at random moments between the first and the last commit: a random while behind a random step. Each is run again to
 * its end and must hold what an undisturbed one holds. With extraction the last commit is that of the last patient's changes. */
static void kill_and_go_on(int kills, bool extract, uint64_t seed)
{
    char want[HASH_TEXT], got[HASH_TEXT];
    int done = 0, tried = 0;
    double span = 0;
    Rng r = rng_stream(seed, 7);

    fixture_make(12);
    fixture_write("gtv5.nii.gz", "no image");              /* both scans refused each time: a verdict must come once */
    int steps = undisturbed(&span, "whole.db", extract);
    fixture_digest(want, "whole.db");
    ck_assert_int_eq((int)fixture_ask("whole.db", "SELECT count(*) FROM v_scan"), 22);
    while (done < kills) {
        int fd, status, seen = 0;
        ck_assert_msg(++tried < 8 * kills, "only %d of %d kills fell between the first and the last commit", done, tried);
        unlink(fixture_path("killed.db"));
        unlink(fixture_path("killed.db-journal"));
        pid_t pid = child(&fd, "killed.db", extract);
        int stop = 1 + (int)rng_below(&r, (uint32_t)steps - 1);
        while (seen < stop && next_byte(fd)) seen++;
        usleep((useconds_t)(1e6 * span / steps * 2 * rng_uniform(&r)));
        kill(pid, SIGKILL);
        waitpid(pid, &status, 0);
        while (next_byte(fd)) seen++;
        close(fd);
        if (!WIFSIGNALED(status) || seen >= steps) continue;       /* it was through already */
        done++;
        ck_assert_int_eq((int)fixture_run("killed.db", 1, extract, NULL), 2);
        fixture_digest(got, "killed.db");
        ck_assert_msg(strcmp(want, got) == 0, "kill %d: other content", done);
    }
    printf("note: unit/ingest_study: %d kills of %s between the first and the last commit (%d tried), equal content after each\n", kills,
           extract ? "ingest and extract" : "ingest", tried);
    fixture_remove();
}

START_TEST(killed_at_fifty_points) { kill_and_go_on(50, false, 20261124); } END_TEST
START_TEST(killed_in_extraction) { kill_and_go_on(unit_long() ? 200 : 20, true, 20261125); } END_TEST

START_TEST(threads_change_nothing)
{
    char one[HASH_TEXT], two[HASH_TEXT], four[HASH_TEXT];
    fixture_make(8);
    ck_assert_int_eq((int)fixture_run("one.db", 1, true, NULL), 0);
    ck_assert_int_eq((int)fixture_run("two.db", 2, true, NULL), 0);
    ck_assert_int_eq((int)fixture_run("four.db", 4, true, NULL), 0);
    fixture_digest(one, "one.db");
    fixture_digest(two, "two.db");
    fixture_digest(four, "four.db");
    ck_assert_str_eq(one, two);
    ck_assert_str_eq(one, four);
    ck_assert_int_eq((int)fixture_ask("one.db", "SELECT count(*) FROM v_feature WHERE feature = 'fhv' AND status = 'ok'"), 16);
    ck_assert_int_eq((int)fixture_ask("one.db", "SELECT count(*) FROM v_change WHERE change = 'delta_fhv' AND status = 'ok'"), 8);
    fixture_remove();
}
END_TEST

/* A change that undoes itself leaves no trace but in run, audit and rejection. */
START_TEST(only_what_changed)
{
    char before[HASH_TEXT], after[HASH_TEXT];
    fixture_make(4);
    fixture_run("s.db", 2, true, NULL);
    fixture_digest(before, "s.db");
    fixture_run("s.db", 2, true, NULL);
    fixture_digest(after, "s.db");
    ck_assert_str_eq(before, after);
    ck_assert_int_eq((int)fixture_ask("s.db", "SELECT count(*) FROM audit WHERE run_id = 2"), 0);

    double fhv = fixture_ask("s.db", "SELECT fmiso_pre_hv_ml FROM v_wide WHERE patient = 'P002'");
    double other = fixture_ask("s.db", "SELECT fmiso_pre_hv_ml FROM v_wide WHERE patient = 'P003'");
    fixture_mask("gtv2.nii.gz", 4, false);                 /* a corrected mask, of both scans */
    fixture_run("s.db", 1, true, NULL);
    ck_assert(fixture_ask("s.db", "SELECT fmiso_pre_hv_ml FROM v_wide WHERE patient = 'P002'") > fhv);
    ck_assert(fixture_ask("s.db", "SELECT fmiso_pre_hv_ml FROM v_wide WHERE patient = 'P003'") == other);
    ck_assert_int_eq((int)fixture_ask("s.db", "SELECT count(*) FROM audit WHERE run_id = 3 AND action = 'change'"), 2);
    ck_assert_int_eq((int)fixture_ask("s.db", "SELECT count(*) FROM audit WHERE run_id = 3 AND action = 'extract'"), 2);
    fixture_mask("gtv2.nii.gz", 2.4, false);
    fixture_run("s.db", 1, true, NULL);
    fixture_digest(after, "s.db");
    ck_assert_str_eq(before, after);
    fixture_remove();
}
END_TEST

START_TEST(refused_now_keeps_its_rows)
{
    fixture_make(3);
    fixture_run("s.db", 1, true, NULL);
    double rows = fixture_ask("s.db", "SELECT count(*) FROM feature");
    ck_assert(rename(fixture_path("mid2.nii.gz"), fixture_path("kept.nii.gz")) == 0);
    fixture_write("mid2.nii.gz", "damaged");
    ck_assert_int_eq((int)fixture_run("s.db", 1, true, NULL), 1);
    ck_assert_int_eq((int)fixture_ask("s.db", "SELECT count(*) FROM scan"), 6);
    ck_assert(fixture_ask("s.db", "SELECT count(*) FROM feature") == rows);
    ck_assert_int_eq((int)fixture_ask("s.db", "SELECT count(*) FROM v_scan"), 5);
    ck_assert_int_eq((int)fixture_ask("s.db", "SELECT count(*) FROM v_feature WHERE patient = 'P002' AND timepoint = 'mid'"), 0);
    ck_assert_int_eq((int)fixture_ask("s.db", "SELECT count(*) FROM v_change WHERE patient = 'P002'"), 0);
    ck_assert(isnan(fixture_ask("s.db", "SELECT fmiso_mid_fhv FROM v_wide WHERE patient = 'P002'")));
    ck_assert_int_eq((int)fixture_ask("s.db", "SELECT count(*) FROM v_rejection"), 1);
    ck_assert_int_eq((int)fixture_run("s.db", 1, true, NULL), 1);      /* the same verdict adds no row */
    ck_assert_int_eq((int)fixture_ask("s.db", "SELECT count(*) FROM rejection"), 1);
    ck_assert(rename(fixture_path("kept.nii.gz"), fixture_path("mid2.nii.gz")) == 0);
    ck_assert_int_eq((int)fixture_run("s.db", 1, true, NULL), 0);
    ck_assert_int_eq((int)fixture_ask("s.db", "SELECT count(*) FROM v_scan"), 6);
    ck_assert_int_eq((int)fixture_ask("s.db", "SELECT count(*) FROM v_rejection"), 0);
    ck_assert(!isnan(fixture_ask("s.db", "SELECT fmiso_mid_fhv FROM v_wide WHERE patient = 'P002'")));
    fixture_remove();
}
END_TEST

START_TEST(patients_come_and_go)
{
    fixture_make(3);
    fixture_run("s.db", 1, true, NULL);
    /* P001 has longer follow-up, P002 a negative time, P003 left, P004 came without scans. */
    fixture_write("clinical.csv", "patient,age,stage,os_months,os_event\nP001,51,II,20.5,1\nP002,52,III,-4,0\nP004,70,II,3,1\n");
    fixture_write("scans.csv", "patient,timepoint,tracer,status,image,units,roi_gtv,roi_blood,day\n"
                  "P001,pre,FMISO,done,pre1.nii.gz,SUV,gtv1.nii.gz,blood.nii.gz,-7\n"
                  "P001,mid,FMISO,not_done,,,,,\nP002,pre,FMISO,done,pre2.nii.gz,SUV,gtv2.nii.gz,blood.nii.gz,-7\n");
    ck_assert_int_eq((int)fixture_run("s.db", 1, true, NULL), 1);
    ck_assert_int_eq((int)fixture_ask("s.db", "SELECT count(*) FROM v_patient"), 2);
    ck_assert(fixture_ask("s.db", "SELECT os_months FROM v_wide WHERE patient = 'P001'") == 20.5);
    ck_assert(fixture_ask("s.db", "SELECT number FROM clinical WHERE patient = 'P002' AND name = 'os_months'") == 12.5);
    ck_assert_int_eq((int)fixture_ask("s.db", "SELECT count(*) FROM scan WHERE patient = 'P002'"), 2);
    ck_assert_int_eq((int)fixture_ask("s.db", "SELECT count(*) FROM v_feature WHERE patient = 'P002'"), 0);
    ck_assert_int_eq((int)fixture_ask("s.db", "SELECT count(*) FROM patient WHERE patient = 'P003'"), 0);
    ck_assert_int_eq((int)fixture_ask("s.db", "SELECT count(*) FROM scan WHERE patient = 'P003'"), 0);
    ck_assert_int_eq((int)fixture_ask("s.db", "SELECT row FROM v_patient WHERE patient = 'P004'"), 3);
    ck_assert_int_eq((int)fixture_ask("s.db", "SELECT count(*) FROM v_scan WHERE status = 'not_done'"), 1);
    ck_assert_int_eq((int)fixture_ask("s.db", "SELECT count(*) FROM v_change"), 0);
    fixture_remove();
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("ingest_study");
    TCase *c = unit_case(s, "ingest");
    tcase_add_test(c, killed_at_fifty_points);
    tcase_add_test(c, killed_in_extraction);
    tcase_add_test(c, threads_change_nothing);
    tcase_add_test(c, only_what_changed);
    tcase_add_test(c, refused_now_keeps_its_rows);
    tcase_add_test(c, patients_come_and_go);
    return s;
}

UNIT_MAIN("ingest_study")
