/* tests/unit/test_dist.c: distributions against values worked out with 60 digits (mpmath 1.3, incomplete gamma and beta at the
 * exact doubles given), against printed tables, and against themselves. */
#include "stats/dist.h"

#include "tests/unit/unit.h"

#define DIGITS 1e-14

static const struct { const char *name; double (*f)(double); double a[1], want; } of_1[] = {
    { "digamma", digamma, { 19.050204223716804 }, 2.920601822157629994931285 },
    { "digamma", digamma, { 0.004842410671035102 }, -207.0779922140051253278683 },
    { "digamma", digamma, { 5.187997198289874e-05 }, -19275.83811793384031826279 },
    { "digamma", digamma, { 0.37005109132067443 }, -2.79487431613270220096255 },
    { "digamma", digamma, { 0.0001376917852423231 }, -7263.174378283513282290695 },
    { "log_gamma", log_gamma, { 19.050204223716804 }, 36.54200377412057176995784 },
    { "log_gamma", log_gamma, { 0.004842410671035102 }, 5.327566735059069941999798 },
    { "log_gamma", log_gamma, { 5.187997198289874e-05 }, 9.866547794833940880083453 },
    { "log_gamma", log_gamma, { 0.37005109132067443 }, 0.876804014754981761301681 },
    { "log_gamma", log_gamma, { 0.0001376917852423231 }, 8.890413348664464930740799 },
    { "normal_cdf", normal_cdf, { -0.2558802884476004 }, 0.3990216377932142063478605 },
    { "normal_cdf", normal_cdf, { -1.15669716915384 }, 0.1236980533370647517293086 },
    { "normal_cdf", normal_cdf, { 10.732814268849165 }, 1.0 },
    { "normal_cdf", normal_cdf, { 5.3192180228277035 }, 0.9999999478929037413563114 },
    { "normal_cdf", normal_cdf, { 0.36306600497049024 }, 0.6417222107479110061193032 },
    { "normal_pdf", normal_pdf, { -0.2558802884476004 }, 0.3860934292127769357436661 },
    { "normal_pdf", normal_pdf, { -1.15669716915384 }, 0.2043517094363675079822499 },
    { "normal_pdf", normal_pdf, { 10.732814268849165 }, 3.863690519457000504402721e-26 },
    { "normal_pdf", normal_pdf, { 5.3192180228277035 }, 0.0000002863706974714753424330712 },
    { "normal_pdf", normal_pdf, { 0.36306600497049024 }, 0.3734963693070547534001555 },
    { "normal_sf", normal_sf, { -0.2558802884476004 }, 0.6009783622067857936521395 },
    { "normal_sf", normal_sf, { -1.15669716915384 }, 0.8763019466629352482706914 },
    { "normal_sf", normal_sf, { 10.732814268849165 }, 3.569415467443820945578807e-27 },
    { "normal_sf", normal_sf, { 5.3192180228277035 }, 5.21070962586436885808553e-8 },
    { "normal_sf", normal_sf, { 0.36306600497049024 }, 0.3582777892520889938806968 },
    { "trigamma", trigamma, { 19.050204223716804 }, 0.0538947206793546691140238 },
    { "trigamma", trigamma, { 0.004842410671035102 }, 42647.48229736273729553437 },
    { "trigamma", trigamma, { 5.187997198289874e-05 }, 371535687.7850903412279597 },
    { "trigamma", trigamma, { 0.37005109132067443 }, 8.358403500202553822176872 },
    { "trigamma", trigamma, { 0.0001376917852423231 }, 52745322.48061610851038136 },
};

