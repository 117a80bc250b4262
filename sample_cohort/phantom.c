/* sample_cohort/phantom.c: fills the fine grid with tissue and uptake, and lets the scanner look at it. */
#include "sample_cohort/phantom.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sample_cohort/blur.h"
#include "sample_cohort/shape.h"

static const double FINE_MM = 1.0;
static const double NEW_SHARE = 0.15;          /* of later hypoxia that was none before */

Rc phantom_init(Phantom *out, const SimulationSpec *s, const CohortPatient *p, Err *e)
{
    Phantom ph = { .spec = s, .patient = p, .amplitude = p->amplitude };

    shape_draw(&ph.shape, s, p);
    Rc rc = field_draw(&ph.field, &ph.shape, s, p, e);
    if (rc == OK) *out = ph;
    return rc;
}

void phantom_free(Phantom *ph)
{
    field_free(&ph->field);
    *ph = (Phantom){ 0 };
}

void fine_truth_free(FineTruth *f)
{
    free(f->tbr);
    free(f->tissue);
    *f = (FineTruth){ 0 };
}

void simulated_scan_free(SimulatedScan *s)
{
    volume_free(&s->image);
    mask_free(&s->gtv);
    mask_free(&s->blood);
    mask_free(&s->muscle);
    *s = (SimulatedScan){ 0 };
}

/* ---- position of the patient in the scanner */

typedef struct { double m[3][3], shift[3]; } Pose;

/* Later scans are not quite registered with the first: 1.5 mm and 1 degree (SD) about each axis. */
static Pose pose_draw(const Phantom *ph, int t)
{
    Pose pose = { .m = { { 1, 0, 0 }, { 0, 1, 0 }, { 0, 0, 1 } } };
    Rng r = patient_stream(ph->spec, ph->patient->index, PURPOSE_MOTION);

    if (!ph->spec->motion) return pose;
    for (int k = 1; k <= t; k++)
        for (int a = 0; a < 3; a++) {
            double angle = rng_normal(&r) * 0.017453292519943295, c = det_cos(angle), s = det_sin(angle);
            pose.shift[a] = 1.5 * rng_normal(&r);
            if (k < t) continue;
            int u = (a + 1) % 3, v = (a + 2) % 3;
            for (int j = 0; j < 3; j++) {
                double x = pose.m[u][j], y = pose.m[v][j];
                pose.m[u][j] = c * x - s * y;
                pose.m[v][j] = s * x + c * y;
            }
        }
    return pose;
}

/* Scanner millimetres to millimetres in the patient. */
static void pose_apply(double q[3], const Pose *pose, const double p[3])
{
    double d[3] = { p[0] - pose->shift[0], p[1] - pose->shift[1], p[2] - pose->shift[2] };

    for (int k = 0; k < 3; k++) q[k] = pose->m[k][0] * d[0] + pose->m[k][1] * d[1] + pose->m[k][2] * d[2];
}

static void voxel_centre(double p[3], const Grid *g, int x, int y, int z)
{
    affine_apply(p, &g->world, (double[3]){ x, y, z });
}

/* ---- which cells of the tumour are hypoxic */

typedef struct { double score; size_t cell; bool before; } Candidate;

/* One scan in the making: the fine grid, and the cells that may become hypoxic, best first. */
typedef struct {
    FineTruth truth;
    Candidate *candidate;
    size_t candidates, room, tumour_cells;
} Draft;

static void draft_free(Draft *d)
{
    fine_truth_free(&d->truth);
    free(d->candidate);
    *d = (Draft){ 0 };
}

static Rc draft_add(Draft *d, const Candidate *c, Err *e)
{
    if (d->candidates == d->room) {
        size_t room = d->room ? 2 * d->room : 4096;
        Candidate *more = realloc(d->candidate, room * sizeof *more);
        if (!more) return err_nomem(e);
        d->candidate = more;
        d->room = room;
    }
    d->candidate[d->candidates++] = *c;
    return OK;
}

/* Descending score; equal ones by cell, so that the order is one. */
static int by_score(const void *a, const void *b)
{
    const Candidate *x = a, *y = b;

    if (x->score != y->score) return x->score > y->score ? -1 : 1;
    return x->cell < y->cell ? -1 : x->cell > y->cell;
}

static void mark(Draft *d, size_t first, size_t n)
{
    for (size_t i = first; i < first + n; i++) d->truth.tissue[d->candidate[i].cell] = TISSUE_HYPOXIC;
}

