/* sample_cohort/shape.c: tumour surface, random fields, organs. */
#include "sample_cohort/shape.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sample_cohort/blur.h"

/* Real harmonics of degree 2 and 3 (up to a factor) as polynomials of the unit vector. */
static double harmonics(const double c[SHAPE_HARMONICS], const double u[3])
{
    double x = u[0], y = u[1], z = u[2];

    return c[0] * x * y + c[1] * y * z + c[2] * z * x + c[3] * (x * x - y * y) + c[4] * x * y * z
        + c[5] * x * (x * x - 3 * y * y) + c[6] * z * (5 * z * z - 3);
}

double shape_radius(const TumourShape *s, double scale, const double q[3])
{
    double p[3], r2 = 0;

    for (int k = 0; k < 3; k++) { p[k] = q[k] / (s->semi_axis_mm[k] * scale); r2 += p[k] * p[k]; }
    double r = sqrt(r2);
    if (r == 0) return 0;
    for (int k = 0; k < 3; k++) p[k] /= r;
    return r / (1 + harmonics(s->harmonic, p));
}

/* Directions spread evenly over the sphere (Fibonacci lattice). */
static void sphere_direction(double u[3], int i, int n)
{
    double z = 1 - (2 * i + 1.0) / n, r = sqrt(1 - z * z), phi = 2.399963229728653 * i;      /* golden angle */

    u[0] = r * det_cos(phi);
    u[1] = r * det_sin(phi);
    u[2] = z;
}

void shape_draw(TumourShape *out, const SimulationSpec *s, const CohortPatient *p)
{
    enum { DIRECTIONS = 4000 };
    TumourShape t = { 0 };
    Rng r = patient_stream(s, p->index, PURPOSE_SHAPE);
    double cubes = 0;

    for (int k = 0; k < 3; k++) t.semi_axis_mm[k] = 0.7 + 0.3 * rng_uniform(&r);
    for (int k = 0; k < SHAPE_HARMONICS; k++) {
        double c = rng_normal(&r);              /* 15 % of the radius, all together */
        t.harmonic[k] = 0.12 * (c > 2 ? 2 : c < -2 ? -2 : c);
    }
    t.harmonic[6] *= 0.3;                       /* this polynomial is the largest at the poles */
    t.lung = 0.45 + 0.15 * rng_uniform(&r);
    double u_core = rng_uniform(&r), size_core = rng_uniform(&r), u_lobe = rng_uniform(&r), u_breath = rng_uniform(&r);
    if (p->volume_ml[PRE] > 60 && u_core < .35) t.core = 0.35 + 0.2 * size_core;
    if (s->motion && u_lobe < .4) t.respiratory_fwhm_mm = 5 + 7 * u_breath;      /* lower lobes breathe */

    for (int i = 0; i < DIRECTIONS; i++) {
        double u[3], rho;
        sphere_direction(u, i, DIRECTIONS);
        rho = 1 + harmonics(t.harmonic, u);
        cubes += rho * rho * rho;
        for (int k = 0; k < 3; k++) t.reach_mm[k] = fmax(t.reach_mm[k], fabs(u[k]) * rho);
    }
    double unit = 4.18879020478639 * (cubes / DIRECTIONS) * t.semi_axis_mm[0] * t.semi_axis_mm[1] * t.semi_axis_mm[2];
    double size = det_pow(p->volume_ml[PRE] * 1000 / unit, 1.0 / 3);
    for (int k = 0; k < 3; k++) { t.semi_axis_mm[k] *= size; t.reach_mm[k] *= t.semi_axis_mm[k]; }
    *out = t;
}

static double lattice_point(const HypoxiaField *f, int k, int i) { return f->origin_mm[k] + f->pitch_mm * i; }

/* Mean 0 and SD 1 over the lattice points within the tumour. */
static void standardise(float *x, const HypoxiaField *f, const TumourShape *shape)
{
    double sum = 0, squares = 0;
    size_t n = 0, all = (size_t)f->n[0] * (size_t)f->n[1] * (size_t)f->n[2], i = 0;

    for (int c = 0; c < f->n[2]; c++)
        for (int b = 0; b < f->n[1]; b++)
            for (int a = 0; a < f->n[0]; a++, i++) {
                double q[3] = { lattice_point(f, 0, a), lattice_point(f, 1, b), lattice_point(f, 2, c) };
                if (shape_radius(shape, 1, q) > 1) continue;
                sum += (double)x[i];
                squares += (double)x[i] * (double)x[i];
                n++;
            }
    if (n < 2) return;
    double mean = sum / (double)n, sd = sqrt(squares / (double)n - mean * mean);
    if (!(sd > 0)) return;
    for (i = 0; i < all; i++) x[i] = (float)(((double)x[i] - mean) / sd);
}

