/* study/scan_features.c: the features of one scan's regions by the protocol's settings and hypoxia rule. */
#include "study/scan_features.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/version.h"
#include "features/hypoxia.h"

/* Everything that the registry says: another row, name or definition makes other values. */
static void registry_digest(char out[HASH_TEXT])
{
    Sha256 s;
    sha256_begin(&s);
    sha256_add(&s, REOX_VERSION, sizeof REOX_VERSION);
    for (int i = 0; i < FEATURE_COUNT; i++) {
        const FeatureInfo *f = feature_info((FeatureId)i);
        const char *const text[] = { f->name, f->unit, f->definition };
        for (int k = 0; k < 3; k++) sha256_add(&s, text[k], strlen(text[k]) + 1);
    }
    sha256_end(&s, out);
}

Rc scan_method(ScanMethod *out, const Protocol *p, const Scan *s, Err *e)
{
    Rc rc = OK;
    Json *all = NULL;
    Str text = { 0 };
    char registry[HASH_TEXT];

    *out = (ScanMethod){ 0 };
    TRY(settings_read(&out->settings, p->features, s->tracer, s->units, "study.json: features", e));
    scan_rule(&out->rule, p, s);
    snprintf(out->tracer, sizeof out->tracer, "%s", out->rule.tracer);
    out->hypoxia = (HypoxiaRule){ .tracer = out->tracer, .has_threshold = !isnan(out->rule.threshold),
                                  .threshold = out->rule.threshold, .has_operator = out->rule.has_operator, .op = out->rule.op };
    out->definition = settings_json(&out->settings);
    registry_digest(registry);
    all = json_object();
    if (!all || !out->definition) { rc = err_nomem(e); goto out; }
    json_set(all, "settings", json_copy(out->definition));
    json_set_text(all, "registry", registry);
    json_set_text(all, "reference", isnan(out->rule.value) ? out->rule.region : "value");
    json_set(all, "hypoxia", hypoxia_definition_json(&out->hypoxia, NULL, NAN));
    TRY(json_print_canonical(&text, all, e));
    sha256_of(out->settings_sha, text.s, text.len);
out:
    json_free(all);
    str_free(&text);
    return rc;
}

void scan_method_free(ScanMethod *m)
{
    settings_free(&m->settings);
    json_free(m->definition);
    *m = (ScanMethod){ 0 };
}

double scan_reference(const char **name, const ScanMethod *m, const Scan *s, const ScanData *d)
{
    *name = NULL;
    if (s->units == UNITS_TBR) { *name = "image in TBR"; return 1; }
    if (!isnan(m->rule.value)) { *name = "value"; return m->rule.value; }
    const ScanRegion *g = m->rule.region ? scan_region(d, m->rule.region) : NULL;
    if (!g) return NAN;
    *name = m->rule.region;
    return g->mean;
}

Json *scan_hypoxia_definition(const ScanMethod *m, const Scan *s, const ScanData *d)
{
    const char *name;
    scan_reference(&name, m, s, d);
    return hypoxia_definition_json(&m->hypoxia, name, s->uptake_min);
}

Rc scan_region_features(Extraction *out, const ScanMethod *m, const Scan *s, const ScanData *d, const ScanRegion *g, Err *e)
{
    const char *reference;
    Err inner = { 0 };
    ExtractInput in = { .name = g->path, .image = &d->image, .mask = &g->mask, .reference = scan_reference(&reference, m, s, d),
                        .rule = &m->hypoxia };
    Rc rc = feature_extract(out, &in, &m->settings, &inner);
    if (rc == ERR_INPUT)
        return err_set(e, rc, "%s (scan %s/%s/%s)", inner.text, s->patient, s->timepoint, s->tracer);
    if (rc != OK && e) *e = inner;
    return rc;
}
