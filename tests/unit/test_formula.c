/* tests/unit/test_formula.c: R's expressions and formulas, and the matrices made of them. */
#include "tests/unit/stat_fixture.h"

#include "stats/design.h"
#include "stats/expr.h"
#include "stats/spline.h"
#include "stats/terms.h"

static const char TABLE[] = "a,b,t,my col\n1,2,x,5\n,3,y,6\n-4,0.5,,7\n2,2,x,8\n";

/* Values of an expression over the table, as text: numbers shortest, NA for missing. */
static void expect(const char *text, const char *want)
{
    Frame f = table_of(TABLE);
    Arena a = { 0 };
    Err e = { 0 };
    Expr *x = NULL;
    ExprValue v = { 0 };
    Str s = { 0 };
    char buffer[NUMBER_TEXT_MAX];
    assert_ok_e(expr_parse(&x, text, &a, &e), e);
    assert_ok_e(expr_eval(&v, x, &f, &a, &e), e);
    for (size_t i = 0; i < v.n; i++)
        str_appendf(&s, "%s%s", i ? " " : "", v.is_text ? (v.text[i] ? v.text[i] : "NA") : number_write_short(buffer, v.num[i]));
    ck_assert_msg(strcmp(str_text(&s), want) == 0, "%s gives '%s', expected '%s'", text, str_text(&s), want);
    str_free(&s);
    arena_free(&a);
    frame_free(&f);
}

START_TEST(order_of_operators_is_r_s)
{
    expect("-2^2", "-4 -4 -4 -4");
    expect("2^-1", "0.5 0.5 0.5 0.5");
    expect("2^3^2", "512 512 512 512");
    expect("-7 %/% 2", "-4 -4 -4 -4");
    expect("-7 %% 3", "2 2 2 2");
    expect("2*3 %% 2", "2 2 2 2");                /* %% binds before * */
    expect("!1 == 2", "1 1 1 1");
    expect("1 + 2 < 4 & 5 > 6 | TRUE", "1 1 1 1");
    expect("b - 1 - 1", "0 1 -1.5 0");
}
END_TEST

START_TEST(missing_is_r_s)
{
    expect("a + b", "3 NA -3.5 4");
    expect("a > 0", "1 NA 0 1");
    expect("a > 0 & FALSE", "0 0 0 0");
    expect("a > 0 | TRUE", "1 1 1 1");
    expect("a > 0 | b > 2", "1 1 0 1");
    expect("is.na(a) | is.na(t)", "0 1 1 0");
    expect("ifelse(is.na(a), 0, a)", "1 0 -4 2");
    expect("t == 'x'", "1 0 NA 1");
    expect("t %in% c('x', 'z')", "1 0 NA 1");
    expect("a %in% c(-4, 1)", "1 NA 1 0");
    expect("log(a)", "0 NA NA 0.6931471805599453");
    expect("pmin(a, b)", "1 NA -4 2");
}
END_TEST

START_TEST(functions_and_names)
{
    expect("`my col` + 1", "6 7 8 9");
    expect("round(2.5) + round(-1.15, 1)", "0.8999999999999999 0.8999999999999999 0.8999999999999999 0.8999999999999999");
    expect("seq_along(t) %% 2", "1 0 1 0");
    expect("ceiling(b) + floor(b)", "4 6 1 4");
    expect("I(b/2)", "1 1.5 0.25 1");
    expect("abs(a)", "1 NA 4 2");
}
END_TEST

static void refuse(const char *text, Rc rc, const char *part)
{
    Frame f = table_of(TABLE);
    unsigned char keep[4];
    Err e = { 0 };
    ck_assert_int_eq(expr_eval_rows(keep, text, &f, &e), rc);
    ck_assert_msg(strstr(e.text, part), "'%s' does not say '%s'", e.text, part);
    frame_free(&f);
}

START_TEST(mistakes_are_named)
{
    refuse("a + ", ERR_USAGE, "ends too early");
    refuse("(a", ERR_USAGE, "')' is missing");
    refuse("a ? b", ERR_USAGE, "character 3");
    refuse("aa > 1", ERR_USAGE, "no column 'aa'");
    refuse("sqr(a)", ERR_USAGE, "sqrt");
    refuse("t + 1", ERR_INPUT, "t.csv:2: column 't' is 'x'");
    refuse("1 < 2 < 3", ERR_USAGE, "chained");
    refuse("'a", ERR_USAGE, "does not end");
    char deep[2001];
    memset(deep, '(', 2000);
    deep[2000] = 0;
    refuse(deep, ERR_USAGE, "levels");
}
END_TEST

