/* stats/cox_walk.c: sums over the risk set stay in registers from block to block. */
#include "stats/cox_walk.h"

#include "stats/rows.h"

enum { MOST_VECTORS = 4 };

#define KERNEL_FILE "stats/cox_walk_kernel.inc"
#include "core/widths.inc"

void cox_walk(const CoxWalk *w)
{
    CALL(walk, w);
}
