/* tests/unit/test_phantom.c: the phantom's truth counted again, and what the program's own metrics measure of its scans. */
#include "sample_cohort/phantom.h"

#include "core/par.h"
#include "features/hypoxia.h"
#include "sample_cohort/shape.h"
#include "unit.h"

enum { PATIENTS = 12, SEEDS = 3 };

static SimulationSpec spec_of(const char *text)
{
    SimulationSpec s;
    Json *j = NULL;
    Err e = { 0 };
    assert_ok_e(json_parse(&j, text, strlen(text), "spec", &e), e);
    assert_ok_e(simulation_spec_read(&s, j, "spec", &e), e);
    json_free(j);
    return s;
}

/* ---- measured against expected: pre and mid scans, the end scans too in the long run */

static int timepoints(void) { return unit_long() ? SIMULATION_TIMEPOINTS : MID + 1; }

typedef struct {
    SimulationSpec spec[SEEDS];
    double measured[SEEDS * PATIENTS][SIMULATION_TIMEPOINTS];
    HypoxiaSummary expected[SEEDS * PATIENTS][SIMULATION_TIMEPOINTS], truth[SEEDS * PATIENTS][SIMULATION_TIMEPOINTS];
    double tbr_max[SEEDS * PATIENTS][SIMULATION_TIMEPOINTS], hv_ml[SEEDS * PATIENTS][SIMULATION_TIMEPOINTS];
} Measurement;

static double metric(const FeatureVector *v, const char *name)
{
    const FeatureInfo *info = feature_by_name(name);
    for (size_t i = 0; i < v->n; i++) if (v->value[i].id == info->id) return v->value[i].value;
    return NAN;
}

static Rc measure_patient(void *context, size_t i, int worker, Err *e)
{
    static char tracer[] = "FMISO", blood[] = "blood";
    Measurement *m = context;
    const SimulationSpec *s = &m->spec[i / PATIENTS];
    HypoxiaRule rule = { tracer, blood, true, true, 1.4, OP_GE };
    CohortPatient p;
    Phantom ph = { 0 };
    Rc rc = OK;
    (void)worker;
    patient_draw(&p, s, i % PATIENTS);
    TRY(phantom_init(&ph, s, &p, e));
    for (int t = 0; t < timepoints() && rc == OK; t++) {
        SimulatedScan scan = { 0 };
        ReferenceRegion reference = { 0 };
        FeatureVector v = { 0 };
        rc = phantom_scan(&scan, NULL, &ph, t, e);
        if (rc == OK) rc = reference_measure(&reference, &scan.image, &scan.blood, "blood", e);
        if (rc == OK) rc = hypoxia_measure(&v, "scan", &scan.image, &scan.gtv, reference.mean, &rule, e);
        if (rc == OK) {
            m->measured[i][t] = metric(&v, "fhv");
            m->tbr_max[i][t] = metric(&v, "tbr_max");
            m->hv_ml[i][t] = metric(&v, "hv_ml");
            m->expected[i][t] = scan.expected;
            m->truth[i][t] = scan.truth;
        }
        feature_vector_free(&v);
        simulated_scan_free(&scan);
    }
out:
    phantom_free(&ph);
    return rc;
}

static Measurement *measure_all(const char *keys, int first_seed)
{
    Measurement *m = calloc(1, sizeof *m);
    Err e = { 0 };
    for (int seed = 0; seed < SEEDS; seed++) {
        char text[200];
        snprintf(text, sizeof text, "{\"n\":%d,\"seed\":%d%s}", PATIENTS, first_seed + seed, keys);
        m->spec[seed] = spec_of(text);
    }
    assert_ok_e(parallel_for(SEEDS * PATIENTS, 2, measure_patient, m, &e), e);
    return m;
}