/* Names of the terms' columns of y ~ right side, joined by blanks. */
static void columns(const char *formula, const char *options, const char *want)
{
    Frame f = table_of("y,x,g,h,n,l\n1,1,b,u,1,TRUE\n2,2,a,v,2,FALSE\n3,5,c,u,3,FALSE\n1,4,a,v,1,TRUE\n2,3,b,u,2,TRUE\n"
                       "9,7,c,v,3,FALSE\n2,8,b,v,2,TRUE\n");
    Err e = { 0 };
    Design d = { 0 };
    Json *o = NULL, *out = json_object();
    Str s = { 0 };
    if (options) assert_ok_e(json_parse(&o, options, strlen(options), "o", &e), e);
    StatCall call = { .formula = formula, .data = &f, .options = o };
    DesignWish wish = { .kind = FORMULA_RESPONSE };
    assert_ok_e(design_build(&d, out, &call, &wish, &e), e);
    for (size_t j = 0; j < d.p; j++) str_appendf(&s, "%s%s", j ? " " : "", d.term[j]);
    ck_assert_msg(strcmp(str_text(&s), want) == 0, "%s: '%s', expected '%s'", formula, str_text(&s), want);
    str_free(&s);
    design_free(&d);
    json_free(out);
    json_free(o);
    frame_free(&f);
}

START_TEST(terms_have_r_s_names_and_order)
{
    columns("y~x+g", NULL, "(Intercept) x gb gc");
    columns("y~g:h + x", NULL, "(Intercept) x ga:hu gb:hu gc:hu ga:hv gb:hv gc:hv");
    columns("y~x*h", NULL, "(Intercept) x hv x:hv");
    columns("y~h:x + x", NULL, "(Intercept) x hv:x");
    columns("y~(x+g+h)^2 - x:g", NULL, "(Intercept) x gb gc hv x:hv gb:hv gc:hv");
    columns("y~h+(x+g)^2", NULL, "(Intercept) hv x gb gc x:gb x:gc");
    columns("y~n+(x+h)^2+I(x/2)", NULL, "(Intercept) n x hv I(x/2) x:hv");
    columns("y~h/x", NULL, "(Intercept) hv hu:x hv:x");
    columns("y~factor(x>2)", NULL, "(Intercept) factor(x>2)TRUE");
    columns("y~l+x", NULL, "(Intercept) lTRUE x");
    columns("y~l:x", NULL, "(Intercept) lFALSE:x lTRUE:x");
    columns("y~-1+g+h", NULL, "ga gb gc hv");
    columns("y~factor(n)+I(x/2)+log( x )", NULL, "(Intercept) factor(n)2 factor(n)3 I(x/2) log(x)");
    columns("y~I(x>2)+x", NULL, "(Intercept) I(x>2)TRUE x");
    columns("y~factor(x>2)", NULL, "(Intercept) factor(x>2)TRUE");
    columns("y~rcs(x,3)", NULL, "(Intercept) x x'");
    columns("y~g", "{\"levels\": [\"g=c,a,b\"]}", "(Intercept) ga gb");
    columns("y~1", NULL, "(Intercept)");
}
END_TEST

/* Harrell's knots by hand: 1 … 21 has its fifth values at 5 and 17 and the quartile between at 11; of 100 the quantiles alone;
 * a lower limit of detection that a quarter of the rows share stands aside. */
START_TEST(knots_by_hand)
{
    double few[21], many[101], limit[40], knot[4];
    Err e = { 0 };
    for (int i = 0; i < 21; i++) few[i] = i + 1;
    for (int i = 0; i < 101; i++) many[i] = i;
    for (int i = 0; i < 40; i++) limit[i] = i < 10 ? 0 : i - 9;
    assert_ok_e(rcs_knots(knot, 3, few, NULL, 21, &e), e);
    ck_assert(knot[0] == 5 && knot[1] == 11 && knot[2] == 17);
    assert_ok_e(rcs_knots(knot, 4, many, NULL, 101, &e), e);
    ck_assert(fabs(knot[0] - 5) < 1e-12 && fabs(knot[1] - 35) < 1e-12 && fabs(knot[2] - 65) < 1e-12 && fabs(knot[3] - 95) < 1e-12);
    /* 1 is the first knot; the other two: the median of 2 … 30, and its fifth from above. */
    assert_ok_e(rcs_knots(knot, 3, limit, NULL, 40, &e), e);
    ck_assert(knot[0] == 1 && knot[1] == 16 && knot[2] == 26);
}
END_TEST

