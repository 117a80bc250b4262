/* tests/unit/test_compare.c: a model against a smaller one, by hand. */
#include "tests/unit/stat_fixture.h"

/* All with x = 1 are gone by 3: nobody knows how many of them have the event by 5, and neither moves up to their risks nor the benefit of treating
 * them has a value. Treating all has one. */
START_TEST(treated_that_are_not_followed_to_the_horizon)
{
    Frame f = table_of("t,e,x,z\n1,1,1,1\n2,1,1,0\n2.5,1,1,1\n3,0,1,0\n3,0,1,1\n1.5,1,0,0\n4,1,0,1\n6,0,0,0\n7,1,0,1\n8,0,0,0\n9,0,0,1\n10,0,0,0\n");
    Json *out = call_method("compare", "Surv(t,e)~x+z", &f, NULL, "{\"versus\": \"Surv(t,e)~z\", \"times\": [5], \"thresholds\": [0.3, 0.6, 0.99]}", OK, NULL);
    const Json *b = json_get(out, "net_benefit"), *model = json_get(b, "model1");
    const double S = 11. / 12 * 10 / 11 * 9 / 10 * 8 / 9 * 5 / 6;
    assert_near(json_number(json_at(json_get(b, "all"), 0)), 1 - S - S * .3 / .7, 1e-12);
    ck_assert(isnan(number_at(out, "nri_free", "up_event")));
    ck_assert(isnan(json_number(json_at(model, 1))));
    ck_assert(json_number(json_at(model, 2)) == 0);           /* nobody is treated */
    json_free(out);
    frame_free(&f);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("compare");
    TCase *c = unit_case(s, "compare");
    tcase_add_test(c, treated_that_are_not_followed_to_the_horizon);
    return s;
}

UNIT_MAIN("compare")