/* Before treatment: the cells where the field is highest. Later: what was hypoxic keeps its best part (half the level before, half
 * chance in space), and a share comes where none was. */
static void choose_hypoxic(Draft *d, double fhv, Phantom *ph, int t)
{
    const Candidate *c = d->candidate;
    size_t n = d->candidates, wanted = (size_t)(fhv * (double)d->tumour_cells + 0.5);

    if (wanted > n) wanted = n;
    for (size_t i = 0; i < n; i++) d->truth.tissue[c[i].cell] = TISSUE_NORMOXIC;
    if (t == PRE) {
        mark(d, 0, wanted);
        ph->field.cut = wanted == 0 ? HUGE_VAL : wanted == n ? -HUGE_VAL : (c[wanted - 1].score + c[wanted].score) / 2;
        return;
    }
    size_t before = 0;                          /* those come first: their scores are higher */
    while (before < n && c[before].before) before++;
    size_t kept = (size_t)((1 - NEW_SHARE) * (double)wanted + 0.5);
    if (kept > before) kept = before;
    if (wanted - kept > n - before) kept = wanted - (n - before);
    mark(d, 0, kept);
    mark(d, before, wanted - kept);
}

/* ---- the fine grid */

static double uptake_of(int tissue, const Phantom *ph, Rng *r)
{
    const SimulationTracer *tr = ph->spec->tracer;
    double x;

    switch (tissue) {
    case TISSUE_BLOOD: return 1;
    case TISSUE_MUSCLE: return tr->muscle;
    case TISSUE_NECROTIC: return 0.5;
    case TISSUE_NORMOXIC:
        do x = 1.05 + 0.12 * rng_normal(r); while (x >= tr->threshold - 1e-3);
        return x;
    case TISSUE_HYPOXIC: return tr->threshold + 1e-6 + rng_gamma(r, 2) * ph->amplitude / 2;
    default: return ph->shape.lung;
    }
}

/* Of the cells that a try may change; the others have theirs from the start. */
static void fill_uptake(Draft *d, const Phantom *ph, int t)
{
    Rng r = patient_stream(ph->spec, ph->patient->index, PURPOSE_TEXTURE + t);

    for (size_t i = 0; i < d->candidates; i++) {
        size_t cell = d->candidate[i].cell;
        d->truth.tbr[cell] = (float)uptake_of(d->truth.tissue[cell], ph, &r);
    }
}

static int organ_at(const Anatomy *a, const double q[3])
{
    if (blood_depth(a, q) >= 0) return TISSUE_BLOOD;
    if (q[1] <= a->muscle_top && q[1] >= a->muscle_bottom) return TISSUE_MUSCLE;
    return TISSUE_LUNG;
}

static Rc draft_tissues(Draft *out, const Grid *g, const Anatomy *a, const Pose *pose, const Phantom *ph, int t, Err *e)
{
    const CohortPatient *p = ph->patient;
    const HypoxiaField *field = &ph->field;
    Draft d = { .truth = { .grid = *g } };
    size_t n = grid_voxels(g), i = 0;
    double scale = det_pow(p->volume_ml[t] / p->volume_ml[PRE], 1.0 / 3);
    Rc rc = OK;

    d.truth.tbr = malloc(n * sizeof *d.truth.tbr);
    d.truth.tissue = malloc(n);
    if (!d.truth.tbr || !d.truth.tissue) { rc = err_nomem(e); goto out; }
    for (int z = 0; z < g->n[2]; z++)
        for (int y = 0; y < g->n[1]; y++)
            for (int x = 0; x < g->n[0]; x++, i++) {
                double at[3], q[3], radius = 0;
                voxel_centre(at, g, x, y, z);
                pose_apply(q, pose, at);
                for (int k = 0; k < 3; k++) if (fabs(q[k]) > ph->shape.reach_mm[k] * scale * 1.05) radius = 2;
                if (radius < 2) radius = shape_radius(&ph->shape, scale, q);
                int tissue = radius > 1 ? organ_at(a, q) : radius < ph->shape.core ? TISSUE_NECROTIC : TISSUE_NORMOXIC;
                d.truth.tissue[i] = (uint8_t)tissue;
                d.tumour_cells += radius <= 1;
                if (tissue != TISSUE_NORMOXIC) { d.truth.tbr[i] = (float)uptake_of(tissue, ph, NULL); continue; }
                for (int k = 0; k < 3; k++) q[k] /= scale;             /* where this tissue was before treatment */
                double place = field_at(field, field->place, q);
                Candidate c = { .score = place, .cell = i };
                if (t != PRE) {
                    c.before = place > field->cut;
                    c.score = c.before ? 1000 + .5 * place + .5 * field_at(field, field->fate, q) : field_at(field, field->fresh, q);
                }
                TRY(draft_add(&d, &c, e));
            }
    if (d.candidates) qsort(d.candidate, d.candidates, sizeof *d.candidate, by_score);
    *out = d;
    d = (Draft){ 0 };
out:
    draft_free(&d);
    return rc;
}

