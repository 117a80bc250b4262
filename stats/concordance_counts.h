/* stats/concordance_counts.h: concordance where every row counts once; for concordance.c. */
#ifndef REOX_STATS_CONCORDANCE_COUNTS_H
#define REOX_STATS_CONCORDANCE_COUNTS_H

#include "stats/concordance.h"

/* Whether pairs are whole numbers: no weights of rows or pairs, and every start before its stop. */
bool concordance_countable(const ConcordanceData *d);

/* Fills `out`, whose influence has room or is NULL; O(n log n) in passes along memory. ERR_NOMEM. */
Rc concordance_by_counting(Concordance *out, const ConcordanceData *d, const int *cluster, Err *e);

/* Sum over the n rows, or over clusters of them, of u v; u[i] and v[i] are of row at[i] (NULL: i). cluster may be NULL. ERR_NOMEM. */
Rc concordance_products(double *cov, const double *u, const double *v, const size_t *at, size_t n, const int *cluster, Err *e);

#endif
