/* tests/unit/unit.h: what every unit test needs beside Check: tolerances, counted skips, a main that counts.
 * A test file defines `static Suite *suite(void)` and ends with UNIT_MAIN("name"). */
#ifndef REOX_TESTS_UNIT_H
#define REOX_TESTS_UNIT_H

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/err.h"

enum { UNIT_TIMEOUT_S = 300 };

/* |got - want| <= rel*|want|, or <= abs. NaN equals NaN. */
static inline int unit_near(double got, double want, double rel, double absolute)
{
    if (isnan(want)) return isnan(got);
    double d = fabs(got - want);
    return got == want || d <= rel * fabs(want) || d <= absolute;
}
#define assert_near(got, want, rel) assert_near_abs(got, want, rel, 0.0)
#define assert_near_abs(got, want, rel, absolute) do { double g_ = (got), w_ = (want); \
    ck_assert_msg(unit_near(g_, w_, (rel), (absolute)), "%s = %.17g, expected %.17g (relative %.3g)", #got, g_, w_, \
                  w_ != 0 ? fabs(g_ - w_) / fabs(w_) : fabs(g_)); } while (0)

#define assert_ok(call) do { Err e_ = { 0 }; Rc rc_ = (call); ck_assert_msg(rc_ == OK, "%s: rc %d", #call, (int)rc_); (void)e_; } while (0)
/* As assert_ok, showing the message in the Err variable e. */
#define assert_ok_e(call, e) do { Rc rc_ = (call); ck_assert_msg(rc_ == OK, "%s: rc %d: %s", #call, (int)rc_, (e).text); } while (0)

/* Counts the running test as skipped and leaves it. */
#define SKIP(...) do { unit_skip(__VA_ARGS__); return; } while (0)
__attribute__((format(printf, 1, 2), unused))
static void unit_skip(const char *format, ...)
{
    const char *file = getenv("REOX_SKIP_FILE");
    FILE *f = file ? fopen(file, "a") : NULL;
    __builtin_va_list ap;
    __builtin_va_start(ap, format);
    if (f) { vfprintf(f, format, ap); fputc('\n', f); fclose(f); }
    __builtin_va_end(ap);
}

/* Folder of the reference data, or NULL when it is not there. */
__attribute__((unused))
static const char *unit_reference(void)
{
    const char *r = getenv("REOX_REFERENCE");
    if (!r) r = "../shared";
    return access(r, R_OK) == 0 ? r : NULL;
}
__attribute__((unused))
static int unit_long(void) { return getenv("REOX_LONG") != NULL; }

#define UNIT_MAIN(NAME) \
int main(void) \
{ \
    char skips[] = "/tmp/reox-skips-XXXXXX"; \
    int fd = mkstemp(skips); \
    if (fd >= 0) { close(fd); setenv("REOX_SKIP_FILE", skips, 1); } \
    SRunner *r = srunner_create(suite()); \
    srunner_run_all(r, CK_NORMAL); \
    int failed = srunner_ntests_failed(r), run = srunner_ntests_run(r), skipped = 0; \
    char line[512]; \
    FILE *f = fopen(skips, "r"); \
    while (f && fgets(line, sizeof line, f)) { skipped++; printf("skip: unit/%s: %s", NAME, line); } \
    if (f) fclose(f); \
    unlink(skips); \
    srunner_free(r); \
    printf("unit/%s: %d passed, %d failed, %d skipped\n", NAME, run - failed - skipped, failed, skipped); \
    return failed != 0; \
}

/* A case with a generous time limit and the given tests. */
__attribute__((unused))
static TCase *unit_case(Suite *s, const char *name)
{
    TCase *c = tcase_create(name);
    tcase_set_timeout(c, UNIT_TIMEOUT_S);
    suite_add_tcase(s, c);
    return c;
}

#endif
