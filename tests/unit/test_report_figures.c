/* tests/unit/test_report_figures.c: figures from plain results: geometry, numbers, refusals, the same bytes twice. */
#include "tests/unit/unit.h"

#include "core/rng.h"
#include "core/str.h"
#include "reports/axis.h"
#include "reports/canvas.h"
#include "reports/change_figure.h"
#include "reports/contour.h"
#include "reports/forest_figure.h"
#include "reports/km_figure.h"
#include "reports/slice_figure.h"
#include "reports/svg.h"

/* REOX_PICTURES=DIR keeps the figures as PNG, for eyes. */
static void picture(const Scene *s, const char *name)
{
    const char *dir = getenv("REOX_PICTURES");
    if (!dir) return;
    Str png = { 0 };
    Err e = { 0 };
    char path[512];
    assert_ok_e(canvas_png(&png, s, 2, &e), e);
    snprintf(path, sizeof path, "%s/%s.png", dir, name);
    FILE *f = fopen(path, "wb");
    ck_assert_ptr_nonnull(f);
    fwrite(png.s, 1, png.len, f);
    fclose(f);
    str_free(&png);
}

static int count(const char *text, const char *what)
{
    int n = 0;
    for (const char *p = text; (p = strstr(p, what)); p += strlen(what)) n++;
    return n;
}

static const Mark *text_mark(const Scene *s, const char *text, size_t nth)
{
    for (size_t i = 0; i < s->n_marks; i++)
        if (s->mark[i].kind == MARK_TEXT && strcmp(s->mark[i].text, text) == 0 && nth-- == 0) return &s->mark[i];
    return NULL;
}

START_TEST(scales_map_ends_and_middle)
{
    Scale lin = { false, 0, 10, 100, 300 }, log10s = { true, 0.1, 10, 50, 250 }, up = { false, 0, 1, 200, 20 };
    assert_near(scale_pt(&lin, 0), 100, 1e-15);
    assert_near(scale_pt(&lin, 2.5), 150, 1e-15);
    assert_near(scale_pt(&log10s, 1), 150, 1e-12);
    assert_near(scale_pt(&log10s, 10), 250, 1e-12);
    assert_near(scale_pt(&up, 0.5), 110, 1e-15);
    ck_assert(!isfinite(scale_pt(&log10s, 0)));
}
END_TEST

START_TEST(ticks_are_round_and_inside)
{
    Ticks t = ticks_linear(0, 100, 5);
    ck_assert_int_eq(t.n, 6);
    assert_near(t.at[1], 20, 1e-15);
    t = ticks_linear(-0.37, 0.44, 5);
    for (int i = 0; i < t.n; i++) ck_assert(t.at[i] >= -0.37 - 1e-9 && t.at[i] <= 0.44 + 1e-9);
    ck_assert_int_eq(t.decimals, 1);
    t = ticks_time(59.3, TIME_MONTHS);
    assert_near(t.at[1], 12, 1e-15);
    t = ticks_time(30, TIME_MONTHS);
    assert_near(t.at[1], 6, 1e-15);
    t = ticks_log(0.5, 8);
    ck_assert_int_eq(t.n, 4);                                    /* 0.5 1 2 5 */
    assert_near(t.at[3], 5, 1e-12);
    t = ticks_log(1e-9, 1e12);
    ck_assert(t.n > 2 && t.n <= TICKS_MAX);
    ck_assert_int_eq(ticks_linear(3, 3, 5).n, 0);
    ck_assert_int_eq(ticks_linear(NAN, 3, 5).n, 0);
}
END_TEST

