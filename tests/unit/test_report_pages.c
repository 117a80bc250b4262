/* tests/unit/test_report_pages.c: pages from plain structs: nothing of a user's text lives, nothing is missing, same bytes twice. */
#include "tests/unit/unit.h"

#include "core/rng.h"
#include "core/utf8.h"
#include "core/version.h"
#include "reports/cohort_report.h"
#include "reports/escape.h"
#include "reports/format.h"
#include "reports/html.h"
#include "reports/patient_report.h"
#include "reports/pdf.h"
#include "reports/table_one.h"
#include "study/report_patient.h"

static int count(const char *text, const char *what)
{
    int n = 0;
    for (const char *p = text; (p = strstr(p, what)); p += strlen(what)) n++;
    return n;
}

/* REOX_PICTURES=DIR keeps the pages, for eyes. */
static void keep(const Str *bytes, const char *name)
{
    const char *dir = getenv("REOX_PICTURES");
    if (!dir) return;
    char path[512];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "wb");
    ck_assert_ptr_nonnull(f);
    fwrite(bytes->s, 1, bytes->len, f);
    fclose(f);
}

static void check_escape(const char *in, const char *want)
{
    Str b = { 0 };
    html_escape(&b, in);
    ck_assert_str_eq(str_text(&b), want);
    str_free(&b);
}

START_TEST(text_is_escaped_and_made_visible)
{
    check_escape("a<b>&\"c'", "a&lt;b&gt;&amp;&quot;c&#39;");
    check_escape("Größe µ ≥ 日本", "Größe µ ≥ 日本");
    check_escape("a\x01" "b\x7F", "a\\x01b\\x7F");
    check_escape("line\nnext\ttab", "line next tab");
    check_escape("bad \xFF \xC3( \xE2\x82 \xC0\x80", "bad \\xFF \\xC3( \\xE2\\x82 \\xC0\\x80");
    check_escape("\xED\xA0\x80", "\\xED\\xA0\\x80");                       /* a surrogate */
    check_escape("ab\xE2\x80\xAE" "cd\xE2\x80\x8B", "ab[U+202E]cd[U+200B]");
    check_escape("\xEF\xBB\xBF<", "[U+FEFF]&lt;");
    check_escape("", "");
}
END_TEST

/* Any bytes: the result is UTF-8, has nothing that acts in HTML, and unescaped it is what text_visible shows. */
START_TEST(any_bytes_are_harmless)
{
    static const struct { const char *reference, *plain; } back[] = { { "&lt;", "<" }, { "&gt;", ">" }, { "&quot;", "\"" }, { "&#39;", "'" }, { "&amp;", "&" } };
    Rng r = rng_stream(11, 0);
    for (int round = 0; round < 4000; round++) {
        char in[64];
        size_t n = rng_below(&r, 60);
        for (size_t i = 0; i < n; i++) in[i] = (char)(1 + (rng_below(&r, 3) ? rng_below(&r, 255) : (uint32_t)"<>&\"'\xE2\x80\xAE"[rng_below(&r, 8)] % 255));
        in[n] = '\0';
        Str html = { 0 }, seen = { 0 }, undone = { 0 };
        html_escape(&html, in);
        text_visible(&seen, in);
        ck_assert(!strpbrk(str_text(&html), "<>\"'\n\r\t"));
        ck_assert(text_is_utf8(str_text(&html), html.len));
        for (const char *p = str_text(&html); *p; ) {
            size_t k = 0, known = sizeof back / sizeof *back;
            while (k < known && strncmp(p, back[k].reference, strlen(back[k].reference)) != 0) k++;
            ck_assert(*p != '&' || k < known);
            str_append_n(&undone, k < known ? back[k].plain : p, 1);
            p += k < known ? strlen(back[k].reference) : 1;
        }
        ck_assert_str_eq(str_text(&undone), str_text(&seen));
        str_free(&html); str_free(&seen); str_free(&undone);
    }
}
END_TEST

