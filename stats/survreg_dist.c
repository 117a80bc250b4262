/* stats/survreg_dist.c: distributions of parametric survival models, and the risk that a fitted one gives. */
#include "stats/survreg_dist.h"

#include <math.h>
#include <string.h>

#include "stats/dist.h"

static const char *const names[] = { "weibull", "exponential", "lognormal", "loglogistic" };

bool survreg_dist_parse(SurvregDist *out, const char *name)
{
    for (int k = 0; name && k < 4; k++)
        if (strcmp(names[k], name) == 0) { *out = (SurvregDist)k; return true; }
    return false;
}

const char *survreg_dist_name(SurvregDist dist) { return names[dist]; }

double survreg_survival(SurvregDist dist, double z)
{
    if (dist == SURVREG_LOGNORMAL) return normal_sf(z);
    if (dist == SURVREG_LOGLOGISTIC) return z > 0 ? exp(-z) / (1 + exp(-z)) : 1 / (1 + exp(z));
    return exp(-exp(z));
}

double survreg_risk(SurvregDist dist, double z)
{
    if (dist == SURVREG_LOGNORMAL) return normal_cdf(z);
    if (dist == SURVREG_LOGLOGISTIC) return z > 0 ? 1 / (1 + exp(-z)) : exp(z) / (1 + exp(z));
    return -expm1(-exp(z));
}

double survreg_cumhaz(SurvregDist dist, double z)
{
    if (dist == SURVREG_LOGLOGISTIC) return fmax(z, 0) + log1p(exp(-fabs(z)));
    if (dist != SURVREG_LOGNORMAL) return exp(z);
    const double s = normal_sf(z);
    return s > 0 ? -log(s) : 0.5 * z * z + 0.91893853320467274178 + log(z);      /* the first term of the tail */
}

double survreg_density(SurvregDist dist, double z)
{
    if (dist == SURVREG_LOGNORMAL) return normal_pdf(z);
    if (dist == SURVREG_LOGLOGISTIC) { const double t = exp(-fabs(z)); return t / ((1 + t) * (1 + t)); }
    return z > 700 ? 0 : exp(z - exp(z));
}

SurvregRisk survreg_risk_at(const SurvregModel *m, const double *x, double eta, double time, double width)
{
    const double z = (log(time) - eta) / m->scale;
    double form = 0;
    for (size_t j = 0; j < m->q; j++) {
        const double gj = j < m->p ? -x[j] / m->scale : -z;
        for (size_t k = 0; k < m->q; k++) form += gj * m->vcov[k * m->q + j] * (k < m->p ? -x[k] / m->scale : -z);
    }
    const double se = sqrt(fmax(form, 0));
    return (SurvregRisk){ z, se, survreg_risk(m->dist, z), survreg_risk(m->dist, z - width * se), survreg_risk(m->dist, z + width * se),
                          survreg_density(m->dist, z) * se };
}