START_TEST(bad_coordinates_are_refused)
{
    static const double bad[] = { NAN, INFINITY, -INFINITY, 1e300, -1e9 };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) for (int where = 0; where < 4; where++) {
        Scene s = { 0 };
        Str out = { 0 };
        Err e = { 0 };
        Canvas *c = NULL;
        scene_init(&s, 100, 100, "t", NULL);
        const double x[3] = { 1, bad[i], 3 }, y[3] = { 1, 2, 3 };
        if (where == 0) scene_line(&s, SCENE_PAGE, x, y, 3, (Pen){ 0, 1, 1, 0 });
        if (where == 1) scene_area(&s, SCENE_PAGE, y, x, 3, 0, 1);
        if (where == 2) scene_shape(&s, SCENE_PAGE, 1, bad[i], SHAPE_CIRCLE, 3, 0);
        if (where == 3) scene_text(&s, SCENE_PAGE, bad[i], 1, 0, 0, "a", (TextStyle){ .size_pt = 8 });
        ck_assert_int_eq(scene_check(&s, &e), ERR_INTERNAL);
        ck_assert_int_eq(svg_draw(&out, &s, "f", &e), ERR_INTERNAL);
        ck_assert_uint_eq(out.len, 0);
        ck_assert_int_eq(canvas_png(&out, &s, 1, &e), ERR_INTERNAL);
        assert_ok_e(canvas_begin(&c, 100, 100, "t", "s", &e), e);
        canvas_scene(c, &s, 0, 0, 1);
        ck_assert_int_eq(canvas_page_end(c, &e), ERR_INTERNAL);
        canvas_free(c);
        assert_ok_e(canvas_begin(&c, 100, 100, "t", "s", &e), e);
        canvas_rect(c, 1, bad[i], 2, 3, 0);
        ck_assert_int_eq(canvas_page_end(c, &e), ERR_INTERNAL);
        canvas_free(c);
        str_free(&out);
        scene_free(&s);
    }
    /* Sizes as well: cairo 1.16 hangs on an arc of radius 1e300. */
    Scene s = { 0 };
    Err e = { 0 };
    scene_init(&s, 100, 100, "t", NULL);
    scene_shape(&s, SCENE_PAGE, 1, 1, SHAPE_CIRCLE, 1e300, 0);
    ck_assert_int_eq(scene_check(&s, &e), ERR_INTERNAL);
    scene_free(&s);
    scene_init(&s, NAN, 100, "t", NULL);
    ck_assert_int_eq(scene_check(&s, &e), ERR_INTERNAL);
    scene_free(&s);
    scene_init(&s, 100, 100, "t", NULL);
    scene_panel(&s, (Scale){ true, 0, 1, 0, 1 }, (Scale){ false, 0, 1, 0, 1 });
    ck_assert_int_eq(scene_check(&s, &e), ERR_INTERNAL);
    scene_free(&s);
}
END_TEST

START_TEST(text_fits_its_room)
{
    Arena a = { 0 };
    assert_near(text_width_pt("0000", 10, false), 4 * 5.56, 1e-12);
    const char *text = "a label that is far too long for its place";
    for (double room = 12; room < 120; room += 7) {
        char *short_text = text_fit(&a, text, 8, false, room);
        ck_assert(text_width_pt(short_text, 8, false) <= room);
        ck_assert(strstr(short_text, "…"));
    }
    ck_assert_str_eq(text_fit(&a, "short", 8, false, 100), "short");
    arena_free(&a);
}
END_TEST

/* Seven patients by hand: times 2 3+ 3 5 8+ 8 12+. */
static const double KM_TIME[7] = { 2, 3, 3, 5, 8, 8, 12 }, KM_EVENT[7] = { 1, 0, 1, 1, 0, 1, 0 };

static void km_scene(Scene *s, SurvivalCurve *c, size_t n, Arena *a)
{
    Err e = { 0 };
    for (size_t k = 0; k < n; k++) assert_ok_e(km_estimate(&c[k].estimate, &c[k].data, &(KmOptions){ 0 }, a, &e), e);
    KmFigure f = { .title = "Overall survival", .y_label = "Overall survival", .x_label = "Months from time zero", .unit = TIME_MONTHS,
                   .horizon = 6, .curve = c, .n_curves = n };
    assert_ok_e(km_draw(s, &f, &e), e);
}

