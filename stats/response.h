/* stats/response.h: what a column left of ~ must be for a method. */
#ifndef REOX_STATS_RESPONSE_H
#define REOX_STATS_RESPONSE_H

#include "stats/design.h"

/* The response as 0/1 in d->arena: 0 and 1 as they are, of two other numbers the higher is the event (diagnosed as event_coding), of
 * two text levels the second. Adds nothing to `out` otherwise. ERR_INPUT for a third value, ERR_ESTIMATE (one_class) when all
 * rows agree. */
Rc response_binary(double **y, Design *d, Json *out, Err *e);

/* Two groups from the one term right of ~ and the numbers left of it. ERR_ESTIMATE (one_group) or ERR_USAGE for another number. */
Rc response_two_groups(int **group, char ***label, Design *d, Json *out, const StatCall *call, Err *e);

/* Puts the rows of a design in canonical order (design_canonical_order), so that everything computed from it has the same
 * bits however the file was shuffled. For methods whose answer has no rows. */
Rc design_sort_rows(Design *d, Err *e);

/* Line in the user's file of a row of the design. */
size_t design_row_line(const Design *d, size_t i);

#endif
