/* study/scan_features.h: the features of one scan's regions by the protocol's settings and hypoxia rule. */
#ifndef REOX_STUDY_SCAN_FEATURES_H
#define REOX_STUDY_SCAN_FEATURES_H

#include "core/err.h"
#include "core/hash.h"
#include "core/json.h"
#include "core/protocol.h"
#include "core/scan.h"
#include "features/extract.h"
#include "study/scan_read.h"

/* How one scan is measured: settings and rule resolved, as documents too. */
typedef struct {
    Settings settings;
    ScanRule rule;
    HypoxiaRule hypoxia;           /* the rule as the features take it */
    char tracer[128];
    Json *definition;              /* of every feature but hypoxia's: the effective settings */
    char settings_sha[HASH_TEXT];  /* of settings, rule, registry and version */
} ScanMethod;

/* ERR_INPUT for settings that cannot be read (study_open has looked before). */
Rc scan_method(ScanMethod *out, const Protocol *p, const Scan *s, Err *e);
void scan_method_free(ScanMethod *m);

/* The reference uptake that counts: the row's value, the named region's mean, or NaN; an image in TBR has 1. name: what the
 * definition calls it, NULL for none. */
double scan_reference(const char **name, const ScanMethod *m, const Scan *s, const ScanData *d);

/* {tracer, reference, threshold, operator, uptake_min} for this scan. NULL when memory is out. */
Json *scan_hypoxia_definition(const ScanMethod *m, const Scan *s, const ScanData *d);

/* The features of one region. ERR_INPUT names the scan. */
Rc scan_region_features(Extraction *out, const ScanMethod *m, const Scan *s, const ScanData *d, const ScanRegion *g, Err *e);

#endif