/* Interaction of two factors by hand: the first variable's columns run fastest, and values multiply. */
START_TEST(products_by_hand)
{
    Frame f = table_of("y,g,h\n1,a,u\n2,b,v\n3,c,v\n4,b,u\n");
    Err e = { 0 };
    Design d = { 0 };
    Json *out = json_object();
    StatCall call = { .formula = "y~g*h", .data = &f };
    DesignWish wish = { .kind = FORMULA_RESPONSE };
    assert_ok_e(design_build(&d, out, &call, &wish, &e), e);
    static const double want[6][4] = { { 1, 1, 1, 1 }, { 0, 1, 0, 1 }, { 0, 0, 1, 0 }, { 0, 1, 1, 0 }, { 0, 1, 0, 0 }, { 0, 0, 1, 0 } };
    ck_assert_uint_eq(d.p, 6);
    for (int j = 0; j < 6; j++) for (int i = 0; i < 4; i++) ck_assert_msg(d.x[j * 4 + i] == want[j][i], "column %d row %d", j, i);
    design_free(&d);
    json_free(out);
    frame_free(&f);
}
END_TEST

/* Rows lost are counted by column; an expression that has no value counts under its own name. */
START_TEST(rows_are_accounted_for)
{
    Frame f = table_of("y,a,b,w\n1,1,,1\n2,,2,1\n3,-1,3,1\n4,4,4,\n5,5,5,1\n6,6,,1\n");
    Err e = { 0 };
    Design d = { 0 };
    Json *out = json_object(), *o = json_object();
    json_set_text(o, "weights", "w");
    json_set_text(o, "subset", "y < 6");
    StatCall call = { .formula = "y~log(a)+b", .data = &f, .options = o };
    DesignWish wish = { .kind = FORMULA_RESPONSE };
    assert_ok_e(design_build(&d, out, &call, &wish, &e), e);
    ck_assert_uint_eq(d.n, 1);
    ck_assert_uint_eq(d.n_dropped_missing, 4);
    const Json *m = json_get(out, "missing");
    ck_assert(json_number(json_get(m, "b")) == 1 && json_number(json_get(m, "a")) == 1 && json_number(json_get(m, "w")) == 1);
    ck_assert(json_number(json_get(m, "log(a)")) == 1 && json_number(json_get(m, "y")) == 0);
    design_free(&d);
    json_free(out);
    json_free(o);
    frame_free(&f);
}
END_TEST

/* A design's terms as Json make the same columns, bit for bit, for other rows. */
START_TEST(terms_travel)
{
    Frame f = table_of("y,x,g\n1,1,b\n2,2.5,a\n3,5,c\n1,4,a \n2,3,b\n9,7,c\n2,8,b\n"), other = table_of("x,g\n2.2,c\n9,a\n1,A\n,b\n");
    Err e = { 0 };
    Arena a = { 0 };
    Design d = { 0 };
    Json *out = json_object(), *back = NULL;
    Str text = { 0 };
    Formula *again = NULL;
    double *x = NULL, *y = NULL;
    size_t p = 0;
    StatCall call = { .formula = "y~rcs(x,4)*g", .data = &f };
    DesignWish wish = { .kind = FORMULA_RESPONSE };
    assert_ok_e(design_build(&d, out, &call, &wish, &e), e);
    ck_assert(has_code(out, "level_variants"));
    Json *j = terms_to_json(d.formula);
    assert_ok_e(json_print(&text, j, false, &e), e);
    assert_ok_e(json_parse(&back, str_text(&text), text.len, "terms", &e), e);
    assert_ok_e(terms_from_json(&again, back, "terms", &a, &e), e);
    ck_assert_int_eq(design_matrix_for(&x, &d, &other, &a, &e), ERR_INPUT);      /* 'A' is no level */
    ck_assert(strstr(e.text, "t.csv:4"));
    other.column[1].text[2] = other.column[1].text[1];
    assert_ok_e(design_matrix_for(&x, &d, &other, &a, &e), e);
    assert_ok_e(terms_matrix(&y, &p, again, true, &other, NULL, 4, NULL, &a, &e), e);
    ck_assert_uint_eq(p, d.p);
    ck_assert(memcmp(x, y, 4 * p * sizeof *x) == 0);
    ck_assert(isnan(x[1 * 4 + 3]) && x[3] == 1);
    json_free(j);
    json_free(back);
    json_free(out);
    str_free(&text);
    arena_free(&a);
    design_free(&d);
    frame_free(&f);
    frame_free(&other);
}
END_TEST

