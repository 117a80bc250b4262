/* stats/fisher_rxc.h: Fisher's exact test of r x c tables. */
#ifndef REOX_STATS_FISHER_RXC_H
#define REOX_STATS_FISHER_RXC_H

#include <stddef.h>
#include <stdint.h>

#include "core/err.h"

/* p of an r x c table of whole numbers (column-major): probability, given the margins, of tables at most as likely (by one part in
 * 1e7). All tables are counted where the work allows it: the columns in two halves that meet in every vector of row sums, so that
 * neither half is gone through for each of the other. Else by random tables, with the standard error of that; se is 0 for an
 * exact p. Freeman & Halton 1951. */
Rc fisher_rxc(double *p, double *se, const double *count, size_t r, size_t c, uint64_t seed, Err *e);

#endif