static const struct { const char *name; double (*f)(double, double); double a[2], want; } of_2[] = {
    { "gamma_cdf", gamma_cdf, { 5.9405014677701615, 15.805232911637674 }, 0.0005618150959265979000946542 },
    { "gamma_cdf", gamma_cdf, { 0.6252831121226168, 0.06853539823218607 }, 0.9690790156026217958613208 },
    { "gamma_cdf", gamma_cdf, { 2.0827909795317072e-05, 0.013307488646076383 }, 0.8729229376502461161889225 },
    { "gamma_cdf", gamma_cdf, { 0.14527707909676973, 0.01165056075979496 }, 0.9826752851535382457002036 },
    { "gamma_sf", gamma_sf, { 2.3757532349478048, 328.8581474438264 }, 1.0 },
    { "gamma_sf", gamma_sf, { 5.9405014677701615, 15.805232911637674 }, 0.9994381849040734020999053 },
    { "gamma_sf", gamma_sf, { 0.6252831121226168, 0.06853539823218607 }, 0.03092098439737820413867924 },
    { "gamma_sf", gamma_sf, { 2.0827909795317072e-05, 0.013307488646076383 }, 0.1270770623497538838110775 },
    { "gamma_sf", gamma_sf, { 0.14527707909676973, 0.01165056075979496 }, 0.01732471484646175429979638 },
    { "t_sf", t_sf, { 0.7372209542335384, 2.0 }, 0.2688721637349831847234127 },
    { "t_sf", t_sf, { -11.071404603298971, 120.25 }, 0.9999999999999999999773935 },
    { "t_sf", t_sf, { -18.352767588311448, 2995.5517822297115 }, 1.0 },
    { "t_sf", t_sf, { 0.1445881500293144, 2.0 }, 0.44914546619093775014071 },
    { "t_sf", t_sf, { -58.47368083203605, 1.0 }, 0.9945568868724349349653741 },
    { "t_two_sided_p", t_two_sided_p, { 0.7372209542335384, 2.0 }, 0.5377443274699663694468254 },
    { "t_two_sided_p", t_two_sided_p, { -11.071404603298971, 120.25 }, 4.521298500005453785614355e-20 },
    { "t_two_sided_p", t_two_sided_p, { -18.352767588311448, 2995.5517822297115 }, 2.224664353656231751177414e-71 },
    { "t_two_sided_p", t_two_sided_p, { 0.1445881500293144, 2.0 }, 0.89829093238187550028142 },
    { "t_two_sided_p", t_two_sided_p, { -58.47368083203605, 1.0 }, 0.01088622625513013006925181 },
};

static const struct { const char *name; double (*f)(double, double, double); double a[3], want; } of_3[] = {
    { "beta_cdf", beta_cdf, { 0.5510472537913857, 0.22069319129648982, 4.706397508639988 }, 0.9976357070167056006896474 },
    { "beta_cdf", beta_cdf, { 0.0002061970837145001, 0.17314289702998117, 0.6665532514844873 }, 0.2059691942459974987870244 },
    { "beta_cdf", beta_cdf, { 0.3794231787654885, 47.08292400583827, 114.36245371944682 }, 0.9909033478514141379389085 },
    { "beta_cdf", beta_cdf, { 0.3909497031332271, 118.28562089780515, 0.32912501209556383 }, 1.179967448705339418684776e-50 },
    { "beta_cdf", beta_cdf, { 0.17270047541315212, 13.751936211381086, 27.494747839749365 }, 0.007326170998331116829902691 },
    { "beta_sf", beta_sf, { 0.5510472537913857, 0.22069319129648982, 4.706397508639988 }, 0.002364292983294399310352633 },
    { "beta_sf", beta_sf, { 0.0002061970837145001, 0.17314289702998117, 0.6665532514844873 }, 0.7940308057540025012129756 },
    { "beta_sf", beta_sf, { 0.3794231787654885, 47.08292400583827, 114.36245371944682 }, 0.009096652148585862061091452 },
    { "beta_sf", beta_sf, { 0.3909497031332271, 118.28562089780515, 0.32912501209556383 }, 1.0 },
    { "beta_sf", beta_sf, { 0.17270047541315212, 13.751936211381086, 27.494747839749365 }, 0.9926738290016688831700973 },
    { "binomial_cdf", binomial_cdf, { 214.0, 594.0, 0.41913904357146525 }, 0.001952349048848177119192407 },
    { "binomial_cdf", binomial_cdf, { 468.0, 1076.0, 0.49511635955525557 }, 0.0000437089892703738880378258 },
    { "binomial_cdf", binomial_cdf, { 746.0, 1326.0, 0.5779462307177181 }, 0.1348395789613754656089101 },
    { "binomial_cdf", binomial_cdf, { 1251.0, 1399.0, 0.884192827198217 }, 0.8884125411868751306888641 },
    { "binomial_cdf", binomial_cdf, { 18.0, 128.0, 0.19060953756680787 }, 0.08876981392730247013868738 },
    { "binomial_pmf", binomial_pmf, { 214.0, 594.0, 0.41913904357146525 }, 0.0004649465964938228214952526 },
    { "binomial_pmf", binomial_pmf, { 468.0, 1076.0, 0.49511635955525557 }, 0.000009874650538765034846039472 },
    { "binomial_pmf", binomial_pmf, { 746.0, 1326.0, 0.5779462307177181 }, 0.01165916461373837913230726 },
    { "binomial_pmf", binomial_pmf, { 1251.0, 1399.0, 0.884192827198217 }, 0.01715123487829470296594936 },
    { "binomial_pmf", binomial_pmf, { 18.0, 128.0, 0.19060953756680787 }, 0.0330288767294723137817292 },
    { "f_cdf", f_cdf, { 0.9115968494742289, 33.0, 1.0 }, 0.3025416418586003237957033 },
    { "f_cdf", f_cdf, { 2.4408291467076273, 2.0, 4.0 }, 0.7971701535819281282437784 },
    { "f_cdf", f_cdf, { 0.11961198794466651, 5.0, 60.0 }, 0.01245092440810623418288937 },
    { "f_cdf", f_cdf, { 1.2089349383689056, 33.0, 500.0 }, 0.7995999180129065685117223 },
    { "f_cdf", f_cdf, { 27.235387286137804, 33.0, 60.0 }, 0.9999999999999999999999998 },
    { "f_sf", f_sf, { 0.9115968494742289, 33.0, 1.0 }, 0.6974583581413996762042967 },
    { "f_sf", f_sf, { 2.4408291467076273, 2.0, 4.0 }, 0.2028298464180718717562216 },
    { "f_sf", f_sf, { 0.11961198794466651, 5.0, 60.0 }, 0.9875490755918937658171106 },
    { "f_sf", f_sf, { 1.2089349383689056, 33.0, 500.0 }, 0.2004000819870934314882777 },
    { "f_sf", f_sf, { 27.235387286137804, 33.0, 60.0 }, 1.74578828515529387153677e-25 },
};