START_TEST(km_numbers_at_risk_by_hand)
{
    Scene s = { 0 };
    Arena a = { 0 };
    SurvivalCurve c[2] = { { "FHV below the median, a rather long label of a group", { 7, NULL, KM_TIME, KM_EVENT, NULL, NULL }, { 0 }, { 0 } },
                           { "above", { 3, NULL, KM_TIME, KM_EVENT, NULL, NULL }, { 0 }, { 0 } } };
    km_scene(&s, c, 2, &a);
    picture(&s, "km_small");
    /* Ticks of 12 months are 0 2 4 6 8 10 12; at risk just before: 7 7 4 3 3 1 1 (by hand). The number stands under its tick. */
    static const double tick[7] = { 0, 2, 4, 6, 8, 10, 12 };
    static const char *const risk[7] = { "7", "7", "4", "3", "3", "1", "1" };
    double x, y, tx, ty;
    const Mark *head = text_mark(&s, "Number at risk", 0);
    ck_assert_ptr_nonnull(head);
    scene_place(&x, &y, &s, head, 0);
    double row = 0;
    for (int i = 0; i < 7; i++) {
        char label[16];
        snprintf(label, sizeof label, "%g", tick[i]);
        const Mark *tick_mark = NULL, *number = NULL;
        for (size_t k = 0; k < s.n_marks; k++) {
            const Mark *m = &s.mark[k];
            if (m->kind != MARK_TEXT || m->style.anchor != ANCHOR_MIDDLE || m->style.upwards) continue;
            scene_place(&tx, &ty, &s, m, 0);
            if (ty < y && strcmp(m->text, label) == 0) tick_mark = m;
        }
        ck_assert_ptr_nonnull(tick_mark);
        scene_place(&x, &ty, &s, tick_mark, 0);
        for (size_t k = 0; k < s.n_marks && !number; k++) {
            const Mark *m = &s.mark[k];
            if (m->kind != MARK_TEXT || m->style.anchor != ANCHOR_MIDDLE || m->style.upwards) continue;
            scene_place(&tx, &ty, &s, m, 0);
            if (ty > y && fabs(tx - x) < 1e-9) number = m;       /* the first group's row comes first */
        }
        ck_assert_ptr_nonnull(number);
        ck_assert_str_eq(number->text, risk[i]);
        scene_place(&tx, &ty, &s, number, 0);
        if (i) assert_near(ty, row, 1e-12);
        row = ty;
    }
    ck_assert_ptr_nonnull(text_mark(&s, "n = 7, 4 events", 0));
    ck_assert_ptr_nonnull(text_mark(&s, "n = 3, 2 events", 0));
    /* A tick for each of the censored: 3 and 1. */
    int ticks = 0;
    for (size_t k = 0; k < s.n_marks; k++) ticks += s.mark[k].kind == MARK_SHAPE && s.mark[k].shape == SHAPE_TICK;
    ck_assert_int_eq(ticks, 4);
    scene_free(&s);
    arena_free(&a);
}
END_TEST

START_TEST(km_band_holds_the_curve)
{
    enum { N = 120 };
    double time[2][N], event[2][N];
    Rng r = rng_stream(7, 0);
    for (int k = 0; k < 2; k++) for (int i = 0; i < N; i++) {
        double t = 24 * rng_exponential(&r) / (k ? 1.8 : 1), c = 12 + 48 * rng_uniform(&r);
        time[k][i] = fmin(t, c);
        event[k][i] = t <= c;
    }
    Scene s = { 0 };
    Arena a = { 0 };
    SurvivalCurve c[2] = { { "predicted risk below the median", { N, NULL, time[0], event[0], NULL, NULL }, { 0 }, { 0 } },
                           { "predicted risk above the median", { N, NULL, time[1], event[1], NULL, NULL }, { 0 }, { 0 } } };
    km_scene(&s, c, 2, &a);
    picture(&s, "km");
    int areas = 0;
    for (size_t k = 0; k < s.n_marks; k++) {
        const Mark *m = &s.mark[k];
        if (m->kind != MARK_AREA) continue;
        areas++;
        for (size_t i = 0; i < m->n; i++) ck_assert(m->y[i] >= 0 && m->y[i] <= 1);
    }
    ck_assert_int_eq(areas, 2);
    /* Curves never rise and stay on the panel. */
    for (size_t k = 0; k < s.n_marks; k++) {
        const Mark *m = &s.mark[k];
        if (m->kind != MARK_LINE || m->panel == SCENE_PAGE || m->n < 10) continue;
        for (size_t i = 1; i < m->n; i++) ck_assert(m->y[i] <= m->y[i - 1] && m->x[i] >= m->x[i - 1]);
    }
    scene_free(&s);
    arena_free(&a);
}
END_TEST

