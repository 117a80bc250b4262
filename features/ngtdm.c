/* features/ngtdm.c: neighbourhood grey tone difference matrices. IBSI reference manual 3.10; Amadasun and King 1989. */
#include "features/ngtdm.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* n: voxels of a level that have neighbours; s: sum over them of |level - mean of the neighbours|. [Ng+1] */
typedef struct { uint32_t *n; double *s; } Tones;

static void tones_add(Tones *t, const LevelBox *b, const Neighbours *nb, size_t from, size_t to)
{
    for (size_t v = from; v < to; v++) {
        uint32_t count = nb->count[v];
        if (!count) continue;
        int level = b->level[b->at[v]];
        t->n[level]++;
        t->s[level] += fabs((double)level - (double)nb->sum[v] / count);
    }
}

#define V(slot) v[FEATURE_NGTDM_##slot - NGTDM_FIRST]

/* `present`: room for Ng levels. */
static void features_of(double v[NGTDM_FEATURES], const Tones *t, int lowest, int highest, int *present)
{
    double Nvc = 0, sum_s = 0, sum_ps = 0;
    int Ngp = 0;
    for (int k = 0; k < NGTDM_FEATURES; k++) v[k] = NAN;
    for (int i = lowest; i <= highest; i++) {
        if (!t->n[i]) continue;
        present[Ngp++] = i;
        Nvc += t->n[i];
        sum_s += t->s[i];
        sum_ps += t->n[i] * t->s[i];
    }
    if (Nvc == 0) return;
    sum_ps /= Nvc;
    if (sum_ps > 0) V(COARSENESS) = 1 / sum_ps;

    /* Over all pairs of levels that occur; each unordered pair once, so twice. */
    double contrast = 0, busyness = 0, complexity = 0, strength = 0;
    for (int a = 0; a < Ngp; a++) {
        const double i = present[a], pi = t->n[present[a]] / Nvc, psi = pi * t->s[present[a]];
        for (int c = a + 1; c < Ngp; c++) {
            const double j = present[c], pj = t->n[present[c]] / Nvc, psj = pj * t->s[present[c]], d = j - i;
            contrast += pi * pj * d * d;
            busyness += fabs(i * pi - j * pj);
            complexity += d * (psi + psj) / (pi + pj);
            strength += (pi + pj) * d * d;
        }
    }
    if (Ngp < 2) return;                       /* one level: contrast and busyness are 0/0, the others say nothing */
    V(CONTRAST) = 2 * contrast / ((double)Ngp * (Ngp - 1)) * (sum_s / Nvc);
    if (busyness > 0) V(BUSYNESS) = sum_ps / (2 * busyness);
    V(COMPLEXITY) = 2 * complexity / Nvc;
    if (sum_s > 0) V(STRENGTH) = 2 * strength / sum_s;
}

Rc ngtdm_aggregations(double out[AGGREGATION_COUNT][NGTDM_FEATURES], const bool wanted[AGGREGATION_COUNT], const LevelBox *b,
                      const Neighbours *in_slices, const Neighbours *in_volume, Err *e)
{
    size_t levels = (size_t)b->Ng + 1;
    Tones t = { malloc(levels * sizeof *t.n), malloc(levels * sizeof *t.s) };
    int *present = malloc(levels * sizeof *present);
    Rc rc = OK;
    if (!t.n || !t.s || !present) { rc = err_nomem(e); goto out; }

    if (wanted[AGGREGATION_2D]) {
        double v[NGTDM_FEATURES], sum[NGTDM_FEATURES] = { 0 };
        uint32_t count[NGTDM_FEATURES] = { 0 };
        FeatureMean mean = { sum, count, NGTDM_FEATURES };
        for (int z = 0; z < b->n[2]; z++) {
            memset(t.n, 0, levels * sizeof *t.n);
            memset(t.s, 0, levels * sizeof *t.s);
            tones_add(&t, b, in_slices, b->slice[z], b->slice[z + 1]);
            features_of(v, &t, b->lowest, b->highest, present);
            feature_mean_add(&mean, v);
        }
        feature_mean_take(out[AGGREGATION_2D], &mean);
    }
    for (int volume = 0; volume < 2; volume++) {
        Aggregation a = volume ? AGGREGATION_3D : AGGREGATION_25D;
        if (!wanted[a]) continue;
        memset(t.n, 0, levels * sizeof *t.n);
        memset(t.s, 0, levels * sizeof *t.s);
        tones_add(&t, b, volume ? in_volume : in_slices, 0, b->voxels);
        features_of(out[a], &t, b->lowest, b->highest, present);
    }
out:
    free(t.n);
    free(t.s);
    free(present);
    return rc;
}