/* Blur loses hypoxia: the truth lies above what is measured; and what is measured is what the patient was aimed at. */
static void check_aim(const Measurement *m)
{
    int hit = 0, all = 0;
    double lost = 0;
    for (int i = 0; i < SEEDS * PATIENTS; i++)
        for (int t = 0; t < timepoints(); t++) {
            CohortPatient p;
            patient_draw(&p, &m->spec[i / PATIENTS], (size_t)(i % PATIENTS));
            hit += fabs(m->expected[i][t].fhv - logistic(p.logit_fhv[t])) < .02;
            all++;
            lost += m->truth[i][t].fhv - m->expected[i][t].fhv;
            assert_near(m->truth[i][t].volume_ml, p.volume_ml[t], .02);
        }
    ck_assert_msg(hit >= .97 * all, "%d of %d scans show what they should", hit, all);
    ck_assert_msg(lost / all > .03 && lost / all < .15, "blur hides %.1f points on average", 100 * lost / all);
}

/* 0.2 points: less than one voxel in most tumours, so in effect the same count. HV and TBRmax follow. */
START_TEST(measured_without_noise)
{
    Measurement *m = measure_all(",\"noise\":false,\"centers\":[\"A\",\"B\",\"C\",\"D\"]", 1);
    for (int i = 0; i < SEEDS * PATIENTS; i++)
        for (int t = 0; t < timepoints(); t++) {
            const HypoxiaSummary *x = &m->expected[i][t];
            ck_assert_msg(fabs(m->measured[i][t] - x->fhv) <= .002, "patient %d %s: %g for %g", i, simulation_timepoint[t], m->measured[i][t], x->fhv);
            assert_near_abs(m->hv_ml[i][t], x->hv_ml, 1e-6, .002 * x->volume_ml);
            assert_near(m->tbr_max[i][t], x->tbr_max, 1e-5);
        }
    check_aim(m);
    free(m);
}
END_TEST

/* 4 points for tumours over 20 mL. Noise has tails: over many seeds about one scan in 200 lies beyond (a small tumour in a breathing
 * lobe), which the long run allows for. */
static void check_noise(int first_seed, int *beyond, int *all)
{
    Measurement *m = measure_all("", first_seed);
    int n = 0;
    double sum = 0, squares = 0;
    for (int i = 0; i < SEEDS * PATIENTS; i++)
        for (int t = 0; t < timepoints(); t++) {
            if (m->truth[i][t].volume_ml <= 20) continue;
            double off = m->measured[i][t] - m->expected[i][t].fhv;
            ck_assert_msg(fabs(off) <= (unit_long() ? .10 : .04), "patient %d %s: %g for %g", i, simulation_timepoint[t], m->measured[i][t],
                          m->expected[i][t].fhv);
            *beyond += fabs(off) > .04;
            sum += off;
            squares += off * off;
            n++;
        }
    ck_assert_int_gt(n, 40);
    assert_near_abs(sum / n, 0, 0, .01);        /* and no bias */
    ck_assert(sqrt(squares / n) < .02);
    *all += n;
    free(m);
}

START_TEST(measured_with_noise)
{
    int beyond = 0, all = 0;
    for (int k = 0; k < (unit_long() ? 10 : 1); k++) check_noise(1 + k * SEEDS, &beyond, &all);
    ck_assert_msg(beyond <= .02 * all, "%d of %d scans beyond 4 points", beyond, all);
    if (unit_long()) printf("note: FHV within 4 points of its expectation in %d of %d scans of tumours over 20 mL\n", all - beyond, all);
}
END_TEST

/* ---- the truth, counted again */

