/* tests/unit/test_extract.c: the ROIs that break formulas, settings by lot, invariances, warnings. */
#include "tests/unit/unit.h"

#include "core/rng.h"
#include "features/extract.h"
#include "features/sink.h"

typedef struct { Volume image; Mask mask; } Case;

static Case case_of(const int n[3], const double spacing[3])
{
    const double origin[3] = { -7, 3, 11 };
    Grid g = { { n[0], n[1], n[2] }, { spacing[0], spacing[1], spacing[2] }, affine_from_spacing(spacing, origin) };
    Case c = { { { { 0 }, { 0 }, { { { 0 } } } }, UNITS_SUV, NULL }, { { { 0 }, { 0 }, { { { 0 } } } }, NULL } };
    assert_ok(volume_alloc(&c.image, &g, UNITS_SUV, NULL));
    assert_ok(mask_alloc(&c.mask, &g, NULL));
    return c;
}

static void case_free(Case *c)
{
    volume_free(&c->image);
    mask_free(&c->mask);
}

/* A lumpy tumour of uneven uptake. at: where its centre stands, in voxels. */
static Case tumour(const int n[3], const double spacing[3], const double at[3])
{
    Case c = case_of(n, spacing);
    Rng r = rng_stream(3, 0);
    for (int z = 0; z < n[2]; z++)
        for (int y = 0; y < n[1]; y++)
            for (int x = 0; x < n[0]; x++) {
                size_t i = voxel_at(&c.image.grid, x, y, z);
                double dx = (x - at[0]) / 6.0, dy = (y - at[1]) / 4.5, dz = (z - at[2]) / 3.6, d2 = dx * dx + dy * dy + dz * dz;
                double wave = sin(0.9 * (x - at[0])) * cos(0.7 * (y - at[1]) + 0.4 * (z - at[2]));
                c.image.v[i] = (float)(0.5 + 5 / (1 + d2) + 0.8 * wave + 0.3 * rng_uniform(&r));
                c.mask.in[i] = d2 < 1 + 0.25 * wave;
            }
    return c;
}

static void every_aggregation(Settings *s)
{
    for (int a = AGGREGATION_NONE + 1; a < AGGREGATION_COUNT; a++) s->aggregation[a] = true;
}

static void extract(Extraction *x, const Case *c, const Settings *s)
{
    Err e = { 0 };
    HypoxiaRule rule = { .has_threshold = true, .threshold = 1.4 };
    ExtractInput in = { .name = "test", .image = &c->image, .mask = &c->mask, .reference = 1.5, .rule = &rule, .diagnostics = true };
    assert_ok_e(feature_extract(x, &in, s, &e), e);
}

static double get(const Extraction *x, FeatureId id, Aggregation a)
{
    for (size_t i = 0; i < x->features.n; i++)
        if (x->features.value[i].id == id && x->features.value[i].aggregation == a) return x->features.value[i].value;
    ck_abort_msg("no value of %s", feature_info(id)->name);
}

/* ---- undefined values ---- */

/* A number, or NaN with a reason; and the family thought of every row. */
static void assert_sound(const Extraction *x, const char *what)
{
    for (size_t i = 0; i < x->features.n; i++) {
        const FeatureValue *v = &x->features.value[i];
        const char *name = feature_info(v->id)->name;
        ck_assert_msg(isfinite(v->value) == (v->reason == NULL), "%s: %s %s: %g, %s", what, name,
                      aggregation_name(v->aggregation) ? aggregation_name(v->aggregation) : "", v->value, v->reason ? v->reason : "ok");
        ck_assert_msg(v->reason != SINK_NO_VALUE, "%s: no computation fills %s", what, name);
    }
}