START_TEST(incidence_rises_within_its_band)
{
    /* R, cmprsk 2.2: estimate 0.3727396 with variance 0.004433512; 1 - exp(-exp(log(-log(1 - F)) -+ 1.96 se)) = 0.2581075, 0.5174138. */
    static double time[2] = { 4, 10 }, cif[4] = { 0.3727396, 0.3727396, 0, 0 }, var[4] = { 0.004433512, 0.004433512, 0, 0 };
    static const double follow[3] = { 4, 10, 10 }, event[3] = { 1, 2, 0 };
    SurvivalCurve c = { "all", { 3, NULL, follow, event, NULL, NULL }, { 0 }, { .n = 2, .n_causes = 2, .time = time, .cif = cif, .var = var } };
    KmFigure f = { .title = "LRF", .y_label = "Incidence", .x_label = "Months", .unit = TIME_MONTHS, .horizon = NAN, .curve = &c, .n_curves = 1 };
    Scene s = { 0 };
    Err e = { 0 };
    assert_ok_e(km_draw(&s, &f, &e), e);
    const Mark *band = NULL, *line = NULL;
    for (size_t k = 0; k < s.n_marks; k++) {
        if (s.mark[k].kind == MARK_AREA) band = &s.mark[k];
        if (s.mark[k].kind == MARK_LINE && s.mark[k].panel == 0 && s.mark[k].pen.width_pt == 1.5) line = &s.mark[k];
    }
    ck_assert_ptr_nonnull(band);
    ck_assert_ptr_nonnull(line);
    double low = 1, high = 0;
    for (size_t i = 0; i < band->n; i++) {
        if (band->y[i] > 0) low = fmin(low, band->y[i]);
        high = fmax(high, band->y[i]);
    }
    assert_near(low, 0.2581075, 1e-6);
    assert_near(high, 0.5174138, 1e-6);
    assert_near_abs(line->y[0], 0, 0, 0);
    assert_near(line->y[line->n - 1], 0.3727396, 1e-12);
    ck_assert_ptr_nonnull(text_mark(&s, "n = 3, 1 event", 0));       /* the competing one is not counted */
    int ticks = 0;
    for (size_t k = 0; k < s.n_marks; k++) ticks += s.mark[k].kind == MARK_SHAPE && s.mark[k].shape == SHAPE_TICK;
    ck_assert_int_eq(ticks, 1);
    scene_free(&s);
}
END_TEST

START_TEST(forest_shows_every_effect_and_cuts_open_ones)
{
    const ForestRow row[] = {
        { true, "os_pre: overall survival", "n = 60, 41 events", NAN, NAN, NAN, NAN },
        { false, "FMISO pre FHV (per 0.1)", NULL, 1.18, 1.02, 1.37, 0.026 },
        { false, "Age (per year)", NULL, 1.01, 0.98, 1.05, 0.44 },
        { true, "os_mid: overall survival from the mid scan", "n = 43, 29 events", NAN, NAN, NAN, NAN },
        { false, "FMISO mid FHV (per 0.1)", NULL, 1.45, 1.1, 1.9, 0.0007 },
        { false, "without information", NULL, 900, 0.0001, INFINITY, 0.9 },
        { false, "not estimated", NULL, NAN, NAN, NAN, NAN },
    };
    ForestFigure f = { "Hazard ratios of all Cox models", "Hazard ratio", "lower hazard", "higher hazard", 95, row, 7 };
    Scene s = { 0 };
    Err e = { 0 };
    Str svg = { 0 };
    assert_ok_e(forest_draw(&s, &f, &e), e);
    picture(&s, "forest");
    ck_assert_ptr_nonnull(text_mark(&s, "1.18 (1.02–1.37)", 0));
    ck_assert_ptr_nonnull(text_mark(&s, "not estimable", 0));
    ck_assert_ptr_nonnull(text_mark(&s, "<0.001", 0));
    int squares = 0, arrows = 0;
    for (size_t k = 0; k < s.n_marks; k++) {
        if (s.mark[k].kind != MARK_SHAPE) continue;
        squares += s.mark[k].shape == SHAPE_SQUARE;
        arrows += s.mark[k].shape == SHAPE_LEFT || s.mark[k].shape == SHAPE_RIGHT;
    }
    ck_assert_int_eq(squares, 3);
    ck_assert_int_eq(arrows, 2);
    assert_ok_e(svg_draw(&svg, &s, "f1", &e), e);
    ck_assert_int_eq(count(svg.s, "<text"), count(svg.s, "</text>"));
    str_free(&svg);
    scene_free(&s);
}
END_TEST

