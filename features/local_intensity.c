/* features/local_intensity.c: local and global intensity peak. IBSI reference manual 3.2. */
#include "features/peak.h"
#include "features/roi.h"

Rc local_intensity_features(FeatureSink *sink, const Roi *roi, const Settings *s, Arena *a, Err *e)
{
    (void)s;
    (void)a;
    Peaks p = { 0 };
    Rc rc = intensity_peaks(&p, roi->around, roi->around_n, roi->spacing_mm, roi->inside, roi->n, roi->shift, e);
    if (rc != OK) return rc;
    sink_put(sink, FEATURE_LOCAL_INTENSITY_LOCAL_PEAK, AGGREGATION_NONE, p.local);
    sink_put(sink, FEATURE_LOCAL_INTENSITY_GLOBAL_PEAK, AGGREGATION_NONE, p.global);
    return OK;
}