START_TEST(degenerate)
{
    const int n[3] = { 9, 8, 7 };
    const double spacing[3] = { 2, 2, 3 };
    static const BinMethod methods[] = { BINS_FIXED_SIZE, BINS_FIXED_NUMBER, BINS_NONE };
    for (int kind = 0; kind < 6; kind++)
        for (size_t m = 0; m < 3; m++) {
            Case c = case_of(n, spacing);
            Settings s = { 0 };
            Extraction x = { 0 };
            settings_defaults(&s, UNITS_SUV);
            every_aggregation(&s);
            s.discretise.method = s.ivh.method = methods[m];
            s.discretise.bins = s.ivh.bins = 16;
            const char *what = "";
            for (size_t i = 0; i < grid_voxels(&c.image.grid); i++) c.image.v[i] = 2;
            switch (kind) {
            case 0: what = "one voxel"; c.mask.in[voxel_at(&c.mask.grid, 4, 4, 3)] = 1; break;
            case 1: what = "flat";
                for (int i = 0; i < 40; i++) c.mask.in[voxel_at(&c.mask.grid, 2 + i % 4, 2 + i / 4 % 5, 2 + i / 20)] = 1;
                break;
            case 2: what = "one grey level";
                for (int i = 0; i < 40; i++) {
                    size_t at = voxel_at(&c.mask.grid, 2 + i % 4, 2 + i / 4 % 5, 2 + i / 20);
                    c.mask.in[at] = 1;
                    c.image.v[at] = 2 + 0.004f * (float)i;
                }
                break;
            case 3: what = "empty after re-segmentation";
                for (int i = 0; i < 40; i++) c.mask.in[voxel_at(&c.mask.grid, 2 + i % 4, 2 + i / 4 % 5, 2 + i / 20)] = 1;
                s.range[0] = 50;
                break;
            case 4: what = "empty after interpolation";
                c.mask.in[voxel_at(&c.mask.grid, 0, 0, 0)] = 1;
                s.has_spacing = true;
                s.spacing_mm[0] = s.spacing_mm[1] = s.spacing_mm[2] = 9;
                break;
            default: what = "all zero, two voxels apart";
                for (size_t i = 0; i < grid_voxels(&c.image.grid); i++) c.image.v[i] = 0;
                c.mask.in[voxel_at(&c.mask.grid, 0, 0, 0)] = c.mask.in[voxel_at(&c.mask.grid, 8, 7, 6)] = 1;
            }
            extract(&x, &c, &s);
            assert_sound(&x, what);
            if (kind == 0) {
                ck_assert(isnan(get(&x, FEATURE_STATISTICS_INTENSITY_SKEWNESS, AGGREGATION_NONE)));
                assert_near(get(&x, FEATURE_STATISTICS_MEAN_INTENSITY, AGGREGATION_NONE), 2, 0);
                ck_assert(isnan(get(&x, FEATURE_MORPHOLOGY_ELONGATION, AGGREGATION_NONE)));
            }
            if (kind == 3) {
                ck_assert(isnan(get(&x, FEATURE_STATISTICS_MEAN_INTENSITY, AGGREGATION_NONE)));
                ck_assert(isnan(get(&x, FEATURE_GLCM_CONTRAST, AGGREGATION_3D_MRG)));
                ck_assert(get(&x, FEATURE_MORPHOLOGY_VOLUME, AGGREGATION_NONE) > 0);      /* of the mask before it */
            }
            if (kind == 4) ck_assert(isnan(get(&x, FEATURE_MORPHOLOGY_VOLUME, AGGREGATION_NONE)));
            extraction_free(&x);
            case_free(&c);
        }
}
END_TEST

START_TEST(every_row_has_a_value)
{
    const int n[3] = { 26, 22, 18 };
    const double spacing[3] = { 2, 2, 3 }, at[3] = { 13, 11, 9 };
    Case c = tumour(n, spacing, at);
    Settings s = { 0 };
    Extraction x = { 0 };
    settings_defaults(&s, UNITS_SUV);
    every_aggregation(&s);
    extract(&x, &c, &s);
    size_t want = 0;
    for (int id = 0; id < FEATURE_COUNT; id++)
        for (int a = 0; a < AGGREGATION_COUNT; a++)
            want += family_has_aggregation(feature_info((FeatureId)id)->family, (Aggregation)a);
    ck_assert_uint_eq(x.features.n, want);
    for (size_t i = 0; i < x.features.n; i++)
        ck_assert_msg(x.features.value[i].reason == NULL, "%s: %s", feature_info(x.features.value[i].id)->name, x.features.value[i].reason);
    extraction_free(&x);
    case_free(&c);
}
END_TEST