START_TEST(numbers_read_well)
{
    char b[FORMAT_MAX];
    ck_assert_str_eq(format_fixed(b, -0.004, 2), "0.00");
    ck_assert_str_eq(format_fixed(b, -1.5, 1), "−1.5");
    ck_assert_str_eq(format_fixed(b, NAN, 1), "–");
    ck_assert_str_eq(format_fixed(b, -INFINITY, 1), "−∞");
    ck_assert_str_eq(format_signed(b, 0.04, 1), "0.0");
    ck_assert_str_eq(format_signed(b, 2, 1), "+2.0");
    ck_assert_str_eq(format_p(b, 0.00099), "<0.001");
    ck_assert_str_eq(format_p(b, 0.0261), "0.026");
    ck_assert_str_eq(format_p(b, 0.44), "0.44");
    ck_assert_str_eq(format_ratio(b, 1.234), "1.23");
    ck_assert_str_eq(format_ratio(b, 12.34), "12.3");
    ck_assert_str_eq(format_ratio(b, 1e9), ">1000");
    ck_assert_str_eq(format_ratio(b, 0.0004), "<0.01");
    ck_assert_str_eq(format_share(b, 1, 3), "1 (33 %)");
    ck_assert_str_eq(format_share(b, 0, 0), "0");
    ck_assert_str_eq(format_digits(b, 0.012345, 3), "0.0123");
}
END_TEST

/* Six patients whose every text is hostile. */
static const char HOSTILE[] = "<script>alert(1)</script>\"onload='x' \xE2\x80\xAE &amp;";

static void clinical_frame(Frame *f)
{
    Err e = { 0 };
    char **id, **stage;
    double *age, *male;
    static const double AGE[6] = { 60, 70, 65, NAN, 50, 80 }, MALE[6] = { 1, 0, 1, 1, 1, 0 };
    assert_ok_e(frame_init(f, "clinical", 6, &e), e);
    assert_ok_e(frame_add_texts(&id, f, "patient", &e), e);
    assert_ok_e(frame_add_numbers(&age, f, "age", &e), e);
    assert_ok_e(frame_add_texts(&stage, f, "stage", &e), e);
    assert_ok_e(frame_add_numbers(&male, f, "male", &e), e);
    for (int i = 0; i < 6; i++) {
        char name[16];
        snprintf(name, sizeof name, "P%03d", i + 1);
        assert_ok_e(frame_set_text(f, &id[i], name, &e), e);
        age[i] = AGE[i];
        male[i] = MALE[i];
        if (i < 5) assert_ok_e(frame_set_text(f, &stage[i], i < 2 ? "III" : i < 4 ? "II" : HOSTILE, &e), e);
    }
}

