/* tests/unit/stat_fixture.h: tables and calls for tests of methods. */
#ifndef REOX_TESTS_STAT_FIXTURE_H
#define REOX_TESTS_STAT_FIXTURE_H

#include "tests/unit/unit.h"

#include "core/frame.h"
#include "core/json.h"
#include "stats/method.h"

/* A frame from CSV text. */
static inline Frame table_of(const char *csv)
{
    CsvTable t = { 0 };
    Frame f = { 0 };
    Err e = { 0 };
    assert_ok_e(csv_parse(&t, csv, strlen(csv), "t.csv", &e), e);
    assert_ok_e(frame_from_csv(&f, &t, &e), e);
    csv_free(&t);
    return f;
}

static inline void add_numbers(Frame *f, const char *name, const double *x, size_t n)
{
    double *column;
    Err e = { 0 };
    assert_ok_e(frame_add_numbers(&column, f, name, &e), e);
    memcpy(column, x, n * sizeof *x);
}

/* Runs a method with options as JSON text (NULL: none); the message of a failure is kept in `message` (NULL: not wanted). */
static inline Json *call_method(const char *method, const char *formula, const Frame *f, const Frame *newdata, const char *options,
                                Rc expected, char *message)
{
    Err e = { 0 };
    Json *out = NULL, *o = NULL;
    if (options) assert_ok_e(json_parse(&o, options, strlen(options), "options", &e), e);
    StatCall call = { .formula = formula, .data = f, .newdata = newdata, .options = o, .threads = 1 };
    Rc rc = method_call(&out, method_by_name(method), &call, &e);
    ck_assert_msg(rc == expected, "%s %s: rc %d: %s", method, formula, (int)rc, e.text);
    if (message) snprintf(message, ERR_TEXT_MAX, "%s", e.text);
    json_free(o);
    return out;
}

static inline double number_at(const Json *out, const char *key, const char *member)
{
    const Json *j = json_get(out, key);
    return json_number(member ? json_get(j, member) : j);
}

static inline double cell_at(const Json *out, const char *key, size_t row, size_t column)
{
    return json_number(json_at(json_at(json_get(json_get(out, key), "data"), row), column));
}

static inline bool has_code(const Json *out, const char *code)
{
    for (const Json *d = json_first(json_get(out, "diagnosis")); d; d = json_next(d))
        if (strcmp(json_text(json_get(d, "code")), code) == 0) return true;
    return false;
}

#endif