START_TEST(refusals)
{
    const int n[3] = { 8, 8, 8 }, other[3] = { 8, 8, 7 };
    const double spacing[3] = { 2, 2, 2 };
    Case c = case_of(n, spacing), d = case_of(other, spacing);
    Settings s = { 0 };
    Extraction x = { 0 };
    Err e = { 0 };
    ExtractInput in = { .name = "pet.nii", .image = &c.image, .mask = &c.mask, .reference = NAN };
    settings_defaults(&s, UNITS_SUV);
    ck_assert_int_eq(feature_extract(&x, &in, &s, &e), ERR_INPUT);
    ck_assert_ptr_nonnull(strstr(e.text, "pet.nii: the mask has no voxel"));
    c.mask.in[voxel_at(&c.mask.grid, 3, 2, 1)] = 1;
    c.image.v[voxel_at(&c.mask.grid, 3, 2, 1)] = NAN;
    ck_assert_int_eq(feature_extract(&x, &in, &s, &e), ERR_INPUT);
    ck_assert_ptr_nonnull(strstr(e.text, "pet.nii: voxel (3, 2, 1) of the ROI is not a number"));
    c.image.v[voxel_at(&c.mask.grid, 3, 2, 1)] = 1;
    in.mask = &d.mask;
    ck_assert_int_eq(feature_extract(&x, &in, &s, &e), ERR_INPUT);
    in.mask = &c.mask;
    s.has_spacing = true;
    s.spacing_mm[0] = s.spacing_mm[1] = s.spacing_mm[2] = 0.01;
    ck_assert_int_eq(feature_extract(&x, &in, &s, &e), ERR_INPUT);
    ck_assert_ptr_nonnull(strstr(e.text, "pet.nii: resample.spacing_mm"));
    s.has_spacing = false;
    Json *filter = json_object();
    json_set_text(filter, "type", "log");
    s.filter = filter;
    ck_assert_int_eq(feature_extract(&x, &in, &s, &e), ERR_INPUT);
    ck_assert_ptr_nonnull(strstr(e.text, "filter"));
    settings_free(&s);
    case_free(&c);
    case_free(&d);
}
END_TEST

/* Small images, ROIs and settings by lot: never a crash, never a value that is neither a number nor explained. */
START_TEST(by_lot)
{
    Rng r = rng_stream(99, 0);
    int cases = unit_long() ? 20000 : 300;
    for (int k = 0; k < cases; k++) {
        const int n[3] = { 1 + (int)rng_below(&r, 9), 1 + (int)rng_below(&r, 8), 1 + (int)rng_below(&r, 6) };
        const double spacing[3] = { 0.5 + 5 * rng_uniform(&r), 0.5 + 5 * rng_uniform(&r), 0.5 + 8 * rng_uniform(&r) };
        Case c = case_of(n, spacing);
        size_t voxels = grid_voxels(&c.image.grid);
        double density = rng_uniform(&r), grain = rng_uniform(&r) < 0.3 ? 1 : 0.01;
        for (size_t i = 0; i < voxels; i++) {
            c.image.v[i] = (float)(grain * floor((4 * rng_normal(&r) + 3) / grain));
            c.mask.in[i] = rng_uniform(&r) < density;
        }
        c.mask.in[rng_below(&r, (uint32_t)voxels)] = 1;
        size_t odd = rng_below(&r, (uint32_t)voxels);
        if (!c.mask.in[odd]) c.image.v[odd] = NAN;
        Settings s = { 0 };
        settings_defaults(&s, rng_below(&r, 2) ? UNITS_SUV : UNITS_HU);
        every_aggregation(&s);
        s.has_spacing = rng_below(&r, 2);
        s.in_plane = rng_below(&r, 2);
        for (int a = 0; a < 3; a++) s.spacing_mm[a] = 0.6 + 6 * rng_uniform(&r);
        s.image = (Interpolation)rng_below(&r, 3);
        s.mask = (Interpolation)rng_below(&r, 3);
        s.mask_threshold = 0.1 + 0.9 * rng_uniform(&r);
        s.round = rng_below(&r, 2);
        s.quantity = (Quantity)rng_below(&r, 2);
        if (rng_below(&r, 2)) s.range[0] = -INFINITY;
        if (rng_below(&r, 3) == 0) s.range[1] = 8;
        if (rng_below(&r, 2)) s.outlier_sigma = 0.2 + 3 * rng_uniform(&r);
        s.discretise.method = (BinMethod)rng_below(&r, 3);
        s.discretise.bins = 1 + (int)rng_below(&r, 40);
        s.ivh.method = (BinMethod)rng_below(&r, 3);
        s.ivh.bins = 1 + (int)rng_below(&r, 40);
        s.distance = 1 + (int)rng_below(&r, 3);
        s.ngldm_alpha = rng_below(&r, 3);
        Extraction x = { 0 };
        extract(&x, &c, &s);
        assert_sound(&x, "by lot");
        extraction_free(&x);
        case_free(&c);
    }
}
END_TEST