static void cohort(Str *html, Str *pdf, const char *name)
{
    Err e = { 0 };
    Frame f = { 0 };
    Document d = { 0 };
    Arena a = { 0 };
    clinical_frame(&f);
    char words[9][8] = { "age", "Age", "years", "stage", "male", "Men", "nowhere", "II", "III" }, label[128];
    char *levels[2] = { words[7], words[8] };
    snprintf(label, sizeof label, "%s", name);
    const ColumnSpec column[] = { { words[0], words[1], words[2], NULL, 0 }, { words[3], label, NULL, levels, 2 }, { words[4], words[5], NULL, NULL, 0 },
                                  { words[6], words[5], NULL, NULL, 0 } };
    static const char *const timepoint[] = { "pre", HOSTILE };
    static const double fhv[12] = { 50, 40, 20, NAN, 80, 60, 10, 12, NAN, NAN, 0, 0 };
    static const double delta[6] = { -10, NAN, -20, 2, NAN, 0 };
    static const ScanCounts counts[2] = { { 5, 1, 0, 0, 0 }, { 4, 1, 1, 0, 0 } };
    const MetricCourse metric = { "FHV (% of tumour volume)", 1, fhv };
    const TracerResult tracer = { name, "TBR ≥ 1.4, reference blood", counts, &metric, 1 };
    static const double time[6] = { 3, 5, 8, 9, 12, 20 }, event[6] = { 1, 0, 1, 1, 0, 0 };
    SurvivalCurve curve = { HOSTILE, { 6, NULL, time, event, NULL, NULL }, { 0 }, { 0 } };
    assert_ok_e(km_estimate(&curve.estimate, &curve.data, &(KmOptions){ 0 }, &a, &e), e);
    const CoursePlot course = { { "Course", "FHV (%)", timepoint, 2, fhv, 6 }, name };
    const ChangePlot change = { { name, "Change in FHV (points)", delta, 6 }, name };
    const SurvivalPlot survival = { { name, "Overall survival", "Months", TIME_MONTHS, NAN, &curve, 1 }, name };
    const EndpointResult endpoint = { "os", name, true, false, 6, 3, 0, "months", 9, 3, NAN, 12 };
    const ModelTerm term = { name, 0.1, "per 10 points", 1.5, 0.6, 4.48, 1.4, 14.5, 0.012 };
    const RowCount left[] = { { "no mid scan", 2 } };
    const ModelFinding finding = { "few_events", HOSTILE };
    const RowCount grade[] = { { "low", 2 }, { "middle", 1 }, { "high", 1 } };
    const ModelResult model[] = {
        { name, "cox", HOSTILE, "Overall survival (os)", "day 0", "HR", NULL, true, false, 6, 4, 3, true, NULL, 0, left, 1, &term, 1, &finding, 1, "Concordance 0.66." },
        { "grade", "ordinal", "g ~ x", NULL, NULL, "OR", NULL, true, false, 6, 4, 0, false, grade, 3, left, 1, &term, 1, NULL, 0, NULL },
        { "os_bad", "cox", "Surv(t, d) ~ x", "os", "day 0", "HR", "uses a scan after the first time point: immortal time", false, false, 6, 0, 0, false, NULL, 0, NULL, 0, NULL, 0, NULL, 0, NULL } };
    const char *refusal[] = { name };
    const Provenance provenance[] = { { name, HOSTILE } };
    static const char *const outcome[] = { "os_months", NULL };
    const CohortReport r = { .study = name, .clinical = &f, .column = column, .n_columns = 4, .outcome_columns = outcome, .timepoint = timepoint,
        .n_timepoints = 2, .tracer = &tracer, .n_tracers = 1, .course = &course, .n_courses = 1, .change = &change, .n_changes = 1,
        .endpoint = &endpoint, .n_endpoints = 1, .survival = &survival, .n_survival = 1, .model = model, .n_models = 3, .refusal = refusal,
        .n_refusals = 1, .provenance = provenance, .n_provenance = 1 };
    assert_ok_e(cohort_document(&d, &r, &e), e);
    assert_ok_e(html_render(html, &d, &e), e);
    assert_ok_e(pdf_render(pdf, NULL, &d, &e), e);
    document_free(&d);
    frame_free(&f);
    arena_free(&a);
}

/* Every tag of the page is one of ours, and none has an attribute that acts. */
static void only_our_tags(const char *html)
{
    static const char *const known[] = { "!DOCTYPE", "html", "head", "meta", "title", "style", "body", "header", "h1", "h2", "h3", "p", "nav", "a", "main", "dl", "div",
        "dt", "dd", "table", "caption", "thead", "tbody", "tr", "th", "td", "figure", "figcaption", "svg", "desc", "path", "circle", "line", "text", "image", "footer" };
    for (const char *p = html; (p = strchr(p, '<')); ) {
        p += 1 + (p[1] == '/');
        size_t n = strcspn(p, " >/\n");
        bool found = false;
        for (size_t k = 0; k < sizeof known / sizeof *known && !found; k++) found = strlen(known[k]) == n && strncmp(p, known[k], n) == 0;
        ck_assert_msg(found, "tag <%.*s", (int)n + 20, p);
        const char *end = strchr(p, '>');
        ck_assert_ptr_nonnull(end);
        for (const char *q = p; q < end; q++) ck_assert_msg(strncmp(q, " on", 3) != 0, "attribute: %.*s", (int)(end - p), p);
        p = end;
    }
}