/* From the uptake alone: organs have exact values, tumour has others; hypoxic is what reaches the threshold. */
START_TEST(truth_counted_by_other_code)
{
    SimulationSpec s = spec_of("{\"n\":3,\"seed\":11}");
    Err e = { 0 };
    for (size_t i = 0; i < 3; i++) {
        CohortPatient p;
        Phantom ph = { 0 };
        patient_draw(&p, &s, i);
        assert_ok_e(phantom_init(&ph, &s, &p, &e), e);
        for (int t = 0; t < SIMULATION_TIMEPOINTS; t++) {
            SimulatedScan scan = { 0 };
            FineTruth f = { 0 };
            assert_ok_e(phantom_scan(&scan, &f, &ph, t, &e), e);
            float lung = (float)ph.shape.lung, max = 0;
            double tumour = 0, hypoxic = 0, sum = 0, cell_ml = f.grid.spacing_mm[0] * f.grid.spacing_mm[1] * f.grid.spacing_mm[2] / 1000;
            size_t n = (size_t)f.grid.n[0] * (size_t)f.grid.n[1] * (size_t)f.grid.n[2];
            for (size_t k = 0; k < n; k++) {
                float x = f.tbr[k];
                if (x == lung || x == 1.0f || x == .95f) continue;
                tumour++;
                sum += (double)x;
                if (x >= 1.4) hypoxic++;
                if (x > max) max = x;
            }
            assert_near(scan.truth.fhv, hypoxic / tumour, 1e-12);
            assert_near(scan.truth.hv_ml, hypoxic * cell_ml, 1e-12);
            assert_near(scan.truth.volume_ml, tumour * cell_ml, 1e-12);
            assert_near(scan.truth.tbr_mean, sum / tumour, 1e-12);
            assert_near(scan.truth.tbr_max, (double)max, 1e-12);
            fine_truth_free(&f);
            simulated_scan_free(&scan);
        }
        phantom_free(&ph);
    }
}
END_TEST

/* Mean over [lo, hi] of the normal distribution function's difference over a fine cell, by Simpson's rule. */
static double weight_by_simpson(double lo, double hi, double cell, double sigma)
{
    enum { STEPS = 40 };
    double sum = 0;
    for (int i = 0; i <= STEPS; i++) {
        double x = lo + (hi - lo) * i / STEPS, f = .5 * (erf((cell + 1 - x) / sigma / sqrt(2)) - erf((cell - x) / sigma / sqrt(2)));
        sum += f * (i == 0 || i == STEPS ? 1 : i % 2 ? 4 : 2);
    }
    return sum / STEPS / 3;
}

/* The image of one scan without noise, voxel by voxel from the fine grid, by direct summation in three dimensions. */
START_TEST(image_made_by_other_code)
{
    SimulationSpec s = spec_of("{\"n\":1,\"seed\":5,\"noise\":false,\"centers\":[\"B\"]}");
    Err e = { 0 };
    CohortPatient p;
    Phantom ph = { 0 };
    SimulatedScan scan = { 0 };
    FineTruth f = { 0 };
    patient_draw(&p, &s, 0);
    assert_ok_e(phantom_init(&ph, &s, &p, &e), e);
    assert_ok_e(phantom_scan(&scan, &f, &ph, PRE, &e), e);
    const Grid *g = &scan.image.grid;
    double fwhm[3] = { 6, 6, sqrt(36 + ph.shape.respiratory_fwhm_mm * ph.shape.respiratory_fwhm_mm) };
    Rng r = rng_stream(1, 1);
    for (int k = 0; k < 60; k++) {
        int v[3], first[3], last[3];
        double w[3][200];
        for (int a = 0; a < 3; a++) {
            v[a] = (int)rng_below(&r, (uint32_t)g->n[a]);
            double sigma = fwhm[a] / sqrt(8 * log(2)), lo = v[a] * g->spacing_mm[a], hi = lo + g->spacing_mm[a];
            first[a] = (int)(lo - 5 * sigma);
            last[a] = (int)(hi + 5 * sigma);
            for (int i = first[a]; i <= last[a]; i++) w[a][i - first[a]] = weight_by_simpson(lo, hi, i, sigma);
        }
        double sum = 0;
        for (int z = first[2]; z <= last[2]; z++)
            for (int y = first[1]; y <= last[1]; y++)
                for (int x = first[0]; x <= last[0]; x++) {
                    int at[3] = { x, y, z };
                    for (int a = 0; a < 3; a++) at[a] = at[a] < 0 ? 0 : at[a] >= f.grid.n[a] ? f.grid.n[a] - 1 : at[a];
                    sum += w[0][x - first[0]] * w[1][y - first[1]] * w[2][z - first[2]] * (double)f.tbr[voxel_at(&f.grid, at[0], at[1], at[2])];
                }
        assert_near((double)scan.image.v[voxel_at(g, v[0], v[1], v[2])], sum * p.blood_suv[PRE], 3e-4);      /* cut at 4 sigma there */
    }
    fine_truth_free(&f);
    simulated_scan_free(&scan);
    phantom_free(&ph);
}
END_TEST

