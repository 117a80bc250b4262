/* features/intensity_histogram.c: statistics of the grey levels. IBSI reference manual 3.4. */
#include <math.h>

#include "core/rng.h"
#include "features/roi.h"

/* Quantile of grey levels from their counts, by linear interpolation (type 7). */
static double level_quantile(const size_t *count, int Ng, size_t n, double p)
{
    double h = (double)(n - 1) * p, lo = floor(h + 4e-16 * fmax(1, h));
    size_t rank = (size_t)lo, below = 0;
    int i = 1;
    while (i < Ng && below + count[i] <= rank) below += count[i++];
    double part = h - lo;
    if (part <= 0 || rank + 1 < below + count[i]) return i;
    int next = i + 1;                      /* the next rank is in the next level that is not empty */
    while (next <= Ng && count[next] == 0) next++;
    return next > Ng ? i : i + part * (next - i);
}

/* Central differences, one-sided at both ends. */
static double gradient(const size_t *count, int Ng, int i)
{
    if (i == 1) return (double)count[2] - (double)count[1];
    if (i == Ng) return (double)count[Ng] - (double)count[Ng - 1];
    return ((double)count[i + 1] - (double)count[i - 1]) / 2;
}

static void put_gradients(FeatureSink *sink, const size_t *count, int Ng)
{
    const Aggregation whole = AGGREGATION_NONE;
    static const FeatureId rows[] = { FEATURE_INTENSITY_HISTOGRAM_MAXIMUM_HISTOGRAM_GRADIENT,
        FEATURE_INTENSITY_HISTOGRAM_MAXIMUM_HISTOGRAM_GRADIENT_INTENSITY, FEATURE_INTENSITY_HISTOGRAM_MINIMUM_HISTOGRAM_GRADIENT,
        FEATURE_INTENSITY_HISTOGRAM_MINIMUM_HISTOGRAM_GRADIENT_INTENSITY };
    if (Ng < 2) {
        for (int k = 0; k < 4; k++) sink_undefined(sink, rows[k], whole, "the histogram has one grey level");
        return;
    }
    int steepest = 1, falling = 1;
    for (int i = 2; i <= Ng; i++) {
        if (gradient(count, Ng, i) > gradient(count, Ng, steepest)) steepest = i;
        if (gradient(count, Ng, i) < gradient(count, Ng, falling)) falling = i;
    }
    sink_put(sink, rows[0], whole, gradient(count, Ng, steepest));
    sink_put(sink, rows[1], whole, steepest);
    sink_put(sink, rows[2], whole, gradient(count, Ng, falling));
    sink_put(sink, rows[3], whole, falling);
}