START_TEST(hostile_texts_stay_texts)
{
    Str html = { 0 }, pdf = { 0 };
    cohort(&html, &pdf, HOSTILE);
    keep(&html, "hostile.html");
    ck_assert_int_eq(count(html.s, "<script"), 0);
    ck_assert_int_eq(count(html.s, "\xE2\x80\xAE"), 0);
    ck_assert(count(html.s, "&lt;script&gt;") > 10);
    only_our_tags(html.s);
    ck_assert_int_eq(count(html.s, "Content-Security-Policy"), 1);
    ck_assert_int_eq(count(html.s, "default-src &#39;none&#39;") + count(html.s, "default-src 'none'"), 1);
    ck_assert_int_eq(count(html.s, "http://") + count(html.s, "https://"), 0);
    ck_assert(text_is_utf8(html.s, html.len));
    str_free(&html);
    str_free(&pdf);
}
END_TEST

START_TEST(cohort_says_what_it_must)
{
    Str html = { 0 }, pdf = { 0 }, again = { 0 }, again_pdf = { 0 };
    cohort(&html, &pdf, "NSCLC FMISO");
    keep(&html, "cohort_small.html");
    keep(&pdf, "cohort_small.pdf");
    ck_assert_int_eq(count(html.s, REOX_DISCLAIMER), 1);
    ck_assert(count(html.s, "All patients (n = 6)"));
    ck_assert(count(html.s, "65 (60–70)"));                        /* ages 50 60 65 70 80 */
    ck_assert(count(html.s, "Age, years"));
    ck_assert(count(html.s, "4 (67 %)"));                          /* men */
    ck_assert(count(html.s, "n = 4 of 6 patients, 3 events. Left out: no mid scan (2)."));
    ck_assert(count(html.s, "n = 4 of 6 patients: low 2, middle 1, high 1. Left out: no mid scan (2)."));
    ck_assert(count(html.s, "n = 4: low 2, middle 1, high 1") && !count(html.s, "0 events"));
    ck_assert(count(html.s, "immortal time"));
    /* exp(1.5) = 4.48 a unit is 4.48^0.1 = 1.16 for ten points; limits 1.4^0.1 = 1.03 and 14.5^0.1 = 1.31. */
    ck_assert(count(html.s, "1.16 (1.03–1.31)") >= 2);
    ck_assert(count(html.s, "9.0 (3.0–…) months"));
    ck_assert_int_eq(count(html.s, "<svg"), 5);
    ck_assert_int_eq(count(html.s, "<figcaption>"), 5);
    cohort(&again, &again_pdf, "NSCLC FMISO");
    ck_assert(html.len == again.len && memcmp(html.s, again.s, html.len) == 0);
    ck_assert(pdf.len == again_pdf.len && memcmp(pdf.s, again_pdf.s, pdf.len) == 0);
    str_free(&html); str_free(&pdf); str_free(&again); str_free(&again_pdf);
}
END_TEST