Rc field_draw(HypoxiaField *out, const TumourShape *shape, const SimulationSpec *s, const CohortPatient *p, Err *e)
{
    HypoxiaField f = { .pitch_mm = 2 };
    Rng r = patient_stream(s, p->index, PURPOSE_FIELD);
    double length = 8 + 7 * rng_uniform(&r);               /* SD in mm of the kernel that smooths white noise */
    double shell = p->scc && rng_uniform(&r) < .5 ? 1 : 0; /* half of the squamous ones are hypoxic at the rim */
    double sigma[3];
    float **fields[] = { &f.place, &f.fate, &f.fresh };
    size_t all = 1;
    Rc rc = OK;

    for (int k = 0; k < 3; k++) {
        int half = (int)ceil((shape->reach_mm[k] + 3) / f.pitch_mm);
        f.n[k] = 2 * half + 1;
        f.origin_mm[k] = -half * f.pitch_mm;
        all *= (size_t)f.n[k];
        sigma[k] = length / f.pitch_mm;
    }
    for (int k = 0; k < 3; k++) {
        float *x = *fields[k] = malloc(all * sizeof *x);
        if (!x) { rc = err_nomem(e); goto out; }
        TRY(correlated_noise(x, f.n, sigma, &r, e));
        standardise(x, &f, shape);
    }
    if (shell > 0) {
        size_t i = 0;
        for (int c = 0; c < f.n[2]; c++)
            for (int b = 0; b < f.n[1]; b++)
                for (int a = 0; a < f.n[0]; a++, i++) {
                    double q[3] = { lattice_point(&f, 0, a), lattice_point(&f, 1, b), lattice_point(&f, 2, c) };
                    /* The relative radius in a uniform ball has mean 3/4 and SD 0.19. */
                    f.place[i] = (float)((double)f.place[i] + shell * (shape_radius(shape, 1, q) - 0.75) / 0.19);
                }
        standardise(f.place, &f, shape);
    }
    *out = f;
    f = (HypoxiaField){ 0 };
out:
    field_free(&f);
    return rc;
}

void field_free(HypoxiaField *f)
{
    free(f->place);
    free(f->fate);
    free(f->fresh);
    *f = (HypoxiaField){ 0 };
}

double field_at(const HypoxiaField *f, const float *values, const double q[3])
{
    int i[3];
    double w[3];

    for (int k = 0; k < 3; k++) {
        double x = (q[k] - f->origin_mm[k]) / f->pitch_mm;
        x = fmax(0, fmin(x, f->n[k] - 1.000001));
        i[k] = (int)x;
        w[k] = x - i[k];
    }
    size_t row = (size_t)f->n[0], plane = row * (size_t)f->n[1];
    const float *v = values + (size_t)i[2] * plane + (size_t)i[1] * row + (size_t)i[0];
    double sum[2];
    for (int c = 0; c < 2; c++) {
        const float *s = v + (size_t)c * plane;
        double low = (double)s[0] * (1 - w[0]) + (double)s[1] * w[0];
        double high = (double)s[row] * (1 - w[0]) + (double)s[row + 1] * w[0];
        sum[c] = low * (1 - w[1]) + high * w[1];
    }
    return sum[0] * (1 - w[2]) + sum[1] * w[2];
}

void anatomy_place(Anatomy *out, const TumourShape *shape)
{
    const double *reach = shape->reach_mm;
    Anatomy a = { .aorta_radius = 12.5, .aorta_y = 15, .heart_radius = 27, .heart_top = -6 };

    a.blood_x = -(reach[0] + 8 + a.heart_radius);
    a.muscle_top = -fmax(reach[1] + 8, a.heart_radius + 6);
    a.muscle_bottom = a.muscle_top - 22;
    a.low[0] = a.blood_x - a.heart_radius - 6;
    a.high[0] = fmax(reach[0] + 12, 55);
    a.low[1] = a.muscle_bottom - 3;
    a.high[1] = fmax(reach[1] + 12, 55);
    a.high[2] = fmax(reach[2] + 12, 36);
    a.low[2] = -a.high[2];
    *out = a;
}

double blood_depth(const Anatomy *a, const double q[3])
{
    double dx = q[0] - a->blood_x, dy = fabs(q[1]) - a->aorta_y;
    double heart = fmin(a->heart_radius - sqrt(dx * dx + q[1] * q[1]), a->heart_top - q[2]);
    double aorta = a->aorta_radius - sqrt(dx * dx + dy * dy);

    return fmax(heart, aorta);
}