START_TEST(waterfall_counts_and_orders)
{
    double change[60];
    Rng r = rng_stream(3, 1);
    int known = 0, rose = 0;
    for (int i = 0; i < 60; i++) {
        change[i] = rng_uniform(&r) < 0.25 ? NAN : -14 + 16 * rng_normal(&r);
        known += !isnan(change[i]);
        rose += change[i] > 0;
    }
    WaterfallFigure f = { "Change in hypoxic fraction, pre to mid", "Change in FHV (percentage points)", change, 60 };
    Scene s = { 0 };
    Err e = { 0 };
    assert_ok_e(waterfall_draw(&s, &f, &e), e);
    picture(&s, "waterfall");
    double last = INFINITY;
    int bars = 0, up = 0;
    for (size_t k = 0; k < s.n_marks; k++) {
        const Mark *m = &s.mark[k];
        if (m->kind != MARK_AREA || m->panel == SCENE_PAGE) continue;
        bars++;
        up += m->y[2] > 0;
        ck_assert(m->y[2] <= last);
        last = m->y[2];
    }
    ck_assert_int_eq(bars, known);
    ck_assert_int_eq(up, rose);
    scene_free(&s);
    const double none[2] = { NAN, NAN };
    f.change = none;
    f.n = 2;
    ck_assert_int_eq(waterfall_draw(&s, &f, &e), ERR_INTERNAL);
    const double same[2] = { 0, 0 };
    f.change = same;
    assert_ok_e(waterfall_draw(&s, &f, &e), e);
    scene_free(&s);
}
END_TEST

START_TEST(spaghetti_bridges_missing_scans_with_dashes)
{
    static const char *const at[3] = { "pre", "mid", "end" };
    double v[60 * 3];
    Rng r = rng_stream(5, 2);
    for (int i = 0; i < 60; i++) {
        double x = -0.1 + 1.4 * rng_normal(&r);
        for (int t = 0; t < 3; t++) {
            v[3 * i + t] = 100 / (1 + exp(-x));
            x += -0.8 + 0.5 * rng_normal(&r);
            if (t && rng_uniform(&r) < 0.28) v[3 * i + t] = NAN;
        }
    }
    SpaghettiFigure f = { "Hypoxic fraction over time", "FHV (% of tumour volume)", at, 3, v, 60 };
    Scene s = { 0 };
    Err e = { 0 };
    assert_ok_e(spaghetti_draw(&s, &f, &e), e);
    picture(&s, "spaghetti");
    int dashed = 0, bridged = 0, points = 0;
    for (int i = 0; i < 60; i++) bridged += isnan(v[3 * i + 1]) && !isnan(v[3 * i + 2]);
    for (size_t k = 0; k < s.n_marks; k++) {
        dashed += s.mark[k].kind == MARK_LINE && s.mark[k].pen.dash_pt > 0;
        points += s.mark[k].kind == MARK_SHAPE && s.mark[k].size_pt < 3;
    }
    ck_assert_int_eq(dashed, bridged);
    int known = 0;
    for (int i = 0; i < 180; i++) known += !isnan(v[i]);
    ck_assert_int_eq(points, known);
    ck_assert_ptr_nonnull(text_mark(&s, "n = 60", 0));
    scene_free(&s);
}
END_TEST

