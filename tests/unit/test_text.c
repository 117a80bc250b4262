/* tests/unit/test_text.c: core/str, core/utf8, core/err, core/csv, core/json: what comes in as text. */
#include "tests/unit/unit.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/csv.h"
#include "core/json.h"
#include "core/str.h"
#include "core/utf8.h"

START_TEST(numbers_read_strictly)
{
    static const struct { const char *text; double x; } good[] = {
        { "0", 0 }, { "-1.5", -1.5 }, { "+2", 2 }, { ".5", .5 }, { "5.", 5 }, { "1e3", 1000 }, { "1E-3", .001 }, { "0.1", 0.1 },
        { "1e-400", 0 }, { "00012", 12 } };
    static const char *const bad[] = { "", " ", "1 ", " 1", "nan", "inf", "0x10", "1,5", "1e", "1e+", ".", "-", "--1", "1e999", "1.2.3", "1_0" };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        double x = -99;
        ck_assert_msg(number_read(&x, good[i].text), "%s", good[i].text);
        ck_assert_msg(x == good[i].x, "%s gave %g", good[i].text, x);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        double x;
        ck_assert_msg(!number_read(&x, bad[i]), "'%s' was read", bad[i]);
    }
}
END_TEST

START_TEST(numbers_come_back_to_the_bit)
{
    static const double x[] = { 0.1, 1.0 / 3, 1e300, 5e-324, -2.2250738585072014e-308, 123456789012345680.0, 0.30000000000000004 };
    for (size_t i = 0; i < sizeof x / sizeof *x; i++) {
        char a[NUMBER_TEXT_MAX], b[NUMBER_TEXT_MAX];
        double back;
        ck_assert(number_read(&back, number_write(a, x[i])));
        ck_assert(back == x[i]);
        ck_assert(number_read(&back, number_write_short(b, x[i])));
        ck_assert(back == x[i]);
        ck_assert(strlen(b) <= strlen(a));
    }
    char b[NUMBER_TEXT_MAX];
    ck_assert_str_eq(number_write_short(b, 0.1), "0.1");
    ck_assert_str_eq(number_write(b, NAN), "NA");
}
END_TEST

/* Digits by whole numbers are those of printf: of all sizes, near powers of ten, halves between two decimals. */
START_TEST(numbers_are_written_as_printf_writes)
{
    uint64_t state = 88172645463325252u;
    for (int i = 0; i < 300000; i++) {
        char a[NUMBER_TEXT_MAX], b[NUMBER_TEXT_MAX];
        double x;
        state ^= state << 13; state ^= state >> 7; state ^= state << 17;
        const double unit = (double)(state >> 11) * 0x1p-53;
        switch (i % 6) {
        case 0: memcpy(&x, &state, sizeof x); break;
        case 1: x = unit; break;
        case 2: x = ldexp(1 + unit, (int)(state % 300) - 180); break;
        case 3: x = pow(10, (double)(state % 60) - 42) * (1 + ((double)(state >> 20 & 7) - 3) * 0x1p-52); break;
        case 4: x = (double)(state >> 40) / 1024; break;
        default: x = ldexp((double)(state >> 60), -(int)(state % 80));
        }
        if (!isfinite(x)) continue;
        snprintf(a, sizeof a, "%.17g", x);
        ck_assert_str_eq(number_write(b, x), a);
        for (int digits = 15; digits <= 17; digits++) {
            snprintf(a, sizeof a, "%.*g", digits, x);
            if (strtod(a, NULL) == x) break;
        }
        ck_assert_str_eq(number_write_short(b, x), a);
    }
}
END_TEST

/* The quick way of common numbers and strtod agree to the bit. */
START_TEST(numbers_are_rounded_as_strtod_rounds)
{
    uint64_t state = 88172645463325252u;
    for (int i = 0; i < 200000; i++) {
        char text[64];
        double x;
        state ^= state << 13; state ^= state >> 7; state ^= state << 17;
        int digits = 1 + (int)(state % 19), point = (int)(state >> 8 & 15), exponent = (int)(state >> 16 & 63) - 31;
        uint64_t whole = state;
        int n = 0;
        if (state >> 40 & 1) text[n++] = '-';
        for (int k = 0; k < digits; k++) {
            if (k == point) text[n++] = '.';
            text[n++] = (char)('0' + whole % 10);
            whole = whole / 10 + (state << (k % 7));
        }
        if (state >> 41 & 1) snprintf(text + n, sizeof text - (size_t)n, "e%d", exponent);
        else text[n] = '\0';
        double want = strtod(text, NULL);
        ck_assert_msg(number_read(&x, text), "%s", text);
        ck_assert_msg(memcmp(&x, &want, sizeof x) == 0, "%s: %.17g, strtod says %.17g", text, x, want);
        const size_t length = strlen(text);
        strcpy(text + length, ",12345678");                /* the same where the text goes on, eight bytes at once */
        ck_assert_msg(number_scan(&x, text, text + length + 9) == text + length, "%s", text);
        ck_assert_msg(memcmp(&x, &want, sizeof x) == 0, "%s: %.17g, strtod says %.17g", text, x, want);
    }
}
END_TEST