#define EACH(T) for (size_t i = 0; i < sizeof T / sizeof T[0]; i++)
#define HOLDS(T, ...) do { double g = T[i].f(__VA_ARGS__); \
    ck_assert_msg(unit_near(g, T[i].want, DIGITS, 0), "%s(%g …) = %.17g, expected %.17g", T[i].name, T[i].a[0], g, T[i].want); } while (0)

START_TEST(sixty_digits)
{
    EACH(of_1) HOLDS(of_1, of_1[i].a[0]);
    EACH(of_2) HOLDS(of_2, of_2[i].a[0], of_2[i].a[1]);
    EACH(of_3) HOLDS(of_3, of_3[i].a[0], of_3[i].a[1], of_3[i].a[2]);
}
END_TEST

/* Closed forms: chi-square on 2 df is exponential, t on 1 df is Cauchy, t on 2 df is algebraic, beta(1, b) a power. */
START_TEST(closed_forms)
{
    for (double x = 0.001; x < 1300; x *= 1.7) {
        assert_near(chisq_sf(x, 2), exp(-x / 2), 4e-14);
        assert_near(gamma_cdf(x, 1), -expm1(-x), DIGITS);
        assert_near(t_sf(x, 1), atan(1 / x) / acos(-1), DIGITS);
        assert_near(t_sf(x, 2), 1 / (sqrt(2 + x * x) * (sqrt(2 + x * x) + x)), DIGITS);
    }
    for (double x = 1e-6; x < 1; x += 0.07) {
        assert_near(beta_sf(x, 1, 7), pow(1 - x, 7), 1e-13);
        assert_near(beta_cdf(x, 3, 1), x * x * x, DIGITS);
        assert_near(binomial_cdf(0, 5, x), pow(1 - x, 5), 1e-13);
    }
    assert_near(digamma(1), -0.57721566490153286061, DIGITS);
    assert_near(trigamma(1), acos(-1) * acos(-1) / 6, DIGITS);
    assert_near(log_choose(52, 5), log(2598960.0), DIGITS);
    assert_near(exp(log_gamma(0.5)), sqrt(acos(-1)), DIGITS);
}
END_TEST