/* ---- what a scan is made of */

START_TEST(reference_regions_show_their_organ)
{
    SimulationSpec s = spec_of("{\"n\":8,\"seed\":4,\"centers\":[\"A\",\"B\",\"C\",\"D\"]}");
    Err e = { 0 };
    for (size_t i = 0; i < 8; i++) {
        CohortPatient p;
        Phantom ph = { 0 };
        SimulatedScan scan = { 0 };
        ReferenceRegion blood, muscle;
        patient_draw(&p, &s, i);
        const SimulationCenter *c = simulation_center(p.center);
        assert_ok_e(phantom_init(&ph, &s, &p, &e), e);
        assert_ok_e(phantom_scan(&scan, NULL, &ph, PRE, &e), e);
        assert_ok_e(reference_measure(&blood, &scan.image, &scan.blood, "blood", &e), e);
        assert_ok_e(reference_measure(&muscle, &scan.image, &scan.muscle, "muscle", &e), e);
        ck_assert_uint_ge(blood.voxels, 30);
        ck_assert_uint_ge(muscle.voxels, 30);
        assert_near(blood.mean, p.blood_suv[PRE], .06);
        assert_near(muscle.mean, .95 * p.blood_suv[PRE], .12);
        assert_near(blood.cov, c->blood_cov, .25);
        for (size_t k = 0; k < grid_voxels(&scan.gtv.grid); k++)
            ck_assert(scan.gtv.in[k] + scan.blood.in[k] + scan.muscle.in[k] <= 1);
        simulated_scan_free(&scan);
        phantom_free(&ph);
    }
}
END_TEST

/* A share of about 85 % of what is hypoxic later was so before. Without motion, and with equal volumes, cells can be matched. */
START_TEST(later_hypoxia_grows_out_of_the_first)
{
    SimulationSpec s = spec_of("{\"n\":1,\"seed\":3,\"motion\":false,\"noise\":false}");
    Err e = { 0 };
    CohortPatient p;
    Phantom ph = { 0 };
    SimulatedScan scan = { 0 };
    FineTruth f[2] = { 0 };
    patient_draw(&p, &s, 0);
    p.volume_ml[MID] = p.volume_ml[PRE] = 50;
    p.logit_fhv[PRE] = 0;
    p.logit_fhv[MID] = -1;
    assert_ok_e(phantom_init(&ph, &s, &p, &e), e);
    for (int t = PRE; t <= MID; t++) {
        assert_ok_e(phantom_scan(&scan, &f[t], &ph, t, &e), e);
        simulated_scan_free(&scan);
    }
    double both = 0, later = 0;
    for (size_t i = 0; i < grid_voxels(&f[PRE].grid); i++) {
        later += f[MID].tissue[i] == TISSUE_HYPOXIC;
        both += f[MID].tissue[i] == TISSUE_HYPOXIC && f[PRE].tissue[i] == TISSUE_HYPOXIC;
    }
    ck_assert(later > 1000);
    assert_near(both / later, .85, .01);
    for (int t = PRE; t <= MID; t++) fine_truth_free(&f[t]);
    phantom_free(&ph);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("phantom");
    TCase *c = unit_case(s, "phantom");
    tcase_add_test(c, measured_without_noise);
    tcase_add_test(c, measured_with_noise);
    tcase_add_test(c, truth_counted_by_other_code);
    tcase_add_test(c, image_made_by_other_code);
    tcase_add_test(c, reference_regions_show_their_organ);
    tcase_add_test(c, later_hypoxia_grows_out_of_the_first);
    return s;
}

UNIT_MAIN("phantom")