Rc intensity_histogram_features(FeatureSink *sink, const Roi *roi, const Settings *s, Arena *a, Err *e)
{
    (void)s;
    const Aggregation whole = AGGREGATION_NONE;
    int Ng = roi->Ng;
    size_t voxels = (size_t)roi->n[0] * (size_t)roi->n[1] * (size_t)roi->n[2];
    size_t *count = ARENA_NEW(a, (size_t)Ng + 2, size_t);
    if (!count) return err_nomem(e);
    for (size_t i = 0; i < voxels; i++) count[roi->level[i]]++;
    count[0] = 0;

    double N = (double)roi->n_inside, mean = 0, variance = 0, m3 = 0, m4 = 0, mad = 0, entropy = 0, uniformity = 0;
    int min = 0, max = 0;
    for (int i = 1; i <= Ng; i++) {
        if (!count[i]) continue;
        if (!min) min = i;
        max = i;
        mean += i * ((double)count[i] / N);
    }
    for (int i = min; i <= max; i++) {
        double p = (double)count[i] / N, d = i - mean;
        if (!count[i]) continue;
        variance += p * d * d;
        m3 += p * d * d * d;
        m4 += p * d * d * d * d;
        mad += p * fabs(d);
        entropy -= p * det_log2(p);
        uniformity += p * p;
    }
    size_t n = roi->n_inside;
    double median = level_quantile(count, Ng, n, 0.5), p10 = level_quantile(count, Ng, n, 0.1), p90 = level_quantile(count, Ng, n, 0.9);
    double q1 = level_quantile(count, Ng, n, 0.25), q3 = level_quantile(count, Ng, n, 0.75);
    double medad = 0, robust = 0, n_robust = 0, spread = 0;
    int mode = min;
    for (int i = min; i <= max; i++) {
        double c = (double)count[i];
        medad += c / N * fabs(i - median);
        if (i >= p10 && i <= p90) { robust += c * i; n_robust += c; }
        if (count[i] > count[mode] || (count[i] == count[mode] && fabs(i - mean) < fabs(mode - mean))) mode = i;
    }
    for (int i = min; i <= max; i++)
        if (i >= p10 && i <= p90) spread += (double)count[i] * fabs(i - robust / n_robust);

    sink_put(sink, FEATURE_INTENSITY_HISTOGRAM_MEAN_DISCRETISED_INTENSITY, whole, mean);
    sink_put(sink, FEATURE_INTENSITY_HISTOGRAM_DISCRETISED_INTENSITY_VARIANCE, whole, variance);
    if (max > min) {
        sink_put(sink, FEATURE_INTENSITY_HISTOGRAM_DISCRETISED_INTENSITY_SKEWNESS, whole, m3 / (variance * sqrt(variance)));
        sink_put(sink, FEATURE_INTENSITY_HISTOGRAM_EXCESS_DISCRETISED_INTENSITY_KURTOSIS, whole, m4 / (variance * variance) - 3);
    } else {
        sink_undefined(sink, FEATURE_INTENSITY_HISTOGRAM_DISCRETISED_INTENSITY_SKEWNESS, whole, "the ROI has one grey level");
        sink_undefined(sink, FEATURE_INTENSITY_HISTOGRAM_EXCESS_DISCRETISED_INTENSITY_KURTOSIS, whole, "the ROI has one grey level");
    }
    sink_put(sink, FEATURE_INTENSITY_HISTOGRAM_MEDIAN_DISCRETISED_INTENSITY, whole, median);
    sink_put(sink, FEATURE_INTENSITY_HISTOGRAM_MINIMUM_DISCRETISED_INTENSITY, whole, min);
    sink_put(sink, FEATURE_INTENSITY_HISTOGRAM_10TH_DISCRETISED_INTENSITY_PERCENTILE, whole, p10);
    sink_put(sink, FEATURE_INTENSITY_HISTOGRAM_90TH_DISCRETISED_INTENSITY_PERCENTILE, whole, p90);
    sink_put(sink, FEATURE_INTENSITY_HISTOGRAM_MAXIMUM_DISCRETISED_INTENSITY, whole, max);
    sink_put(sink, FEATURE_INTENSITY_HISTOGRAM_MODE, whole, mode);
    sink_put(sink, FEATURE_INTENSITY_HISTOGRAM_DISCRETISED_INTENSITY_INTERQUARTILE_RANGE, whole, q3 - q1);
    sink_put(sink, FEATURE_INTENSITY_HISTOGRAM_DISCRETISED_INTENSITY_RANGE, whole, max - min);
    sink_put(sink, FEATURE_INTENSITY_HISTOGRAM_MEAN_ABSOLUTE_DEVIATION, whole, mad);
    if (n_robust > 0) sink_put(sink, FEATURE_INTENSITY_HISTOGRAM_ROBUST_MEAN_ABSOLUTE_DEVIATION, whole, spread / n_robust);
    else sink_undefined(sink, FEATURE_INTENSITY_HISTOGRAM_ROBUST_MEAN_ABSOLUTE_DEVIATION, whole,
                        "no grey level lies from the 10th to the 90th percentile");
    sink_put(sink, FEATURE_INTENSITY_HISTOGRAM_MEDIAN_ABSOLUTE_DEVIATION, whole, medad);
    sink_put(sink, FEATURE_INTENSITY_HISTOGRAM_COEFFICIENT_OF_VARIATION, whole, sqrt(variance) / mean);
    sink_put(sink, FEATURE_INTENSITY_HISTOGRAM_QUARTILE_COEFFICIENT_OF_DISPERSION, whole, (q3 - q1) / (q3 + q1));
    sink_put(sink, FEATURE_INTENSITY_HISTOGRAM_DISCRETISED_INTENSITY_ENTROPY, whole, entropy <= 0 ? 0 : entropy);
    sink_put(sink, FEATURE_INTENSITY_HISTOGRAM_DISCRETISED_INTENSITY_UNIFORMITY, whole, uniformity);
    put_gradients(sink, count, Ng);
    return OK;
}