START_TEST(contours_enclose_the_right_area)
{
    enum { N = 64 };
    float f[N * N];
    Arena a = { 0 };
    Contour c = { 0 };
    Err e = { 0 };
    /* A disc of radius 20 with a hole of radius 8: pi (400 - 64). */
    for (int y = 0; y < N; y++) for (int x = 0; x < N; x++) {
        double d = hypot(x - 31.3, y - 30.7);
        f[y * N + x] = (float)fmin(20 - d, d - 8);
    }
    assert_ok_e(contour_trace(&c, f, N, N, 0, &a, &e), e);
    ck_assert_uint_eq(c.n, 2);
    assert_near(contour_area(&c), 3.14159265 * (400 - 64), 5e-3);
    /* One sample, also in the corner of the field: a closed line around it. */
    for (int i = 0; i < N * N; i++) f[i] = 0;
    f[0] = 1;
    assert_ok_e(contour_trace(&c, f, N, N, 0.5, &a, &e), e);
    ck_assert_uint_eq(c.n, 1);
    assert_near(contour_area(&c), 0.5, 1e-12);
    for (int i = 0; i < N * N; i++) f[i] = NAN;
    assert_ok_e(contour_trace(&c, f, N, N, 0.5, &a, &e), e);
    ck_assert_uint_eq(c.n, 0);
    for (int i = 0; i < N * N; i++) f[i] = 3;
    assert_ok_e(contour_trace(&c, f, N, N, 0.5, &a, &e), e);
    ck_assert_uint_eq(c.n, 1);
    /* Two diagonal samples: saddle by its middle value. */
    float four[4] = { 1, 0, 0, 1 };
    assert_ok_e(contour_trace(&c, four, 2, 2, 0.4, &a, &e), e);
    ck_assert_uint_eq(c.n, 1);
    assert_ok_e(contour_trace(&c, four, 2, 2, 0.6, &a, &e), e);
    ck_assert_uint_eq(c.n, 2);
    arena_free(&a);
}
END_TEST

/* A tumour whose hot part lies on the patient's right. Voxels of 4 x 4 x 3 mm; axes flipped as many scanners write them. */
static void phantom(Volume *v, Mask *m, bool flipped)
{
    Err e = { 0 };
    Grid g = { .n = { 48, 44, 30 }, .spacing_mm = { 4, 4, 3 } };
    const double origin[3] = { flipped ? 94 : -94, flipped ? 86 : -86, -45 };
    g.world = affine_from_spacing(g.spacing_mm, origin);
    if (flipped) { g.world.m[0][0] = -4; g.world.m[1][1] = -4; }
    assert_ok_e(volume_alloc(v, &g, UNITS_SUV, &e), e);
    assert_ok_e(mask_alloc(m, &g, &e), e);
    for (int z = 0; z < 30; z++) for (int y = 0; y < 44; y++) for (int x = 0; x < 48; x++) {
        double w[3];
        affine_apply(w, &g.world, (double[3]){ x, y, z });
        double d = sqrt(pow(w[0] - 10, 2) + pow(w[1] - 20, 2) + pow(w[2], 2)), hot = sqrt(pow(w[0] - 20, 2) + pow(w[1] - 24, 2) + pow(w[2] - 3, 2));
        size_t i = voxel_at(&g, x, y, z);
        m->in[i] = d < 26;
        v->v[i] = (float)(1.3 * (0.5 + (d < 28 ? 0.5 : 0) + (d < 26 ? 2.2 * exp(-hot * hot / 250) : 0)));
    }
}

