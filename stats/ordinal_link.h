/* stats/ordinal_link.h: links of cumulative-link models, and the probabilities of the levels. */
#ifndef REOX_STATS_ORDINAL_LINK_H
#define REOX_STATS_ORDINAL_LINK_H

#include <stdbool.h>
#include <stddef.h>

/* link P(Y <= k) = threshold_k - eta */
typedef enum { ORDINAL_LOGIT, ORDINAL_PROBIT, ORDINAL_CLOGLOG } OrdinalLink;

/* "logit", "probit", "cloglog". False for anything else. */
bool ordinal_link_parse(OrdinalLink *out, const char *name);
const char *ordinal_link_name(OrdinalLink link);
/* The threshold below which a share p lies where eta is 0. */
double ordinal_link_inverse(OrdinalLink link, double p);

/* Distribution function and its two derivatives; both tails, so that differences keep their digits. */
typedef struct { double below, above, d1, d2; } LinkAt;
LinkAt ordinal_link_at(OrdinalLink link, double z);
/* P(lower < error <= upper), from whichever tail is the smaller. */
double ordinal_between(const LinkAt *lower, const LinkAt *upper);

/* Probability of each of K levels: pr[K]. upper[k] and lower[k] (NULL: not wanted): its derivative by the threshold above and below it, by
 * eta it is minus their sum. threshold[K-1] ascend. NaN for a predictor that is none. */
void ordinal_probabilities(double *pr, double *upper, double *lower, OrdinalLink link, const double *threshold, size_t K, double eta);

#endif