START_TEST(slugs_follow_the_rule)
{
    char s[64];
    ck_assert_str_eq(text_slug(s, "64Cu-ATSM"), "64cu_atsm");
    ck_assert_str_eq(text_slug(s, "Cu64 / ATSM  "), "cu64_atsm");
    ck_assert_str_eq(text_slug(s, "--a"), "a");
    ck_assert_str_eq(text_slug(s, "\xC3\xA4"), "");
}
END_TEST

START_TEST(near_words_are_offered)
{
    static const char *const words[] = { "timepoints", "endpoints", "hypoxia" };
    ck_assert_str_eq(text_nearest("timepoint", words, 3), "timepoints");
    ck_assert_str_eq(text_nearest("hypoxya", words, 3), "hypoxia");
    ck_assert_ptr_null(text_nearest("zzz", words, 3));
    ck_assert_int_eq(text_distance("kitten", "sitting"), 3);
}
END_TEST

START_TEST(messages_are_one_printable_line)
{
    Err e = { 0 };
    ck_assert_int_eq(err_set(&e, ERR_INPUT, "a\nb\x1b[31m\x7f\xc2\x9b \xc3\xa4 \xff"), ERR_INPUT);
    ck_assert_str_eq(e.text, "a\\x0Ab\\x1B[31m\\x7F\\xC2\\x9B \xc3\xa4 \\xFF");
    char longer[3 * ERR_TEXT_MAX];
    memset(longer, 0, sizeof longer);
    for (size_t i = 0; i + 2 < sizeof longer - 1; i += 2) memcpy(longer + i, "\xc3\xa4", 2);
    err_set(&e, ERR_INPUT, "%s", longer);
    ck_assert(text_is_utf8(e.text, strlen(e.text)));
}
END_TEST

START_TEST(utf8_is_judged)
{
    ck_assert(text_is_utf8("a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", 10));
    ck_assert_uint_eq(utf8_length("a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"), 4);
    ck_assert(!text_is_utf8("\xc0\xaf", 2));               /* overlong */
    ck_assert(!text_is_utf8("\xed\xa0\x80", 3));           /* surrogate */
    ck_assert(!text_is_utf8("\xc3", 1));
    ck_assert(!text_is_utf8("\xf4\x90\x80\x80", 4));       /* beyond U+10FFFF */
    /* A bad byte at each place of a run of ASCII, and a character across the eighth byte. */
    for (size_t i = 0; i < 20; i++) {
        char ascii[] = "abcdefghijklmnopqrst";
        ascii[i] = (char)0x80;
        ck_assert(!text_is_utf8(ascii, 20));
        ck_assert(text_is_utf8(ascii, i));
    }
    ck_assert(text_is_utf8("abcdefg\xc3\xa4hijklmn", 16));
    uint32_t code = 0;
    ck_assert_uint_eq(utf8_next(&code, "\xe2\x82\xac", 3), 3);
    ck_assert_uint_eq(code, 0x20AC);
    ck_assert_uint_eq(utf8_next(&code, "\xe2\x82\xac", 2), 0);
}
END_TEST

static const char *csv_error(const char *text)
{
    static Err e;
    CsvTable t = { 0 };
    Rc rc = csv_parse(&t, text, strlen(text), "t.csv", &e);
    csv_free(&t);
    return rc ? e.text : "accepted";
}

START_TEST(csv_follows_rfc_4180)
{
    Err e = { 0 };
    CsvTable t = { 0 };
    const char text[] = "\xEF\xBB\xBF" "a,b,c\r\n1,\"x,\"\"y\"\"\nz\",\r\n\r\nNA,,3\r\n";
    assert_ok_e(csv_parse(&t, text, sizeof text - 1, "t.csv", &e), e);
    ck_assert_uint_eq(t.columns, 3);
    ck_assert_uint_eq(t.rows, 2);
    ck_assert_str_eq(csv_cell(&t, 0, 1), "x,\"y\"\nz");
    ck_assert_uint_eq(t.line[0], 2);
    ck_assert_uint_eq(t.line[1], 5);                       /* the quoted newline and the empty line count */
    ck_assert(csv_is_missing(csv_cell(&t, 1, 0)) && csv_is_missing(csv_cell(&t, 1, 1)) && !csv_is_missing(csv_cell(&t, 1, 2)));
    csv_free(&t);
    csv_free(&t);
}
END_TEST

