/* cli/stat_text.h: the result of an analysis as a table for people. */
#ifndef REOX_CLI_STAT_TEXT_H
#define REOX_CLI_STAT_TEXT_H

#include "core/json.h"
#include "core/str.h"

/* Appends the result in lines of text: what was done, how many rows, the diagnosis, coefficients, tests and small tables. */
void stat_text(Str *out, const Json *result);

#endif