/* ---- invariances ---- */

/* The same scan with its axes permuted and turned: new axis k is old axis axis[k], backwards where flip[k]. */
static Case turned(const Case *c, const int axis[3], const int flip[3])
{
    const Grid *g = &c->image.grid;
    const int n[3] = { g->n[axis[0]], g->n[axis[1]], g->n[axis[2]] };
    const double spacing[3] = { g->spacing_mm[axis[0]], g->spacing_mm[axis[1]], g->spacing_mm[axis[2]] };
    Case t = case_of(n, spacing);
    for (int z = 0; z < n[2]; z++)
        for (int y = 0; y < n[1]; y++)
            for (int x = 0; x < n[0]; x++) {
                const int at[3] = { x, y, z };
                int old[3];
                for (int k = 0; k < 3; k++) old[axis[k]] = flip[k] ? n[k] - 1 - at[k] : at[k];
                size_t to = voxel_at(&t.image.grid, x, y, z), from = voxel_at(g, old[0], old[1], old[2]);
                t.image.v[to] = c->image.v[from];
                t.mask.in[to] = c->mask.in[from];
            }
    return t;
}

static void assert_same(const Extraction *a, const Extraction *b, bool in_plane, const char *what)
{
    ck_assert_uint_eq(a->features.n, b->features.n);
    for (size_t i = 0; i < a->features.n; i++) {
        const FeatureValue *p = &a->features.value[i], *q = &b->features.value[i];
        Aggregation g = p->aggregation;
        bool volume = g == AGGREGATION_NONE || g == AGGREGATION_3D_AVG || g == AGGREGATION_3D_MRG || g == AGGREGATION_3D;
        if (!volume && !in_plane) continue;              /* slices lie in x and y */
        /* Fits by iteration, and differences of large numbers, agree to their own precision. */
        double rel = feature_info(p->id)->needs & (NEEDS_ELLIPSOID | NEEDS_BOX) ? 1e-5 : 1e-8;
        ck_assert_msg(unit_near(q->value, p->value, rel, 1e-9), "%s: %s %s: %.15g and %.15g", what, feature_info(p->id)->name,
                      aggregation_name(g) ? aggregation_name(g) : "", p->value, q->value);
        ck_assert(p->reason == q->reason);
    }
}

