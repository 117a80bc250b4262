/* tests/unit/test_undefined.c: regions of which many features cannot exist, through every family and aggregation: each value
 * is a finite number, or undefined with a reason. `make check MODE=asan` runs it under the sanitizers. */
#include "unit.h"

#include "features/extract.h"

typedef struct { int n[3]; double mm[3]; } Shape;

static void image_init(Volume *v, Mask *m, const Shape *s)
{
    Grid g = { .n = { s->n[0], s->n[1], s->n[2] }, .spacing_mm = { s->mm[0], s->mm[1], s->mm[2] } };
    g.world = affine_from_spacing(s->mm, (const double[3]){ 0, 0, 0 });
    assert_ok(volume_alloc(v, &g, UNITS_SUV, &e_));
    assert_ok(mask_alloc(m, &g, &e_));
}

static void settings_all(Settings *s)
{
    settings_defaults(s, UNITS_SUV);
    for (int a = AGGREGATION_2D_AVG; a < AGGREGATION_COUNT; a++) s->aggregation[a] = true;
}

/* Extracts and checks every value; returns how many are ok. Frees nothing but what it made. */
static Extraction extract(const Volume *v, const Mask *m, const Settings *s)
{
    Extraction x = { 0 };
    Err e = { 0 };
    HypoxiaRule rule = { 0 };
    ExtractInput in = { .name = "test", .image = v, .mask = m, .reference = NAN, .rule = &rule, .diagnostics = true };
    assert_ok_e(feature_extract(&x, &in, s, &e), e);
    ck_assert_uint_eq(x.features.n, 79 + 13 + 6 * (25 + 16) + 3 * (16 + 16 + 5 + 17));   /* no row is left out */
    for (size_t i = 0; i < x.features.n; i++) {
        const FeatureValue *f = &x.features.value[i];
        if (f->reason) ck_assert_msg(isnan(f->value) && strlen(f->reason) > 5, "%s", feature_info(f->id)->name);
        else ck_assert_msg(isfinite(f->value), "%s is %g and has no reason", feature_info(f->id)->name, f->value);
    }
    return x;
}

