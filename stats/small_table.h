/* stats/small_table.h: what methods on four cells share. */
#ifndef REOX_STATS_SMALL_TABLE_H
#define REOX_STATS_SMALL_TABLE_H

#include "stats/method.h"

/* The four numbers of --table; `what` names them in the message. */
Rc table_cells(double cell[4], const StatCall *call, const char *what, Arena *a, Err *e);

/* est, clopper_pearson, wilson, wilson_cc of k/n. */
void write_proportion(Json *o, double k, double n, double conf);

#endif