static void patient(Document *d, const char *id, size_t n_scans)
{
    Err e = { 0 };
    static const PatientScan scan[3] = {
        { "FMISO", "pre", true, SCAN_DONE, NULL, -6, 124, "TBR ≥ 1.4, reference blood", { 2.31, NULL }, { 1.4, NULL }, { 0.412, NULL }, { 18.9, NULL }, { 45.9, NULL }, 31, 59, NULL, "image not found" },
        { "FMISO", "mid", true, SCAN_NOT_DONE, NULL, NAN, NAN, "TBR ≥ 1.4, reference blood", { NAN, NULL }, { NAN, NULL }, { NAN, NULL }, { NAN, NULL }, { NAN, NULL }, 0, 0, NULL, NULL },
        { "FMISO", "end", true, SCAN_NOT_ASSESSABLE, NULL, 42, NAN, "TBR ≥ 1.4, reference blood", { NAN, NULL }, { NAN, NULL }, { NAN, NULL }, { NAN, NULL }, { NAN, NULL }, 0, 0, NULL, NULL } };
    static const PatientChange change = { "FMISO", "pre", "mid", { NAN, NULL }, { -0.2, NULL }, { NAN, NULL } };
    static const PatientRisk risk[2] = {
        { "os_pre", "Surv(t, d) ~ x", "n = 60, 8 events", 0.38, 0.22, 0.57, NULL, false, "age 91 is above 84, the highest of 60 patients", "from day 0", 60, 8, 2 },
        { "os_mid", "Surv(t, d) ~ x", "n = 43, 29 events", NAN, NAN, NAN, "no mid scan", true, NULL, "from the mid scan", 43, 29, 2 } };
    static const PatientFact fact[1] = { { "Age", "91 years" } };
    const PatientReport r = { "NSCLC FMISO", id, 7, "FMISO", fact, 1, scan, n_scans, &change, 1, "risk of an event (Overall survival) within 24 months", risk, 2, "reox" };
    assert_ok_e(patient_document(d, &r, &e), e);
}

START_TEST(patient_page_shows_states_never_zeros)
{
    Document d = { 0 };
    Str html = { 0 }, pdf = { 0 };
    Err e = { 0 };
    int pages = 0;
    patient(&d, "P<7>", 3);
    assert_ok_e(html_render(&html, &d, &e), e);
    assert_ok_e(pdf_render(&pdf, &pages, &d, &e), e);
    keep(&pdf, "patient_small.pdf");
    keep(&html, "patient_small.html");
    ck_assert_int_eq(pages, 1);
    only_our_tags(html.s);
    ck_assert_int_eq(count(html.s, "<td>not done</td>"), 1);
    ck_assert_int_eq(count(html.s, "<dd class=\"v\">not done</dd>"), 1);
    ck_assert_int_eq(count(html.s, "<dd class=\"v\">41 %</dd>"), 1);
    ck_assert_int_eq(count(html.s, "<td>not assessable</td>"), 1);
    ck_assert_int_eq(count(html.s, ">0.0<") + count(html.s, ">0<") - count(html.s, ">0</text>"), 0);      /* but for the risk axis */
    ck_assert(count(html.s, "41.2"));
    ck_assert_int_eq(count(html.s, "Higher than in 31 of 59 other patients"), 1);
    ck_assert(count(html.s, "−20.0"));
    ck_assert(count(html.s, "of 100 patients like this one, about 38 (95 % CI 22–57)"));
    ck_assert(count(html.s, "age 91 is above 84"));
    ck_assert(count(html.s, "8 events for 2 terms"));
    ck_assert(count(html.s, "no mid scan"));
    document_free(&d);
    str_free(&html);
    str_free(&pdf);
    patient(&d, "P8", 0);
    assert_ok_e(html_render(&html, &d, &e), e);
    ck_assert(count(html.s, "No scan of this patient is listed"));
    document_free(&d);
    str_free(&html);
}
END_TEST