START_TEST(turned_and_mirrored)
{
    const int n[3] = { 21, 19, 15 };
    const double spacing[3] = { 2, 2.5, 3 }, at[3] = { 10, 9, 7 };
    static const struct { int axis[3], flip[3]; bool in_plane; } turns[] = {
        { { 1, 0, 2 }, { 1, 0, 0 }, true }, { { 0, 1, 2 }, { 1, 0, 0 }, true }, { { 0, 1, 2 }, { 0, 1, 1 }, true },
        { { 2, 0, 1 }, { 0, 0, 0 }, false }, { { 0, 2, 1 }, { 0, 1, 0 }, false }
    };
    Case c = tumour(n, spacing, at);
    Settings s = { 0 };
    Extraction x = { 0 };
    settings_defaults(&s, UNITS_SUV);
    every_aggregation(&s);
    extract(&x, &c, &s);
    for (size_t k = 0; k < sizeof turns / sizeof *turns; k++) {
        Case t = turned(&c, turns[k].axis, turns[k].flip);
        Extraction y = { 0 };
        char what[32];
        snprintf(what, sizeof what, "turn %zu", k);
        extract(&y, &t, &s);
        assert_same(&x, &y, turns[k].in_plane, what);
        extraction_free(&y);
        case_free(&t);
    }
    /* Turned before interpolation is turned after it. */
    s.has_spacing = true;
    s.spacing_mm[0] = s.spacing_mm[1] = s.spacing_mm[2] = 2.2;
    extraction_free(&x);
    extract(&x, &c, &s);
    Case t = turned(&c, turns[3].axis, turns[2].flip);
    Extraction y = { 0 };
    extract(&y, &t, &s);
    for (size_t i = 0; i < x.features.n; i++) {
        const FeatureValue *p = &x.features.value[i], *q = &y.features.value[i];
        if (feature_info(p->id)->family != FAMILY_STATISTICS) continue;
        ck_assert_msg(unit_near(q->value, p->value, 1e-5, 1e-5), "%s: %g and %g", feature_info(p->id)->name, p->value, q->value);
    }
    extraction_free(&x);
    extraction_free(&y);
    case_free(&t);
    case_free(&c);
}
END_TEST

START_TEST(moved)
{
    /* The image around the tumour is part of it for the peaks, so it moves too. */
    const int n[3] = { 24, 22, 18 }, wide[3] = { 31, 24, 23 };
    const double spacing[3] = { 2, 2, 3 }, at[3] = { 11, 10, 8 };
    Case c = tumour(n, spacing, at), d = case_of(wide, spacing);
    for (int z = 0; z < n[2]; z++)
        for (int y = 0; y < n[1]; y++)
            for (int x = 0; x < n[0]; x++) {
                size_t to = voxel_at(&d.image.grid, x + 7, y + 2, z + 4), from = voxel_at(&c.image.grid, x, y, z);
                d.image.v[to] = c.image.v[from];
                d.mask.in[to] = c.mask.in[from];
            }
    Settings s = { 0 };
    Extraction x = { 0 }, y = { 0 };
    settings_defaults(&s, UNITS_SUV);
    every_aggregation(&s);
    extract(&x, &c, &s);
    extract(&y, &d, &s);
    assert_same(&x, &y, true, "moved");
    extraction_free(&x);
    extraction_free(&y);
    case_free(&c);
    case_free(&d);
}
END_TEST

START_TEST(larger_voxels)
{
    /* Twice the spacing: lengths double, areas times four, volumes times eight, everything without a length stays. */
    const int n[3] = { 24, 22, 18 };
    const double spacing[3] = { 2, 2, 3 }, twice[3] = { 4, 4, 6 }, at[3] = { 11, 10, 8 };
    Case c = tumour(n, spacing, at), d = tumour(n, twice, at);
    Settings s = { 0 };
    Extraction x = { 0 }, y = { 0 };
    settings_defaults(&s, UNITS_SUV);
    every_aggregation(&s);
    s.family[FAMILY_LOCAL_INTENSITY] = s.family[FAMILY_HYPOXIA] = false;      /* the sphere of 1 cm^3 does not grow */
    extract(&x, &c, &s);
    extract(&y, &d, &s);
    for (size_t i = 0; i < x.features.n; i++) {
        const FeatureInfo *row = feature_info(x.features.value[i].id);
        double factor = strstr(row->unit, "mm^3") ? 8 : strcmp(row->unit, "mm^2") == 0 ? 4 : strcmp(row->unit, "mm") == 0 ? 2
                      : strcmp(row->unit, "1/mm") == 0 ? 0.5 : 1;
        ck_assert_msg(unit_near(y.features.value[i].value, factor * x.features.value[i].value, 1e-9, 1e-12)
                          || (row->needs & (NEEDS_ELLIPSOID | NEEDS_BOX) && unit_near(y.features.value[i].value, x.features.value[i].value, 1e-5, 0)),
                      "%s: %.15g and %.15g, factor %g", row->name, x.features.value[i].value, y.features.value[i].value, factor);
    }
    extraction_free(&x);
    extraction_free(&y);
    case_free(&c);
    case_free(&d);
}
END_TEST

