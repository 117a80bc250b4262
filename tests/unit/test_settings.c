/* tests/unit/test_settings.c: settings read strictly, defaults by unit, layers by tracer, and back to Json. */
#include "tests/unit/unit.h"

#include "features/settings.h"

static Rc read_text(Settings *out, const char *text, const char *tracer, Units units, Err *e)
{
    Json *j = NULL;
    Rc rc = json_parse(&j, text, strlen(text), "s.json", e);
    if (rc == OK) rc = settings_read(out, j, tracer, units, "s.json", e);
    json_free(j);
    return rc;
}

START_TEST(defaults)
{
    Settings pet = { 0 }, ct = { 0 };
    settings_defaults(&pet, UNITS_SUV);
    settings_defaults(&ct, UNITS_HU);
    ck_assert(!pet.has_spacing && !pet.round && pet.image == INTERPOLATE_CUBIC && pet.mask == INTERPOLATE_LINEAR);
    ck_assert(pet.range[0] == 0 && isinf(pet.range[1]) && pet.outlier_sigma == 0);
    ck_assert(pet.discretise.method == BINS_FIXED_SIZE && pet.discretise.bin_size == 0.25 && pet.discretise.origin == 0);
    ck_assert(pet.ivh.bin_size == 0.1 && pet.ivh.origin == 0);
    ck_assert(pet.aggregation[AGGREGATION_3D_MRG] && pet.aggregation[AGGREGATION_3D] && !pet.aggregation[AGGREGATION_2D]);
    ck_assert(ct.round && ct.range[0] == -1000 && ct.range[1] == 400 && ct.discretise.bin_size == 25 && ct.discretise.origin == -1000);
    ck_assert(ct.ivh.bin_size == 2.5 && ct.ivh.origin == -1000);
    for (int f = 0; f < FAMILY_COUNT; f++) ck_assert(pet.family[f]);
}
END_TEST

