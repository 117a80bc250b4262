/* features/statistics.c: intensity-based statistics of the un-binned ROI. IBSI reference manual 3.3. */
#include <math.h>

#include "core/sum.h"
#include "features/order.h"
#include "features/roi.h"

/* Intensities of the ROI, in order of voxels. */
static size_t gather(float *out, const Roi *roi)
{
    size_t n = (size_t)roi->n[0] * (size_t)roi->n[1] * (size_t)roi->n[2], count = 0;
    for (size_t i = 0; i < n; i++)
        if (roi->inside[i]) out[count++] = roi->intensity[i];
    return count;
}

Rc statistics_features(FeatureSink *sink, const Roi *roi, const Settings *s, Arena *a, Err *e)
{
    (void)s;
    const Aggregation whole = AGGREGATION_NONE;
    size_t n = roi->n_inside;
    float *x = ARENA_NEW(a, n, float), *scratch = ARENA_NEW(a, n, float);
    if (!x || !scratch) return err_nomem(e);
    gather(x, roi);

    Sum sum = { 0 }, squares = { 0 };
    for (size_t i = 0; i < n; i++) {
        sum_add(&sum, (double)x[i]);
        sum_add(&squares, (double)x[i] * (double)x[i]);
    }
    double N = (double)n, mean = sum_value(&sum) / N;
    Sum m2 = { 0 }, m3 = { 0 }, m4 = { 0 }, mad = { 0 };
    for (size_t i = 0; i < n; i++) {
        double d = (double)x[i] - mean, dd = d * d;
        sum_add(&m2, dd);
        sum_add(&m3, dd * d);
        sum_add(&m4, dd * dd);
        sum_add(&mad, fabs(d));
    }
    double variance = sum_value(&m2) / N;

    sort_floats(x, scratch, n);
    double min = (double)x[0], max = (double)x[n - 1], median = quantile_floats(x, n, 0.5);
    double p10 = quantile_floats(x, n, 0.10), p90 = quantile_floats(x, n, 0.90);
    double q1 = quantile_floats(x, n, 0.25), q3 = quantile_floats(x, n, 0.75);
    Sum medad = { 0 }, robust = { 0 }, spread = { 0 };
    double n_robust = 0;
    for (size_t i = 0; i < n; i++) {
        sum_add(&medad, fabs((double)x[i] - median));
        if ((double)x[i] < p10 || (double)x[i] > p90) continue;
        sum_add(&robust, (double)x[i]);
        n_robust++;
    }
    double robust_mean = sum_value(&robust) / n_robust;
    for (size_t i = 0; i < n; i++)
        if ((double)x[i] >= p10 && (double)x[i] <= p90) sum_add(&spread, fabs((double)x[i] - robust_mean));

    sink_put(sink, FEATURE_STATISTICS_MEAN_INTENSITY, whole, mean);
    sink_put(sink, FEATURE_STATISTICS_INTENSITY_VARIANCE, whole, variance);
    if (max > min) {
        sink_put(sink, FEATURE_STATISTICS_INTENSITY_SKEWNESS, whole, sum_value(&m3) / N / (variance * sqrt(variance)));
        sink_put(sink, FEATURE_STATISTICS_EXCESS_INTENSITY_KURTOSIS, whole, sum_value(&m4) / N / (variance * variance) - 3);
    } else {
        sink_undefined(sink, FEATURE_STATISTICS_INTENSITY_SKEWNESS, whole, "all intensities are equal");
        sink_undefined(sink, FEATURE_STATISTICS_EXCESS_INTENSITY_KURTOSIS, whole, "all intensities are equal");
    }
    sink_put(sink, FEATURE_STATISTICS_MEDIAN_INTENSITY, whole, median);
    sink_put(sink, FEATURE_STATISTICS_MINIMUM_INTENSITY, whole, min);
    sink_put(sink, FEATURE_STATISTICS_10TH_INTENSITY_PERCENTILE, whole, p10);
    sink_put(sink, FEATURE_STATISTICS_90TH_INTENSITY_PERCENTILE, whole, p90);
    sink_put(sink, FEATURE_STATISTICS_MAXIMUM_INTENSITY, whole, max);
    sink_put(sink, FEATURE_STATISTICS_INTENSITY_INTERQUARTILE_RANGE, whole, q3 - q1);
    sink_put(sink, FEATURE_STATISTICS_INTENSITY_RANGE, whole, max - min);
    sink_put(sink, FEATURE_STATISTICS_MEAN_ABSOLUTE_DEVIATION, whole, sum_value(&mad) / N);
    if (n_robust > 0) sink_put(sink, FEATURE_STATISTICS_ROBUST_MEAN_ABSOLUTE_DEVIATION, whole, sum_value(&spread) / n_robust);
    else sink_undefined(sink, FEATURE_STATISTICS_ROBUST_MEAN_ABSOLUTE_DEVIATION, whole,
                        "no intensity lies from the 10th to the 90th percentile");
    sink_put(sink, FEATURE_STATISTICS_MEDIAN_ABSOLUTE_DEVIATION, whole, sum_value(&medad) / N);
    if (mean != 0) sink_put(sink, FEATURE_STATISTICS_COEFFICIENT_OF_VARIATION, whole, sqrt(variance) / mean);
    else sink_undefined(sink, FEATURE_STATISTICS_COEFFICIENT_OF_VARIATION, whole, "the mean intensity is 0");
    if (q1 + q3 != 0) sink_put(sink, FEATURE_STATISTICS_QUARTILE_COEFFICIENT_OF_DISPERSION, whole, (q3 - q1) / (q3 + q1));
    else sink_undefined(sink, FEATURE_STATISTICS_QUARTILE_COEFFICIENT_OF_DISPERSION, whole, "the quartiles sum to 0");
    sink_put(sink, FEATURE_STATISTICS_ENERGY, whole, sum_value(&squares));
    sink_put(sink, FEATURE_STATISTICS_ROOT_MEAN_SQUARE_INTENSITY, whole, sqrt(sum_value(&squares) / N));
    return OK;
}