static HypoxiaSummary fine_summary(const FineTruth *f)
{
    size_t n = grid_voxels(&f->grid), cells = 0, hypoxic = 0;
    double sum = 0, max = 0, cell_ml = grid_voxel_ml(&f->grid);

    for (size_t i = 0; i < n; i++) {
        if (f->tissue[i] < TISSUE_NORMOXIC) continue;
        cells++;
        hypoxic += f->tissue[i] == TISSUE_HYPOXIC;
        sum += (double)f->tbr[i];
        if ((double)f->tbr[i] > max) max = (double)f->tbr[i];
    }
    double fhv = (double)hypoxic / (double)cells;
    return (HypoxiaSummary){ fhv, (double)hypoxic * cell_ml, (double)cells * cell_ml, sum / (double)cells, max };
}

/* ---- the scanner's view */

static void grids_place(Grid *coarse, Grid *fine, const Anatomy *a, const double spacing[3])
{
    double coarse_origin[3], fine_origin[3], fine_mm[3];
    Grid c = { 0 }, f = { 0 };

    for (int k = 0; k < 3; k++) {
        c.spacing_mm[k] = spacing[k];
        c.n[k] = (int)ceil((a->high[k] - a->low[k]) / spacing[k]);
        double low = (a->low[k] + a->high[k]) / 2 - c.n[k] * spacing[k] / 2;
        f.spacing_mm[k] = fine_mm[k] = FINE_MM;
        f.n[k] = (int)ceil(c.n[k] * spacing[k] / FINE_MM);
        coarse_origin[k] = low + spacing[k] / 2;
        fine_origin[k] = low + FINE_MM / 2;
    }
    c.world = affine_from_spacing(spacing, coarse_origin);
    f.world = affine_from_spacing(fine_mm, fine_origin);
    *coarse = c;
    *fine = f;
}

/* Voxels at least half of which is tumour. */
static Rc gtv_draw(Mask *out, const Grid *g, const Grid *fg, const uint8_t *tissue, Err *e)
{
    size_t n = grid_voxels(g), i = 0;
    int *inside = calloc(n, sizeof *inside), *all = calloc(n, sizeof *all), *to[3] = { NULL, NULL, NULL };
    Rc rc = OK;

    if (!inside || !all) { rc = err_nomem(e); goto out; }
    for (int k = 0; k < 3; k++) {
        to[k] = malloc((size_t)fg->n[k] * sizeof **to);
        if (!to[k]) { rc = err_nomem(e); goto out; }
        for (int x = 0; x < fg->n[k]; x++) {
            int v = (int)((x + 0.5) * FINE_MM / g->spacing_mm[k]);
            to[k][x] = v < g->n[k] ? v : g->n[k] - 1;
        }
    }
    for (int z = 0; z < fg->n[2]; z++)
        for (int y = 0; y < fg->n[1]; y++)
            for (int x = 0; x < fg->n[0]; x++, i++) {
                size_t v = voxel_at(g, to[0][x], to[1][y], to[2][z]);
                all[v]++;
                inside[v] += tissue[i] >= TISSUE_NORMOXIC;
            }
    TRY(mask_alloc(out, g, e));
    for (size_t v = 0; v < n; v++) out->in[v] = all[v] > 0 && 2 * inside[v] >= all[v];
out:
    for (int k = 0; k < 3; k++) free(to[k]);
    free(inside);
    free(all);
    return rc;
}