/* Each is refused by key. */
START_TEST(refusals)
{
    static const struct { const char *text, *says; } cases[] = {
        { "{\"resampel\": {}}", "resampel" },
        { "{\"resample\": {\"spacing\": [1,1,1]}}", "s.json: resample: unknown key spacing" },
        { "{\"resample\": {\"spacing_mm\": [1,1]}}", "resample.spacing_mm" },
        { "{\"resample\": {\"spacing_mm\": [1,0,1]}}", "resample.spacing_mm: 0" },
        { "{\"resample\": {\"image\": \"sinc\"}}", "resample.image: 'sinc', expected nearest, linear, cubic" },
        { "{\"resample\": {\"in_plane\": 1}}", "in_plane" },
        { "{\"resample\": {\"mask_threshold\": 0}}", "mask_threshold" },
        { "{\"resample\": 3}", "resample" },
        { "{\"resegment\": {\"range\": [400, -500]}}", "resegment.range" },
        { "{\"resegment\": {\"range\": [0, \"x\"]}}", "resegment.range" },
        { "{\"resegment\": {\"outlier_sigma\": -3}}", "outlier_sigma: -3" },
        { "{\"discretise\": {\"method\": \"fixed_bin_width\"}}", "discretise.method" },
        { "{\"discretise\": {\"method\": \"fixed_bin_number\"}}", "discretise.bins: missing" },
        { "{\"discretise\": {\"method\": \"fixed_bin_number\", \"bins\": 1.5}}", "discretise.bins: 1.5" },
        { "{\"discretise\": {\"method\": \"fixed_bin_number\", \"bins\": 8, \"bin_size\": 2}}", "bin_size: the method is fixed_bin_number" },
        { "{\"discretise\": {\"bins\": 8}}", "bins: the method is fixed_bin_size" },
        { "{\"ivh\": {\"bin_size\": 0}}", "ivh.bin_size" },
        { "{\"texture\": {\"aggregation\": [\"3D\"]}}", "texture.aggregation: '3D'" },
        { "{\"texture\": {\"aggregation\": []}}", "texture.aggregation" },
        { "{\"texture\": {\"distance\": 0}}", "texture.distance" },
        { "{\"families\": [\"glmc\"]}", "did you mean 'glcm'" },
        { "{\"quantity\": \"ratio\"}", "quantity: 'ratio'" },
        { "{\"filter\": {\"type\": \"sobel\"}}", "filter.type" },
        { "{\"filter\": {\"type\": \"log\", \"sigma\": 3}}", "filter" },
        { "{\"filter\": {\"type\": \"log\", \"support\": 3}}", "filter.support: the type is log" },
        { "{\"filter\": {\"type\": \"simoncelli\", \"pooling\": \"max\"}}", "filter.pooling: the type is simoncelli" },
        { "{\"filter\": {\"type\": \"mean\", \"support\": \"15\"}}", "filter.support: is text" },
        { "{\"filter\": {\"type\": \"mean\", \"padding\": \"wrap\"}}", "filter.padding: 'wrap', expected zero" },
        { "{\"by_tracer\": {\"CT\": {\"families\": [\"x\"]}}}", "by_tracer.CT.families" },
        { "{\"by_tracer\": {\"CT\": {\"by_tracer\": {}}}}", "by_tracer" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Settings s = { 0 };
        Err e = { 0 };
        Rc rc = read_text(&s, cases[i].text, "FDG", UNITS_SUV, &e);
        ck_assert_msg(rc == ERR_INPUT, "%s: rc %d", cases[i].text, (int)rc);
        ck_assert_msg(strstr(e.text, cases[i].says), "%s: '%s' does not say '%s'", cases[i].text, e.text, cases[i].says);
        ck_assert_ptr_null(s.filter);
    }
}
END_TEST

START_TEST(origin_follows_the_range)
{
    Settings s = { 0 };
    assert_ok(read_text(&s, "{\"resegment\": {\"range\": [-500, 400]}, \"discretise\": {\"bin_size\": 25}}", NULL, UNITS_HU, NULL));
    ck_assert(s.discretise.origin == -500 && s.ivh.origin == -500);
    assert_ok(read_text(&s, "{\"resegment\": {\"range\": [-500, 400]}, \"discretise\": {\"origin\": -1000}}", NULL, UNITS_HU, NULL));
    ck_assert(s.discretise.origin == -1000 && s.discretise.bin_size == 25);
    assert_ok(read_text(&s, "{\"resegment\": {\"range\": [null, null]}}", NULL, UNITS_SUV, NULL));
    ck_assert(s.discretise.origin == 0 && isinf(s.range[0]) && isinf(s.range[1]));
}
END_TEST

START_TEST(layers_by_tracer)
{
    const char *text = "{\"discretise\": {\"bin_size\": 0.5}, \"families\": [\"glcm\"], "
                       "\"by_tracer\": {\"18F-FMISO\": {\"discretise\": {\"method\": \"fixed_bin_number\", \"bins\": 32}}, "
                       "\"CT\": {\"resample\": {\"round\": \"integer\"}}}}";
    Settings s = { 0 };
    assert_ok(read_text(&s, text, "FDG", UNITS_SUV, NULL));
    ck_assert(s.discretise.method == BINS_FIXED_SIZE && s.discretise.bin_size == 0.5 && !s.round);
    ck_assert(s.family[FAMILY_GLCM] && !s.family[FAMILY_GLRLM]);
    assert_ok(read_text(&s, text, "18F-FMISO", UNITS_SUV, NULL));
    ck_assert(s.discretise.method == BINS_FIXED_NUMBER && s.discretise.bins == 32);
    assert_ok(read_text(&s, text, "fmiso", UNITS_SUV, NULL));        /* another name of the same tracer */
    ck_assert(s.discretise.method == BINS_FIXED_NUMBER && s.discretise.bins == 32);
    assert_ok(read_text(&s, text, "ct", UNITS_SUV, NULL));
    ck_assert(s.round && s.discretise.method == BINS_FIXED_SIZE);
}
END_TEST

START_TEST(there_and_back)
{
    static const char *const texts[] = {
        "{}",
        "{\"resample\": {\"spacing_mm\": [2, 2, 3], \"in_plane\": true, \"image\": \"linear\", \"round\": \"integer\"}, \"quantity\": \"tbr\","
        " \"resegment\": {\"range\": [-1000, 400], \"outlier_sigma\": 3}, \"discretise\": {\"method\": \"fixed_bin_number\", \"bins\": 32},"
        " \"ivh\": {\"method\": \"none\"}, \"texture\": {\"aggregation\": [\"2D:avg\", \"2.5D:dir\"], \"distance\": 2, \"ngldm_alpha\": 1},"
        " \"families\": [\"ivh\", \"hypoxia\"]}",
        "{\"filter\": {\"type\": \"log\", \"sigma_mm\": 3}, \"families\": []}",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        Settings a = { 0 }, b = { 0 };
        Str first = { 0 }, second = { 0 };
        assert_ok(read_text(&a, texts[i], NULL, UNITS_SUV, NULL));
        Json *j = settings_json(&a);
        assert_ok(json_print_canonical(&first, j, NULL));
        assert_ok(settings_read(&b, j, NULL, UNITS_HU, "again", NULL));      /* nothing is left to other defaults */
        json_free(j);
        j = settings_json(&b);
        assert_ok(json_print_canonical(&second, j, NULL));
        ck_assert_str_eq(str_text(&first), str_text(&second));
        json_free(j);
        str_free(&first);
        str_free(&second);
        settings_free(&a);
        settings_free(&b);
    }
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("settings");
    TCase *c = unit_case(s, "settings");
    tcase_add_test(c, defaults);
    tcase_add_test(c, refusals);
    tcase_add_test(c, origin_follows_the_range);
    tcase_add_test(c, layers_by_tracer);
    tcase_add_test(c, there_and_back);
    return s;
}

UNIT_MAIN("settings")