/* Columns where they stand hold what the matrix holds, with rows left out and without; a whole column of the table is not copied. */
START_TEST(columns_agree_with_the_matrix)
{
    static const char *const texts[] = { "y,x,g,n\n1,1,b,2\n2,2.5,a,3\n3,5,c,4\n1,4,a,1\n2,3,b,7\n9,7,c,5\n",
                                         "y,x,g,n\n1,1,b,2\n2,,a,3\n3,5,c,4\n1,4,a,1\n2,3,b,7\n9,7,c,5\n" };
    static const char *const formulas[] = { "y~x+n", "y~log(x)+n", "y~g*x+rcs(n,3)", "y~g-1+x:n" };
    for (size_t t = 0; t < 2; t++)
        for (size_t k = 0; k < sizeof formulas / sizeof *formulas; k++) {
            Frame f = table_of(texts[t]);
            Err e = { 0 };
            Design whole = { 0 }, apart = { 0 };
            Json *out = json_object(), *other = json_object();
            StatCall call = { .formula = formulas[k], .data = &f };
            assert_ok_e(design_build(&whole, out, &call, &(DesignWish){ .kind = FORMULA_RESPONSE }, &e), e);
            assert_ok_e(design_build(&apart, other, &call, &(DesignWish){ .kind = FORMULA_RESPONSE, .no_matrix = true }, &e), e);
            ck_assert_uint_eq(whole.n, t ? 5 : 6);
            ck_assert_uint_eq(apart.p, whole.p);
            ck_assert_ptr_null(apart.x);
            for (size_t j = 0; j < whole.p; j++) {
                ck_assert_ptr_eq(whole.xj[j], whole.x + j * whole.n);
                ck_assert(memcmp(apart.xj[j], whole.xj[j], whole.n * sizeof(double)) == 0);
            }
            if (k < 2) ck_assert_int_eq(apart.xj[apart.p - 1] == f.column[3].num, t == 0);
            json_free(out);
            json_free(other);
            design_free(&whole);
            design_free(&apart);
            frame_free(&f);
        }
}
END_TEST

/* Restricted cubic spline: linear beyond the outer knots, and the value of a cubic piece by hand. */
START_TEST(spline_by_hand)
{
    Frame f = table_of("y,x\n1,0\n2,1\n3,2\n4,3\n5,4\n");
    Err e = { 0 };
    Design d = { 0 };
    Json *out = json_object();
    StatCall call = { .formula = "y~rcs(x,c(1,2,3))", .data = &f };
    DesignWish wish = { .kind = FORMULA_RESPONSE };
    assert_ok_e(design_build(&d, out, &call, &wish, &e), e);
    /* ((x-1)+^3 - 2 (x-2)+^3 + (x-3)+^3)/4 */
    static const double want[5] = { 0, 0, .25, 1.5, 3 };
    for (int i = 0; i < 5; i++) assert_near_abs(d.x[2 * 5 + i], want[i], 1e-15, 1e-15);
    design_free(&d);
    json_free(out);
    frame_free(&f);
}
END_TEST