static const FeatureValue *value_of(const Extraction *x, FeatureId id, Aggregation a)
{
    for (size_t i = 0; i < x->features.n; i++)
        if (x->features.value[i].id == id && x->features.value[i].aggregation == a) return &x->features.value[i];
    ck_abort_msg("%s is missing", feature_info(id)->name);
    return NULL;
}
#define assert_undefined(x, id, a) ck_assert_msg(value_of(x, id, a)->reason != NULL, #id " is %g", value_of(x, id, a)->value)
#define assert_value(x, id, a, want) do { const FeatureValue *f_ = value_of(x, id, a); \
    ck_assert_msg(!f_->reason, #id ": %s", f_->reason); assert_near(f_->value, want, 1e-12); } while (0)

static void image_free(Volume *v, Mask *m, Settings *s, Extraction *x)
{
    extraction_free(x);
    settings_free(s);
    volume_free(v);
    mask_free(m);
}

START_TEST(one_voxel)
{
    Volume v;
    Mask m;
    Settings s;
    image_init(&v, &m, &(Shape){ { 5, 5, 5 }, { 4, 4, 3 } });
    for (int i = 0; i < 125; i++) v.v[i] = (float)(1 + i % 7);
    m.in[62] = 1;
    settings_all(&s);
    Extraction x = extract(&v, &m, &s);
    assert_undefined(&x, FEATURE_MORPHOLOGY_MORANS_I_INDEX, AGGREGATION_NONE);
    assert_undefined(&x, FEATURE_MORPHOLOGY_GEARYS_C_MEASURE, AGGREGATION_NONE);
    assert_undefined(&x, FEATURE_MORPHOLOGY_ELONGATION, AGGREGATION_NONE);
    assert_value(&x, FEATURE_MORPHOLOGY_VOLUME_VOXEL_COUNTING, AGGREGATION_NONE, 48);
    /* the mesh of a voxel is an octahedron; it is its own hull, and fills a sixth of its aligned box */
    assert_value(&x, FEATURE_MORPHOLOGY_VOLUME, AGGREGATION_NONE, 8);
    assert_value(&x, FEATURE_MORPHOLOGY_VOLUME_DENSITY_CONVEX_HULL, AGGREGATION_NONE, 1);
    assert_value(&x, FEATURE_MORPHOLOGY_VOLUME_DENSITY_AXIS_ALIGNED_BOUNDING_BOX, AGGREGATION_NONE, 1 / 6.0);
    /* semi-axes 2 2 1.5 of the smallest ellipsoid: 4/3 a b c of 4 pi / 3 a b c */
    assert_near(value_of(&x, FEATURE_MORPHOLOGY_VOLUME_DENSITY_MINIMUM_VOLUME_ENCLOSING_ELLIPSOID, AGGREGATION_NONE)->value, 1 / M_PI, 1e-6);
    assert_value(&x, FEATURE_GLRLM_SHORT_RUNS_EMPHASIS, AGGREGATION_3D_MRG, 1);
    assert_value(&x, FEATURE_GLSZM_ZONE_PERCENTAGE, AGGREGATION_2D, 1);
    for (int a = AGGREGATION_2D_AVG; a <= AGGREGATION_3D_MRG; a++) assert_undefined(&x, FEATURE_GLCM_CONTRAST, (Aggregation)a);
    for (int a = AGGREGATION_2D; a <= AGGREGATION_3D; a++) assert_undefined(&x, FEATURE_NGTDM_COARSENESS, (Aggregation)a);
    image_free(&v, &m, &s, &x);
}
END_TEST

/* Different intensities, all in one bin. */
START_TEST(one_grey_level)
{
    Volume v;
    Mask m;
    Settings s;
    image_init(&v, &m, &(Shape){ { 6, 6, 6 }, { 2, 2, 2 } });
    for (int i = 0; i < 216; i++) { v.v[i] = 1 + (float)(i % 11) * 0.01f; m.in[i] = i % 6 > 0 && i % 6 < 5 && i / 36 > 1; }
    settings_all(&s);
    Extraction x = extract(&v, &m, &s);
    ck_assert_int_eq(x.grey_levels, 5);                        /* bins of 0.25 from 0; four below are empty */
    ck_assert(!value_of(&x, FEATURE_MORPHOLOGY_MORANS_I_INDEX, AGGREGATION_NONE)->reason);
    assert_value(&x, FEATURE_GLCM_JOINT_MAXIMUM, AGGREGATION_3D_MRG, 1);
    assert_value(&x, FEATURE_GLCM_JOINT_ENTROPY, AGGREGATION_3D_MRG, 0);
    assert_undefined(&x, FEATURE_GLCM_CORRELATION, AGGREGATION_3D_MRG);
    assert_undefined(&x, FEATURE_GLCM_INFORMATION_CORRELATION_1, AGGREGATION_2D_AVG);
    assert_value(&x, FEATURE_GLSZM_ZONE_PERCENTAGE, AGGREGATION_3D, 1.0 / (4 * 6 * 4));
    for (int a = AGGREGATION_2D; a <= AGGREGATION_3D; a++)
        for (int k = FEATURE_NGTDM_COARSENESS; k <= FEATURE_NGTDM_STRENGTH; k++) assert_undefined(&x, (FeatureId)k, (Aggregation)a);
    image_free(&v, &m, &s, &x);
}
END_TEST

START_TEST(flat_region)
{
    for (int method = 0; method < 3; method++) {
        Volume v;
        Mask m;
        Settings s;
        image_init(&v, &m, &(Shape){ { 6, 5, 4 }, { 3, 3, 5 } });
        for (int i = 0; i < 120; i++) { v.v[i] = 2; m.in[i] = 1; }
        settings_all(&s);
        s.discretise.method = method == 0 ? BINS_FIXED_SIZE : method == 1 ? BINS_FIXED_NUMBER : BINS_NONE;
        s.discretise.bins = 32;
        s.ivh = s.discretise;
        Extraction x = extract(&v, &m, &s);
        assert_undefined(&x, FEATURE_MORPHOLOGY_MORANS_I_INDEX, AGGREGATION_NONE);
        assert_undefined(&x, FEATURE_MORPHOLOGY_GEARYS_C_MEASURE, AGGREGATION_NONE);
        assert_undefined(&x, FEATURE_NGTDM_STRENGTH, AGGREGATION_3D);
        image_free(&v, &m, &s, &x);
    }
}
END_TEST

START_TEST(nothing_left_by_resegmentation)
{
    Volume v;
    Mask m;
    Settings s;
    image_init(&v, &m, &(Shape){ { 6, 5, 4 }, { 3, 3, 5 } });
    for (int i = 0; i < 120; i++) { v.v[i] = 2 + (float)i; m.in[i] = i % 3 != 0; }
    settings_all(&s);
    s.range[0] = 1000;
    s.range[1] = 2000;
    s.discretise.origin = s.ivh.origin = 1000;
    Extraction x = extract(&v, &m, &s);
    ck_assert(!value_of(&x, FEATURE_MORPHOLOGY_VOLUME, AGGREGATION_NONE)->reason);
    assert_undefined(&x, FEATURE_STATISTICS_MEAN_INTENSITY, AGGREGATION_NONE);
    assert_undefined(&x, FEATURE_MORPHOLOGY_MORANS_I_INDEX, AGGREGATION_NONE);
    for (int k = FEATURE_GLCM_JOINT_MAXIMUM; k <= FEATURE_NGLDM_DEPENDENCE_COUNT_ENERGY; k++) {
        Family f = feature_info((FeatureId)k)->family;
        for (int a = AGGREGATION_2D_AVG; a < AGGREGATION_COUNT; a++)
            if (family_has_aggregation(f, (Aggregation)a)) assert_undefined(&x, (FeatureId)k, (Aggregation)a);
    }
    image_free(&v, &m, &s, &x);
}
END_TEST

/* Lines, planes, two voxels that touch by a corner, far apart, at the border; many sizes of bins and distances. */
START_TEST(thin_and_broken_regions)
{
    static const int n[][3] = { { 9, 1, 1 }, { 1, 9, 1 }, { 1, 1, 9 }, { 7, 6, 1 }, { 1, 5, 6 }, { 2, 2, 2 }, { 5, 6, 7 }, { 1, 1, 1 } };
    unsigned state = 3;
    for (size_t c = 0; c < sizeof n / sizeof *n; c++)
        for (int round = 0; round < 6; round++) {
            Volume v;
            Mask m;
            Settings s;
            int total = n[c][0] * n[c][1] * n[c][2];
            image_init(&v, &m, &(Shape){ { n[c][0], n[c][1], n[c][2] }, { 1, 2, 3.5 } });
            for (int i = 0; i < total; i++) {
                state = state * 1664525u + 1013904223u;
                v.v[i] = (float)(state >> 20) / 512.0f;
                m.in[i] = round < 2 || (state >> 10) % 3 == 0;
            }
            m.in[0] = m.in[total - 1] = 1;
            settings_all(&s);
            s.discretise.method = round % 3 == 0 ? BINS_FIXED_SIZE : round % 3 == 1 ? BINS_FIXED_NUMBER : BINS_NONE;
            s.discretise.bins = round == 4 ? 5000 : 4;
            s.distance = 1 + round % 3;
            s.ngldm_alpha = round % 2;
            Extraction x = extract(&v, &m, &s);
            image_free(&v, &m, &s, &x);
        }
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("undefined");
    TCase *c = unit_case(s, "undefined");
    tcase_add_test(c, one_voxel);
    tcase_add_test(c, one_grey_level);
    tcase_add_test(c, flat_region);
    tcase_add_test(c, nothing_left_by_resegmentation);
    tcase_add_test(c, thin_and_broken_regions);
    return s;
}
UNIT_MAIN("undefined")