/* Blood and muscle as a reader draws them: one FWHM inside the wall, away from the ends of the field of view. */
static Rc reference_draw(SimulatedScan *s, const Anatomy *a, const Pose *pose, double fwhm, Err *e)
{
    const Grid *g = &s->image.grid;
    size_t i = 0;
    Rc rc = OK;

    TRY(mask_alloc(&s->blood, g, e));
    TRY(mask_alloc(&s->muscle, g, e));
    for (int z = 0; z < g->n[2]; z++)
        for (int y = 0; y < g->n[1]; y++)
            for (int x = 0; x < g->n[0]; x++, i++) {
                double at[3], q[3];
                voxel_centre(at, g, x, y, z);
                pose_apply(q, pose, at);
                bool central = fabs(q[2]) <= a->high[2] - 4;
                s->blood.in[i] = central && blood_depth(a, q) >= fwhm;
                s->muscle.in[i] = central && q[1] <= a->muscle_top - fwhm && q[1] >= a->muscle_bottom + fwhm
                    && q[0] >= -30 && q[0] <= a->high[0] - 6;
            }
out:
    return rc;
}

static double blood_mean(const double *v, const Mask *blood)
{
    size_t n = grid_voxels(&blood->grid), voxels = 0;
    double sum = 0;

    for (size_t i = 0; i < n; i++) if (blood->in[i]) { sum += v[i]; voxels++; }
    return sum / (double)voxels;
}

static HypoxiaSummary view_summary(const double *v, const SimulatedScan *s, double threshold)
{
    size_t n = grid_voxels(&s->gtv.grid), voxels = 0, hypoxic = 0;
    double reference = blood_mean(v, &s->blood), sum = 0, max = 0;

    for (size_t i = 0; i < n; i++) {
        if (!s->gtv.in[i]) continue;
        voxels++;
        hypoxic += v[i] >= threshold * reference;
        sum += v[i] / reference;
        max = fmax(max, v[i] / reference);
    }
    double ml = grid_voxel_ml(&s->gtv.grid), fhv = (double)hypoxic / (double)voxels;
    return (HypoxiaSummary){ fhv, (double)hypoxic * ml, (double)voxels * ml, sum / (double)voxels, max };
}

static double logit_bounded(double p)
{
    p = fmin(fmax(p, .002), .998);
    return det_log(p / (1 - p));
}

/* The search looks at the box of the tumour alone, against the blood that the first look showed. */
typedef struct {
    AxisBlur part[3];
    const Mask *gtv;
    int low[3], high[3];
    double *view;                              /* of the box */
    double level;                              /* of a hypoxic voxel: threshold times blood */
} Box;

static double fhv_in_box(const Box *b)
{
    size_t voxels = 0, hypoxic = 0, i = 0;

    for (int z = b->low[2]; z < b->high[2]; z++)
        for (int y = b->low[1]; y < b->high[1]; y++)
            for (int x = b->low[0]; x < b->high[0]; x++, i++)
                if (b->gtv->in[voxel_at(&b->gtv->grid, x, y, z)]) { voxels++; hypoxic += b->view[i] >= b->level; }
    return (double)hypoxic / (double)voxels;
}

/* What the scanner would show, without noise, of a truth with the given logit of its hypoxic fraction. */
static Rc look(double *fhv, Draft *d, Box *b, double logit, Phantom *ph, int t, Err *e)
{
    choose_hypoxic(d, logistic(logit), ph, t);
    fill_uptake(d, ph, t);
    Rc rc = blur_resample(b->view, d->truth.tbr, b->part, e);
    if (rc == OK) *fhv = fhv_in_box(b);
    return rc;
}

/* Finds the true fraction whose noise-free view shows the fraction that the patient is to be measured with: blur hides the edges of
 * hypoxic parts, more so where they are faint or small, so the truth lies higher. Where it would have to lie more than 0.7 higher on
 * the logit scale, the tumour stands out too little to be measured at all, and its contrast is raised instead. view: out, the whole
 * noise-free view. */