START_TEST(csv_refuses_with_place)
{
    ck_assert_ptr_nonnull(strstr(csv_error(""), "empty"));
    ck_assert_ptr_nonnull(strstr(csv_error("a,b\n1\n"), "t.csv:2: 1 fields, expected 2"));
    ck_assert_ptr_nonnull(strstr(csv_error("a,a\n"), "twice"));
    ck_assert_ptr_nonnull(strstr(csv_error("a,A\n"), "case"));
    ck_assert_ptr_nonnull(strstr(csv_error("a;b\n1;2\n"), "separator"));
    ck_assert_ptr_nonnull(strstr(csv_error("a,b\n1,\"2\n"), "t.csv:2: quote is never closed"));
    ck_assert_ptr_nonnull(strstr(csv_error("a,b\n1,2\x01\n"), "t.csv:2: control character"));
    ck_assert_ptr_nonnull(strstr(csv_error("a,b\n1,\xff\n"), "t.csv:2: text is not UTF-8"));
    ck_assert_ptr_nonnull(strstr(csv_error("a,b\n1,x\"y\n"), "quote inside"));
    ck_assert_ptr_nonnull(strstr(csv_error(",b\n"), "no name"));
}
END_TEST

START_TEST(csv_out_is_safe)
{
    Str s = { 0 };
    csv_write_field(&s, "=cmd()"); str_append_char(&s, ',');
    csv_write_field(&s, "-1.5"); str_append_char(&s, ',');
    csv_write_field(&s, "@x"); str_append_char(&s, ',');
    csv_write_field(&s, "a\"b"); str_append_char(&s, ',');
    csv_write_number(&s, NAN);
    ck_assert_str_eq(str_text(&s), "\"'=cmd()\",-1.5,\"'@x\",\"a\"\"b\",NA");
    str_free(&s);
}
END_TEST

static const char *json_error(const char *text)
{
    static Err e;
    Json *j = NULL;
    Rc rc = json_parse(&j, text, strlen(text), "s.json", &e);
    json_free(j);
    return rc ? e.text : "accepted";
}

START_TEST(json_refuses_what_cjson_takes)
{
    static const char *const bad[] = { "{} x", "{\"a\":1,\"a\":2}", "[1e999]", "[01]", "[1.]", "[\"\t\"]", "[\"\\u0000\"]", "[nan]", "{'a':1}",
                                       "[1,]", "", "{\"a\":[1,2}", "[\"\xff\"]", "{\"x\":{\"b\":1,\"c\":2,\"b\":3}}", "[.5]", "[+1]", "// c\n[]" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) ck_assert_msg(strcmp(json_error(bad[i]), "accepted") != 0, "accepted: %s", bad[i]);
    ck_assert_str_eq(json_error("{\"a\": [1, -0.5e3, true, null, \"\\u00e4\"]}"), "accepted");
    ck_assert_ptr_nonnull(strstr(json_error("{\n\"a\": 1,\n\"b\": }"), "s.json:3:"));
    ck_assert_ptr_nonnull(strstr(json_error("{\"x\":{\"b\":1,\"c\":2,\"b\":3}}"), "key x.b is there twice"));
    char deep[400];
    memset(deep, '[', 200);
    memset(deep + 200, ']', 199);
    deep[399] = '\0';
    ck_assert_ptr_nonnull(strstr(json_error(deep), "nested"));
}
END_TEST

START_TEST(json_members_are_typed)
{
    Err e = { 0 };
    Json *j = NULL;
    const char text[] = "{\"n\": \"1.4\", \"m\": 2, \"tresh\": 1}";
    assert_ok_e(json_parse(&j, text, sizeof text - 1, "s.json", &e), e);
    double x = -1;
    ck_assert_int_eq(json_want_number(&x, j, "n", "s.json", &e), ERR_INPUT);
    ck_assert_str_eq(e.text, "s.json: n: is text \"1.4\", expected a number");
    assert_ok(json_want_number(&x, j, "m", "s.json", &e_));
    ck_assert(x == 2);
    assert_ok(json_want_number(&x, j, "absent", "s.json", &e_));
    ck_assert(x == 2);
    static const char *const known[] = { "n", "m", "threshold", NULL };
    ck_assert_int_eq(json_refuse_unknown(j, known, "s.json: hypoxia", &e), ERR_INPUT);
    ck_assert_ptr_nonnull(strstr(e.text, "unknown key tresh"));
    json_free(j);
}
END_TEST