START_TEST(ratio_to_the_reference)
{
    /* quantity tbr with bins of 0.1 is the image divided beforehand. */
    const int n[3] = { 24, 22, 18 };
    const double spacing[3] = { 2, 2, 3 }, at[3] = { 11, 10, 8 };
    Case c = tumour(n, spacing, at), d = tumour(n, spacing, at);
    for (size_t i = 0; i < grid_voxels(&d.image.grid); i++) d.image.v[i] = (float)((double)d.image.v[i] / 1.5);
    d.image.units = UNITS_TBR;
    Settings s = { 0 }, t = { 0 };
    Extraction x = { 0 }, y = { 0 };
    settings_defaults(&s, UNITS_SUV);
    s.discretise.bin_size = 0.1;
    s.family[FAMILY_HYPOXIA] = false;
    t = s;
    s.quantity = QUANTITY_TBR;
    extract(&x, &c, &s);
    extract(&y, &d, &t);
    ck_assert_int_eq(x.units, UNITS_TBR);
    assert_same(&x, &y, true, "quantity tbr");
    ck_assert_str_eq(feature_unit(FEATURE_STATISTICS_MEAN_INTENSITY, x.units), "1");
    extraction_free(&x);
    extraction_free(&y);
    case_free(&c);
    case_free(&d);
}
END_TEST

/* Without a reference the ratio does not exist; shape and SUV do. */
START_TEST(ratio_to_nothing)
{
    const int n[3] = { 24, 22, 18 };
    const double spacing[3] = { 2, 2, 3 }, at[3] = { 11, 10, 8 };
    static const double none[] = { NAN, 0, -1 };
    Case c = tumour(n, spacing, at);
    Err e = { 0 };
    Settings s = { 0 }, plain = { 0 };
    Extraction x = { 0 }, y = { 0 };
    settings_defaults(&s, UNITS_SUV);
    s.outlier_sigma = 3;
    plain = s;
    s.quantity = QUANTITY_TBR;
    extract(&y, &c, &plain);
    for (size_t k = 0; k < sizeof none / sizeof *none; k++) {
        ExtractInput in = { .name = "test", .image = &c.image, .mask = &c.mask, .reference = none[k], .diagnostics = true };
        assert_ok_e(feature_extract(&x, &in, &s, &e), e);
        ck_assert_uint_eq(x.features.n, y.features.n);
        for (size_t i = 0; i < x.features.n; i++) {
            const FeatureValue *v = &x.features.value[i];
            const FeatureInfo *row = feature_info(v->id);
            const bool of_ratio = (row->family != FAMILY_HYPOXIA && row->family != FAMILY_MORPHOLOGY) || v->id == FEATURE_MORPHOLOGY_MORANS_I_INDEX ||
                                  v->id == FEATURE_MORPHOLOGY_GEARYS_C_MEASURE || v->id == FEATURE_MORPHOLOGY_INTEGRATED_INTENSITY ||
                                  v->id == FEATURE_MORPHOLOGY_CENTRE_OF_MASS_SHIFT;
            if (of_ratio) ck_assert_msg(v->reason && strstr(v->reason, "quantity tbr"), "%s: %s", row->name, v->reason ? v->reason : "has a value");
            else if (row->family == FAMILY_MORPHOLOGY) ck_assert_msg(v->value == y.features.value[i].value, "%s: %g", row->name, v->value);
            else if (strncmp(row->name, "suv_", 4) == 0) ck_assert_msg(!v->reason, "%s: %s", row->name, v->reason);
        }
        ck_assert(x.n_warnings > 0 && strstr(x.warning[x.n_warnings - 1], "quantity tbr"));
        extraction_free(&x);
    }
    extraction_free(&y);
    case_free(&c);
}
END_TEST

