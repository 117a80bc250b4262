/* stats/options.h: rows of option tables, found by key and held against a value; the getters stand in stats/method.h. */
#ifndef REOX_STATS_OPTIONS_H
#define REOX_STATS_OPTIONS_H

#include "stats/method.h"

/* The row of `table` (ends with name NULL; may be NULL) with this key, '_' for '-'; NULL when there is none. */
const MethodOption *option_find(const MethodOption *table, const char *key);

/* What is wrong with a value, as "expected …"; NULL when it fits. */
const char *option_misfit(const MethodOption *o, const Json *value);

#endif
