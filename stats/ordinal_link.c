/* stats/ordinal_link.c: links of cumulative-link models, and the probabilities of the levels. */
#include "stats/ordinal_link.h"

#include <math.h>
#include <string.h>

#include "stats/dist.h"

static const char *const names[] = { "logit", "probit", "cloglog" };

bool ordinal_link_parse(OrdinalLink *out, const char *name)
{
    for (int k = 0; name && k < 3; k++)
        if (strcmp(names[k], name) == 0) { *out = (OrdinalLink)k; return true; }
    return false;
}

const char *ordinal_link_name(OrdinalLink link) { return names[link]; }

double ordinal_link_inverse(OrdinalLink link, double p)
{
    return link == ORDINAL_LOGIT ? log(p / (1 - p)) : link == ORDINAL_PROBIT ? normal_quantile(p) : log(-log1p(-p));
}

LinkAt ordinal_link_at(OrdinalLink link, double z)
{
    if (isinf(z)) return (LinkAt){ z > 0, z < 0, 0, 0 };
    switch (link) {
    case ORDINAL_LOGIT: {
        double t = exp(-fabs(z)), small = t / (1 + t), large = 1 / (1 + t), f = small * large;
        return (LinkAt){ z > 0 ? large : small, z > 0 ? small : large, f, f * (z > 0 ? small - large : large - small) };
    }
    case ORDINAL_PROBIT: {
        double f = normal_pdf(z);
        return (LinkAt){ normal_cdf(z), normal_sf(z), f, -z * f };
    }
    case ORDINAL_CLOGLOG: break;
    }
    double w = exp(z), s = exp(-w);
    return (LinkAt){ -expm1(-w), s, w * s, w * s * (1 - w) };
}

double ordinal_between(const LinkAt *lower, const LinkAt *upper)
{
    return upper->below < lower->above ? upper->below - lower->below : lower->above - upper->above;
}

void ordinal_probabilities(double *pr, double *upper, double *lower, OrdinalLink link, const double *threshold, size_t K, double eta)
{
    LinkAt lo = ordinal_link_at(link, -INFINITY);
    for (size_t k = 0; k < K; k++) {
        const LinkAt up = ordinal_link_at(link, k + 1 < K ? threshold[k] - eta : INFINITY);
        pr[k] = isnan(eta) ? NAN : ordinal_between(&lo, &up);
        if (upper) upper[k] = up.d1;
        if (lower) lower[k] = -lo.d1;
        lo = up;
    }
}