START_TEST(long_tables_run_over_pages)
{
    Document d = { 0 };
    Err e = { 0 };
    document_init(&d, "Long", "a table of 300 rows and a paragraph without blanks", "line");
    Table *t = document_table(&d, "Rows", 3);
    for (size_t k = 0; k < 3; k++) document_table_column(&d, t, k, k ? "value" : "label", k ? ALIGN_RIGHT : ALIGN_LEFT);
    for (int i = 0; i < 300; i++) {
        document_table_row(&d, t, i % 50 ? ROW_INDENTED : ROW_GROUP);
        document_table_cell(&d, t, 0, "a label that is long enough to be wrapped when its column has to give way to the others beside it, as here");
        document_table_cell(&d, t, 1, "1234567890 1234567890 1234567890 1234567890 1234567890");
        document_table_cell(&d, t, 2, i % 3 ? "x" : NULL);
    }
    char wide[4000];
    memset(wide, 'w', sizeof wide - 1);
    wide[sizeof wide - 1] = '\0';
    document_text(&d, wide);
    document_warning(&d, wide);
    Str pdf = { 0 }, html = { 0 };
    int pages = 0;
    assert_ok_e(pdf_render(&pdf, &pages, &d, &e), e);
    keep(&pdf, "long.pdf");
    ck_assert_int_ge(pages, 8);
    assert_ok_e(html_render(&html, &d, &e), e);
    only_our_tags(html.s);
    ck_assert_int_eq(count(html.s, "<tr"), 301);
    str_free(&pdf);
    str_free(&html);
    document_free(&d);
}
END_TEST

/* Every text of a protocol may be as long as a file. */
START_TEST(endless_texts_still_fit)
{
    enum { LONG = 20000 };
    char *endless = malloc(LONG + 1);
    Err e = { 0 };
    ck_assert_ptr_nonnull(endless);
    for (int i = 0; i < LONG; i++) endless[i] = i % 7 ? 'W' : "\xC3\xA4"[i / 7 % 2];       /* broken UTF-8 among it */
    endless[LONG] = '\0';
    Str html = { 0 }, pdf = { 0 };
    cohort(&html, &pdf, endless);
    keep(&pdf, "endless.pdf");
    ck_assert(text_is_utf8(html.s, html.len));
    Document d = { 0 };
    patient(&d, endless, 3);
    Str page = { 0 };
    assert_ok_e(pdf_render(&page, NULL, &d, &e), e);
    document_free(&d);
    str_free(&html); str_free(&pdf); str_free(&page);
    free(endless);
}
END_TEST

/* Few events are told against degrees of freedom where a fit has them, and not at all where the outcome is none. */
START_TEST(what_events_are_set_against)
{
    static const struct { const char *fit; double nevent; size_t want; } model[] = {
        { "{\"coef\": {}}", 30, 3 }, { "{\"edf\": {\"age\": 2.9999999, \"z\": 0.99}}", 30, 4 }, { "{\"edf\": 1.2}", 30, 2 }, { "{\"n_by_level\": {}}", NAN, 0 } };
    PageTerm term[4] = { { .term = "(Intercept)" }, { .term = "a" }, { .term = "b" }, { .term = "c" } };
    for (size_t k = 0; k < sizeof model / sizeof *model; k++) {
        Json *fit = NULL;
        Err e = { 0 };
        assert_ok_e(json_parse(&fit, model[k].fit, strlen(model[k].fit), "fit", &e), e);
        const StoredModel stored = { .nevent = model[k].nevent, .fit = fit };
        const ReportModel m = { .stored = &stored, .term = term, .n_terms = 4 };
        ck_assert_uint_eq(report_terms_spent(&m), model[k].want);
        json_free(fit);
    }
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("report_pages");
    TCase *c = unit_case(s, "pages");
    tcase_add_test(c, text_is_escaped_and_made_visible);
    tcase_add_test(c, any_bytes_are_harmless);
    tcase_add_test(c, numbers_read_well);
    tcase_add_test(c, endless_texts_still_fit);
    tcase_add_test(c, hostile_texts_stay_texts);
    tcase_add_test(c, cohort_says_what_it_must);
    tcase_add_test(c, patient_page_shows_states_never_zeros);
    tcase_add_test(c, long_tables_run_over_pages);
    tcase_add_test(c, what_events_are_set_against);
    return s;
}

UNIT_MAIN("report_pages")