/* ---- warnings ---- */

START_TEST(not_finite_outside)
{
    /* Interpolation meets the least value of the image where there is no number, and says so. */
    const int n[3] = { 12, 11, 10 };
    const double spacing[3] = { 4, 4, 4 };
    Case c = case_of(n, spacing);
    Settings s = { 0 };
    Extraction x = { 0 };
    settings_defaults(&s, UNITS_SUV);
    s.has_spacing = true;
    s.spacing_mm[0] = s.spacing_mm[1] = s.spacing_mm[2] = 3;
    for (size_t i = 0; i < grid_voxels(&c.image.grid); i++) c.image.v[i] = 2;
    for (int i = 0; i < 64; i++) c.mask.in[voxel_at(&c.mask.grid, 4 + i % 4, 4 + i / 4 % 4, 3 + i / 16)] = 1;
    for (int y = 0; y < 11; y++) c.image.v[voxel_at(&c.image.grid, 0, y, 0)] = y % 2 ? NAN : INFINITY;
    c.image.v[voxel_at(&c.image.grid, 11, 10, 9)] = 1.5f;
    extract(&x, &c, &s);
    assert_sound(&x, "not finite outside");
    ck_assert_ptr_nonnull(strstr(x.warning[0], "outside the ROI"));
    assert_near(get(&x, FEATURE_STATISTICS_MEAN_INTENSITY, AGGREGATION_NONE), 2, 1e-3);
    extraction_free(&x);
    case_free(&c);
}
END_TEST

START_TEST(warnings)
{
    const int n[3] = { 24, 22, 18 };
    const double spacing[3] = { 2, 2, 3 }, at[3] = { 11, 10, 8 };
    Case c = tumour(n, spacing, at);
    Settings s = { 0 };
    Extraction x = { 0 };
    settings_defaults(&s, UNITS_SUV);
    extract(&x, &c, &s);
    ck_assert_uint_eq(x.n_warnings, 1);
    ck_assert_ptr_nonnull(strstr(x.warning[0], "at least 5 mL"));
    extraction_free(&x);
    s.discretise.bin_size = 2;
    extract(&x, &c, &s);
    ck_assert_uint_eq(x.n_warnings, 2);
    ck_assert_ptr_nonnull(strstr(x.warning[1], "fewer than 8"));
    extraction_free(&x);
    s.discretise.bin_size = 0.001;
    extract(&x, &c, &s);
    ck_assert_ptr_nonnull(strstr(x.warning[1], "more than 256"));
    extraction_free(&x);
    for (int f = FAMILY_INTENSITY_HISTOGRAM; f <= FAMILY_NGLDM; f++) s.family[f] = false;
    extract(&x, &c, &s);
    ck_assert_uint_eq(x.n_warnings, 0);
    extraction_free(&x);
    case_free(&c);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("extract");
    TCase *c = unit_case(s, "extract");
    tcase_add_test(c, degenerate);
    tcase_add_test(c, every_row_has_a_value);
    tcase_add_test(c, refusals);
    tcase_add_test(c, by_lot);
    tcase_add_test(c, not_finite_outside);
    tcase_add_test(c, turned_and_mirrored);
    tcase_add_test(c, moved);
    tcase_add_test(c, larger_voxels);
    tcase_add_test(c, ratio_to_the_reference);
    tcase_add_test(c, ratio_to_nothing);
    tcase_add_test(c, warnings);
    return s;
}

UNIT_MAIN("extract")