/* One word among measurements is refused by line; stages with a word are categories. */
START_TEST(a_word_among_measurements)
{
    static const char csv[] = "y,x,stage\n1,0.5,1\n2,-,2\n4,1.5,4a\n3,0.1,3\n2,0.7,1\n5,2.5,2\n1,0.4,4a\n3,1.1,3\n";
    Frame f = table_of(csv);
    char message[ERR_TEXT_MAX];
    Json *out = call_method("linear", "y~x", &f, NULL, NULL, ERR_INPUT, message);
    ck_assert_msg(strstr(message, "t.csv:3: x is '-' where 7 of the other values are numbers") != NULL, "%s", message);
    json_free(out);
    json_free(call_method("linear", "x~stage", &f, NULL, NULL, ERR_USAGE, message));
    out = call_method("linear", "y~stage", &f, NULL, NULL, OK, NULL);
    ck_assert(json_size(json_get(out, "coef")) == 4);
    ck_assert(has_code(out, "words_among_numbers"));
    json_free(out);
    out = call_method("linear", "y~factor(stage)", &f, NULL, NULL, OK, NULL);
    ck_assert(!has_code(out, "words_among_numbers"));
    json_free(out);
    out = call_method("linear", "y~stage", &f, NULL, "{\"levels\": [\"stage=1,2,3,4a\"]}", OK, NULL);
    ck_assert(!has_code(out, "words_among_numbers"));
    json_free(out);
    json_free(call_method("linear", "y~stage", &f, NULL, "{\"subset\": \"x!='-'\"}", OK, NULL));
    frame_free(&f);
}
END_TEST

/* One word in 40 rows of few numbers is refused by line too, with what would make it a category; so is a number too large to be one. */
START_TEST(a_word_in_an_almost_numeric_column)
{
    char csv[1024] = "y,x,big\n", message[ERR_TEXT_MAX];
    for (int i = 0; i < 40; i++)
        snprintf(csv + strlen(csv), sizeof csv - strlen(csv), "%d,%s,%s\n", i * 7 % 11, i == 20 ? "II" : i % 3 ? "1" : "2", i == 7 ? "-1e400" : i % 4 ? "3" : "1");
    Frame f = table_of(csv);
    json_free(call_method("linear", "y~x", &f, NULL, NULL, ERR_INPUT, message));
    ck_assert_msg(strstr(message, "t.csv:22: x is 'II' where 39 of the other values are numbers") && strstr(message, "factor(x)"), "%s", message);
    Json *out = call_method("linear", "y~factor(x)", &f, NULL, NULL, OK, NULL);
    ck_assert(json_size(json_get(out, "coef")) == 3);
    json_free(out);
    json_free(call_method("linear", "y~big", &f, NULL, NULL, ERR_INPUT, message));
    ck_assert_msg(strstr(message, "t.csv:9: big is -1e400, expected a finite number") != NULL, "%s", message);
    f.column[1].text[30] = f.column[1].text[20];                /* twice: a level that some rows have */
    out = call_method("linear", "y~x", &f, NULL, NULL, OK, NULL);
    ck_assert(json_size(json_get(out, "coef")) == 3 && has_code(out, "words_among_numbers"));
    json_free(out);
    json_free(call_method("linear", "y~big", &f, NULL, "{\"subset\": \"seq_along(y)!=8\"}", OK, NULL));
    frame_free(&f);
    static const char few[] = "y,x\n1,1\n2,1e400\n4,2\n3,3\n2,1\n5,2\n";
    f = table_of(few);
    json_free(call_method("linear", "y~x", &f, NULL, NULL, ERR_INPUT, message));
    ck_assert_msg(strstr(message, "t.csv:3: x is 1e400") != NULL, "%s", message);
    frame_free(&f);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("formula");
    TCase *c = unit_case(s, "expressions");
    tcase_add_test(c, order_of_operators_is_r_s);
    tcase_add_test(c, missing_is_r_s);
    tcase_add_test(c, functions_and_names);
    tcase_add_test(c, mistakes_are_named);
    c = unit_case(s, "formulas");
    tcase_add_test(c, terms_have_r_s_names_and_order);
    tcase_add_test(c, products_by_hand);
    tcase_add_test(c, knots_by_hand);
    tcase_add_test(c, rows_are_accounted_for);
    tcase_add_test(c, a_word_among_measurements);
    tcase_add_test(c, a_word_in_an_almost_numeric_column);
    tcase_add_test(c, terms_travel);
    tcase_add_test(c, columns_agree_with_the_matrix);
    tcase_add_test(c, spline_by_hand);
    return s;
}

UNIT_MAIN("formula")