/* As the backs of textbooks print them. */
START_TEST(printed_tables)
{
    assert_near_abs(normal_quantile(0.975), 1.959963984540054, 0, 5e-16);
    assert_near_abs(chisq_quantile(0.95, 1), 3.841, 0, 5e-4);
    assert_near_abs(chisq_quantile(0.95, 10), 18.307, 0, 5e-4);
    assert_near_abs(t_quantile(0.975, 10), 2.228, 0, 5e-4);
    assert_near_abs(t_quantile(0.995, 1), 63.657, 0, 5e-4);
    assert_near_abs(f_quantile(0.95, 5, 10), 3.33, 0, 5e-3);
    assert_near_abs(f_quantile(0.99, 2, 20), 5.85, 0, 5e-3);
    assert_near_abs(binomial_cdf(2, 10, 0.3), 0.3828, 0, 5e-5);
}
END_TEST

START_TEST(quantiles_undo)
{
    static const double p[] = { 1e-280, 1e-40, 1e-9, 0.003, 0.2, 0.5, 0.77, 0.999, 0.9999999 };
    static const double df[] = { 0.5, 1, 2, 3.7, 18, 250, 40000 };
    for (size_t i = 0; i < sizeof p / sizeof *p; i++) {
        double q = p[i], rel = 3e-13;      /* the doubles next to a quantile of 1e-280 lie that far apart in p */
        bool low = q < 0.5;
        double z = normal_quantile(q);
        assert_near(low ? normal_cdf(z) : normal_sf(z), low ? q : 1 - q, rel);
        for (size_t j = 0; j < sizeof df / sizeof *df; j++) {
            double c = chisq_quantile(q, df[j]), t = t_quantile(q, df[j]);
            if (c > 1e-300) assert_near(low ? chisq_cdf(c, df[j]) : chisq_sf(c, df[j]), low ? q : 1 - q, rel);
            if (isfinite(t)) assert_near(low ? t_cdf(t, df[j]) : t_sf(t, df[j]), low ? q : 1 - q, rel);
            for (size_t k = 0; k < sizeof df / sizeof *df; k++) {
                double f = f_quantile(q, df[j], df[k]);
                if (f > 1e-300 && isfinite(f))
                    assert_near(low ? f_cdf(f, df[j], df[k]) : f_sf(f, df[j], df[k]), low ? q : 1 - q, rel);
                double b = beta_quantile(q, df[j], df[k]);
                if (b > 1e-300 && low) assert_near(beta_cdf(b, df[j], df[k]), q, 1e-9);
            }
        }
    }
}
END_TEST

START_TEST(edges)
{
    ck_assert(isnan(chisq_sf(1, 0)) && isnan(t_sf(1, -1)) && isnan(normal_quantile(1.5)) && isnan(f_sf(NAN, 1, 1)));
    ck_assert(normal_quantile(0) == -INFINITY && normal_quantile(1) == INFINITY && normal_quantile(0.5) == 0);
    ck_assert(chisq_sf(0, 3) == 1 && chisq_sf(INFINITY, 3) == 0 && chisq_sf(-1, 3) == 1);
    ck_assert(t_sf(0, 5) == 0.5 && t_two_sided_p(0, 5) == 1 && t_sf(INFINITY, 5) == 0 && t_cdf(-INFINITY, 5) == 0);
    ck_assert(binomial_pmf(0, 0, 0.3) == 1 && binomial_pmf(3, 3, 1) == 1 && binomial_pmf(-1, 3, 0.5) == 0);
    assert_near(t_sf(1.96, INFINITY), normal_sf(1.96), 0);
    assert_near(f_sf(3, 2, INFINITY), exp(-3.0), DIGITS);
    double total = 0;
    for (int k = 0; k <= 30; k++) total += binomial_pmf(k, 30, 0.37);
    assert_near(total, 1, 1e-14);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("dist");
    TCase *c = unit_case(s, "dist");
    tcase_add_test(c, sixty_digits);
    tcase_add_test(c, closed_forms);
    tcase_add_test(c, printed_tables);
    tcase_add_test(c, quantiles_undo);
    tcase_add_test(c, edges);
    return s;
}

UNIT_MAIN("dist")