/* Long arrays are kept as plain numbers until somebody looks at one. */
START_TEST(json_keeps_long_arrays)
{
    enum { N = 5000 };
    static double x[N];
    for (int i = 0; i < N; i++) x[i] = i == 7 ? NAN : i / 4.;
    Json *a = json_object(), *b = json_object();
    json_set_numbers(a, "x", x, N);
    Json *list = json_set(b, "x", json_array());
    for (int i = 0; i < N; i++) json_push(list, json_from_number(x[i]));
    for (int pass = 0; pass < 3; pass++) {         /* as made, copied, looked at */
        Str s = { 0 }, t = { 0 };
        Json *copy = pass == 1 ? json_copy(a) : NULL;
        ck_assert_int_eq(json_print(&s, copy ? copy : a, true, NULL), OK);
        ck_assert_int_eq(json_print(&t, b, true, NULL), OK);
        ck_assert_str_eq(str_text(&s), str_text(&t));
        str_free(&s);
        str_free(&t);
        ck_assert_uint_eq(json_size(json_get(a, "x")), N);
        if (copy) ck_assert(json_type(json_at(json_get(copy, "x"), 7)) == JSON_NULL && json_number(json_at(json_get(copy, "x"), N - 1)) == (N - 1) / 4.);
        json_free(copy);
        if (pass == 1) ck_assert(json_number(json_first(json_get(a, "x"))) == 0);
    }
    json_push((Json *)(size_t)json_get(a, "x"), json_from_number(1));
    ck_assert_uint_eq(json_size(json_get(a, "x")), N + 1);
    json_free(a);
    json_free(b);
}
END_TEST

START_TEST(json_out_is_exact)
{
    Err e = { 0 };
    Json *j = json_object();
    static const double m[] = { 1, 2, 3, 4, 0.1, NAN };
    static const char *const rows[] = { "a", "b" }, *const cols[] = { "x", "y", "z" };
    json_set_matrix(j, "m", m, 2, 3, rows, cols);
    json_set_number(j, "third", 1.0 / 3);
    json_set_text(j, "t", "q\"\n");
    json_set_number(j, "big", 9007199254740993.0);
    Str s = { 0 };
    assert_ok_e(json_print_canonical(&s, j, &e), e);
    ck_assert_str_eq(str_text(&s), "{\"big\":9007199254740992,\"m\":{\"cols\":[\"x\",\"y\",\"z\"],\"data\":[[1,3,0.10000000000000001],[2,4,null]],"
                                   "\"rows\":[\"a\",\"b\"]},\"t\":\"q\\\"\\n\",\"third\":0.33333333333333331}");
    str_free(&s);
    json_free(j);
    j = json_object();
    json_set_number(j, "threshold", 1.4);
    json_set_number(j, "sum", 0.1 + 0.2);
    assert_ok_e(json_print_short(&s, j, &e), e);
    ck_assert_str_eq(str_text(&s), "{\n  \"threshold\": 1.4,\n  \"sum\": 0.30000000000000004\n}");
    str_free(&s);
    json_free(j);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("text");
    TCase *c = unit_case(s, "text");
    tcase_add_test(c, numbers_read_strictly);
    tcase_add_test(c, numbers_come_back_to_the_bit);
    tcase_add_test(c, numbers_are_written_as_printf_writes);
    tcase_add_test(c, numbers_are_rounded_as_strtod_rounds);
    tcase_add_test(c, slugs_follow_the_rule);
    tcase_add_test(c, near_words_are_offered);
    tcase_add_test(c, messages_are_one_printable_line);
    tcase_add_test(c, utf8_is_judged);
    tcase_add_test(c, csv_follows_rfc_4180);
    tcase_add_test(c, csv_refuses_with_place);
    tcase_add_test(c, csv_out_is_safe);
    tcase_add_test(c, json_refuses_what_cjson_takes);
    tcase_add_test(c, json_members_are_typed);
    tcase_add_test(c, json_keeps_long_arrays);
    tcase_add_test(c, json_out_is_exact);
    return s;
}

UNIT_MAIN("text")