static Rc aim(Draft *d, double *view, SimulatedScan *s, const AxisBlur axis[3], Phantom *ph, int t, Err *e)
{
    enum { TRIES = 7 };
    double want = logistic(ph->patient->logit_fhv[t]), goal = logit_bounded(want), threshold = ph->spec->tracer->threshold;
    double low = -6.9, high = fmin(5.3, goal + .7), x = fmin(goal + .5, high), fhv = 0;
    Box b = { .gtv = &s->gtv };
    size_t box = 1;
    Rc rc = OK;

    if (!mask_box(b.low, b.high, &s->gtv)) return err_set(e, ERR_INTERNAL, "%s: the simulated tumour fills no voxel", ph->patient->id);
    for (int k = 0; k < 3; k++) {
        b.part[k] = axis_blur_part(&axis[k], b.low[k], b.high[k]);
        box *= (size_t)(b.high[k] - b.low[k]);
    }
    b.view = malloc(box * sizeof *b.view);
    if (!b.view) { rc = err_nomem(e); goto out; }
    choose_hypoxic(d, logistic(x), ph, t);
    fill_uptake(d, ph, t);
    TRY(blur_resample(view, d->truth.tbr, axis, e));
    b.level = threshold * blood_mean(view, &s->blood);
    while (ph->amplitude < 2) {
        TRY(look(&fhv, d, &b, high, ph, t, e));
        if (fhv >= want) break;
        ph->amplitude *= 1.15;
    }
    for (int k = 0; ; k++) {
        TRY(look(&fhv, d, &b, x, ph, t, e));
        if (fabs(fhv - want) < .004 || k == TRIES || high - low < .01) break;
        if (fhv > want) high = x; else low = x;
        x += fmin(fmax((goal - logit_bounded(fhv)) / 0.85, -2), 2);
        if (x <= low || x >= high) x = (low + high) / 2;
    }
    TRY(blur_resample(view, d->truth.tbr, axis, e));
    s->expected = view_summary(view, s, threshold);
out:
    free(b.view);
    return rc;
}

Rc phantom_scan(SimulatedScan *out, FineTruth *fine, Phantom *ph, int t, Err *e)
{
    const SimulationCenter *c = simulation_center(ph->patient->center);
    SimulatedScan s = { 0 };
    Draft d = { 0 };
    AxisBlur axis[3] = { { 0 } };
    Anatomy a;
    Grid coarse, fine_grid;
    Pose pose = pose_draw(ph, t);
    double *view = NULL, sigma[3];
    float *noise = NULL;
    Rc rc = OK;

    anatomy_place(&a, &ph->shape);
    grids_place(&coarse, &fine_grid, &a, c->spacing_mm);
    TRY(draft_tissues(&d, &fine_grid, &a, &pose, ph, t, e));
    for (int k = 0; k < 3; k++) {
        double breath = k == 2 ? ph->shape.respiratory_fwhm_mm : 0;
        double mm = sqrt(c->fwhm_mm * c->fwhm_mm + breath * breath) / FWHM_PER_SIGMA;
        sigma[k] = c->fwhm_mm / FWHM_PER_SIGMA / c->spacing_mm[k];
        TRY(axis_blur_init(&axis[k], coarse.n[k], c->spacing_mm[k] / FINE_MM, fine_grid.n[k], mm / FINE_MM, e));
    }
    size_t n = grid_voxels(&coarse);
    view = malloc(n * sizeof *view);
    if (!view) { rc = err_nomem(e); goto out; }
    TRY(volume_alloc(&s.image, &coarse, UNITS_SUV, e));
    TRY(gtv_draw(&s.gtv, &coarse, &fine_grid, d.truth.tissue, e));
    TRY(reference_draw(&s, &a, &pose, c->fwhm_mm, e));
    TRY(aim(&d, view, &s, axis, ph, t, e));
    s.truth = fine_summary(&d.truth);

    if (ph->spec->noise > 0) {
        Rng r = patient_stream(ph->spec, ph->patient->index, PURPOSE_NOISE + t);
        noise = malloc(n * sizeof *noise);
        if (!noise) { rc = err_nomem(e); goto out; }
        TRY(correlated_noise(noise, coarse.n, sigma, &r, e));
        for (size_t i = 0; i < n; i++)          /* variance in proportion to the mean, COV as given where the mean is blood's */
            view[i] = fmax(0, view[i] + ph->spec->noise * c->blood_cov * sqrt(view[i]) * (double)noise[i]);
    }
    for (size_t i = 0; i < n; i++) s.image.v[i] = (float)(view[i] * ph->patient->blood_suv[t]);
    *out = s;
    s = (SimulatedScan){ 0 };
    if (fine) { *fine = d.truth; d.truth = (FineTruth){ 0 }; }
out:
    for (int k = 0; k < 3; k++) axis_blur_free(&axis[k]);
    free(view);
    free(noise);
    draft_free(&d);
    simulated_scan_free(&s);
    return rc;
}