START_TEST(slices_are_cut_where_they_say)
{
    for (int flipped = 0; flipped < 2; flipped++) {
        Volume v = { 0 };
        Mask m = { 0 };
        Slice s = { 0 };
        Err e = { 0 };
        phantom(&v, &m, flipped);
        double size = slice_size_mm(&m);
        ck_assert(size > 95 && size < 105);
        assert_ok_e(slice_cut(&s, &v, &m, 1.3, 1.4, OP_GE, size, &e), e);
        assert_near(s.z_mm, 3, 1e-9);
        ck_assert(s.is_ratio);
        double per_mm2 = pow(s.size_mm / s.n, 2);
        /* The tumour's cut at z = 3 is a disc of radius sqrt(26^2 - 3^2); voxels of 4 mm: to 4 %. */
        assert_near(contour_area(&s.tumour) * per_mm2, 3.14159265 * (26 * 26 - 9), 0.04);
        ck_assert(s.hypoxic.n >= 1);
        ck_assert(contour_area(&s.hypoxic) < contour_area(&s.tumour));
        /* The patient's right is on the left of the picture, anterior above: the hot spot at +10, +4 mm from the centre. */
        double best = -1;
        int bx = 0, by = 0;
        for (int y = 0; y < s.n; y++) for (int x = 0; x < s.n; x++)
            if (s.value[y * s.n + x] > best) { best = s.value[y * s.n + x]; bx = x; by = y; }
        double step = s.size_mm / s.n;
        assert_near_abs((s.n / 2.0 - bx - 0.5) * step, 10, 0, 2.5);
        assert_near_abs((s.n / 2.0 - by - 0.5) * step, 4, 0, 2.5);
        SlicePanel p[3] = { { "pre", "FMISO, day −6", &s, NULL }, { "mid", "FMISO, day 14", &s, NULL }, { "end", NULL, NULL, "scan not done" } };
        SliceFigure f = { "Images", p, 3, 3, "TBR", 1.4, "hypoxic subvolume (TBR ≥ 1.4)" };
        Scene scene = { 0 };
        assert_ok_e(slice_figure_draw(&scene, &f, &e), e);
        if (!flipped) picture(&scene, "slices");
        ck_assert_ptr_nonnull(text_mark(&scene, "20 mm", 0));
        ck_assert_ptr_nonnull(text_mark(&scene, "axial, z = 3.0 mm", 1));
        ck_assert_ptr_nonnull(text_mark(&scene, "scan not done", 0));
        Str svg = { 0 };
        assert_ok_e(svg_draw(&svg, &scene, "f", &e), e);
        ck_assert_int_eq(count(svg.s, "data:image/png;base64,"), 3);
        str_free(&svg);
        scene_free(&scene);
        slice_free(&s);
        /* Without reference: no ratio, no hypoxic contour. */
        assert_ok_e(slice_cut(&s, &v, &m, NAN, 1.4, OP_GE, size, &e), e);
        ck_assert(!s.is_ratio && s.hypoxic.n == 0);
        slice_free(&s);
        memset(m.in, 0, grid_voxels(&m.grid));
        ck_assert_int_eq(slice_cut(&s, &v, &m, 1.3, 1.4, OP_GE, size, &e), ERR_INPUT);
        volume_free(&v);
        mask_free(&m);
    }
}
END_TEST

START_TEST(same_scene_same_bytes)
{
    Str a = { 0 }, b = { 0 };
    for (int k = 0; k < 2; k++) {
        Scene s = { 0 };
        Arena arena = { 0 };
        Err e = { 0 };
        Canvas *c = NULL;
        SurvivalCurve curve = { "all patients", { 7, NULL, KM_TIME, KM_EVENT, NULL, NULL }, { 0 }, { 0 } };
        km_scene(&s, &curve, 1, &arena);
        assert_ok_e(canvas_begin(&c, 500, 400, "twice", "the same", &e), e);
        canvas_scene(c, &s, 5, 5, 1);
        canvas_text(c, 10, 350, 400, "Zwölf Größen µ ≥ 1.4", (TextStyle){ .size_pt = 9 });
        assert_ok_e(canvas_page_end(c, &e), e);
        assert_ok_e(canvas_end(k ? &b : &a, c, &e), e);
        canvas_free(c);
        scene_free(&s);
        arena_free(&arena);
        if (k == 0) sleep(1);                                    /* another second must not show */
    }
    ck_assert_uint_eq(a.len, b.len);
    ck_assert(a.len > 1000 && memcmp(a.s, b.s, a.len) == 0);
    ck_assert(memcmp(a.s, "%PDF-1.5", 8) == 0);
    str_free(&a);
    str_free(&b);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("report_figures");
    TCase *c = unit_case(s, "scene");
    tcase_add_test(c, scales_map_ends_and_middle);
    tcase_add_test(c, ticks_are_round_and_inside);
    tcase_add_test(c, bad_coordinates_are_refused);
    tcase_add_test(c, text_fits_its_room);
    tcase_add_test(c, same_scene_same_bytes);
    c = unit_case(s, "figures");
    tcase_add_test(c, km_numbers_at_risk_by_hand);
    tcase_add_test(c, km_band_holds_the_curve);
    tcase_add_test(c, incidence_rises_within_its_band);
    tcase_add_test(c, forest_shows_every_effect_and_cuts_open_ones);
    tcase_add_test(c, waterfall_counts_and_orders);
    tcase_add_test(c, spaghetti_bridges_missing_scans_with_dashes);
    tcase_add_test(c, contours_enclose_the_right_area);
    tcase_add_test(c, slices_are_cut_where_they_say);
    return s;
}

UNIT_MAIN("report_figures")
